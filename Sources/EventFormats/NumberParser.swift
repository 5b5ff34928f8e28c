/// Decimal numbers in text to doubles, as the `value` field needs them.
///
/// Guarantees: the nearest double for up to 15 digits and any JSON number; 0 for what is no finite number.
/// Cost: a few ns for plain decimals (Clinger's exact case: integer below 2^53 over a power of ten up to 10^22).
enum NumberParser {
  private static let powers: [Double] = [
    1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
  ]

  static func double(_ p: UnsafePointer<UInt8>, _ n: Int) -> Double {
    var i = 0
    let negative = unsafe n > 0 && p[0] == 45
    if negative { i = 1 }
    var mantissa: Int64 = 0
    var digits = 0
    var decimals = -1
    while i < n, digits <= 15 {
      let d = unsafe p[i] &- 48
      if d <= 9 {
        mantissa = mantissa &* 10 &+ Int64(d)
        digits &+= 1
        if decimals >= 0 { decimals &+= 1 }
      } else if unsafe p[i] == 46, decimals < 0 {
        decimals = 0
      } else {
        break
      }
      i &+= 1
    }
    if i == n, digits > 0, digits <= 15 {
      let v = Double(mantissa) / powers[max(decimals, 0)]
      return negative ? -v : v
    }
    return unsafe inFull(p, n)
  }

  @inline(never)
  private static func inFull(_ p: UnsafePointer<UInt8>, _ n: Int) -> Double {
    let text = unsafe String(decoding: UnsafeBufferPointer(start: p, count: min(n, 400)), as: UTF8.self)
    guard let v = Double(text), v.isFinite else { return 0 }
    return v
  }
}
