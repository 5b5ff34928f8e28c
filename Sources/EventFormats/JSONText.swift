import CKernels
import FlatMemory

/// The grammar of JSON (RFC 8259) over a line that ends with a newline.
///
/// Guarantees: every function stops at a control byte at the latest, so the newline is the only bound needed; what is
/// accepted is exactly the grammar (nesting at most ``depthMax`` deep). An error is returned as `~position`, negative.
/// Cost: strings 16 bytes a step, numbers of up to 8 digits in one step.
enum JSONText {
  /// Deepest nesting of arrays and objects; deeper lines are rejected.
  static let depthMax = 1024

  @inline(__always)
  static func skipSpace(_ b: UnsafePointer<UInt8>, _ from: Int) -> Int {
    var p = from
    while b[p] == 32 || b[p] == 9 || b[p] == 13 { p &+= 1 }
    return p
  }

  /// From just after an opening quote to the closing one; escapes are checked and reported.
  static func stringEnd(_ b: UnsafePointer<UInt8>, _ from: Int, escaped: inout Bool) -> Int {
    var p = from
    while true {
      let m = tw_stop16(b + p)
      if m == 0 {
        p &+= 16
        continue
      }
      p &+= m.trailingZeroBitCount
      if b[p] == 34 { return p }
      if b[p] != 92 { return ~p }
      escaped = true
      switch b[p &+ 1] {
      case 34, 92, 47, 98, 102, 110, 114, 116: p &+= 2
      case 117:
        if hexadecimal4(b, p &+ 2) < 0 { return ~p }
        p &+= 6
      default: return ~p
      }
    }
  }

  /// Four hexadecimal digits, or -1.
  static func hexadecimal4(_ b: UnsafePointer<UInt8>, _ p: Int) -> Int {
    var v = 0
    for i in p..<p + 4 {
      let c = b[i]
      switch c {
      case 48...57: v = v << 4 | Int(c - 48)
      case 65...70: v = v << 4 | Int(c - 55)
      case 97...102: v = v << 4 | Int(c - 87)
      default: return -1
      }
    }
    return v
  }

  /// From the first byte of a number, `true`, `false` or `null` to just after it. What follows is the caller's to
  /// check.
  @inline(__always)
  static func bareEnd(_ b: UnsafePointer<UInt8>, _ p: Int) -> Int {
    // up to seven digits without a leading zero, by the first byte that is no digit
    let w = load8(b + p)
    let d = w ^ 0x3030_3030_3030_3030
    let notDigit = ((d &+ 0x0606_0606_0606_0606) | d) & 0xf0f0_f0f0_f0f0_f0f0
    let n = notDigit.trailingZeroBitCount &>> 3
    if n > 0, n < 8, d & 0xff != 0 || n == 1 {
      let c = b[p &+ n]
      if c == 44 || c == 125 { return p &+ n }
    }
    // null, true, false
    let word = UInt32(truncatingIfNeeded: w)
    if word == 0x6c6c_756e || word == 0x6575_7274 { return p &+ 4 }
    if w & 0xff_ffff_ffff == 0x65_736c_6166 { return p &+ 5 }
    return bareEndInFull(b, p)
  }

  @inline(never)
  static func bareEndInFull(_ b: UnsafePointer<UInt8>, _ from: Int) -> Int {
    switch load4(b + from) {
    case 0x6c6c_756e, 0x6575_7274: return from &+ 4  // null, true
    case 0x736c_6166: return b[from &+ 4] == 101 ? from &+ 5 : ~from  // fals e
    default: break
    }
    var p = from
    if b[p] == 45 { p &+= 1 }
    if b[p] == 48 {
      p &+= 1
    } else {
      let digits = p
      while b[p] &- 48 <= 9 { p &+= 1 }
      if p == digits { return ~p }
    }
    if b[p] == 46 {
      p &+= 1
      let digits = p
      while b[p] &- 48 <= 9 { p &+= 1 }
      if p == digits { return ~p }
    }
    if b[p] | 0x20 == 101 {
      p &+= 1
      if b[p] == 43 || b[p] == 45 { p &+= 1 }
      let digits = p
      while b[p] &- 48 <= 9 { p &+= 1 }
      if p == digits { return ~p }
    }
    return p
  }

  @inline(__always)
  static func isNull(_ b: UnsafePointer<UInt8>, _ p: Int, _ end: Int) -> Bool {
    end &- p == 4 && load4(b + p) == 0x6c6c_756e
  }

  /// From `{` or `[` to just after its partner, everything between checked.
  @inline(never)
  static func nestedEnd(_ b: UnsafePointer<UInt8>, _ from: Int) -> Int {
    withUnsafeTemporaryAllocation(of: Bool.self, capacity: depthMax + 1) { isObject in
      var depth = 0
      var p = from
      var escaped = false
      while true {
        // at the first byte of a value
        switch b[p] {
        case 123, 91:
          if depth == depthMax { return ~p }
          isObject[depth] = b[p] == 123
          depth &+= 1
          p = skipSpace(b, p &+ 1)
          if b[p] == (isObject[depth &- 1] ? 125 : 93) {
            depth &-= 1
            p &+= 1
          } else {
            if isObject[depth &- 1] {
              p = memberValue(b, p)
              if p < 0 { return p }
            }
            continue
          }
        case 34:
          p = stringEnd(b, p &+ 1, escaped: &escaped)
          if p < 0 { return p }
          p &+= 1
        default:
          p = bareEnd(b, p)
          if p < 0 { return p }
        }
        // just after a value
        while true {
          if depth == 0 { return p }
          p = skipSpace(b, p)
          if b[p] == 44 {
            p = skipSpace(b, p &+ 1)
            if isObject[depth &- 1] {
              p = memberValue(b, p)
              if p < 0 { return p }
            }
            break
          }
          guard b[p] == (isObject[depth &- 1] ? 125 : 93) else { return ~p }
          depth &-= 1
          p &+= 1
        }
      }
    }
  }

  /// From the quote of a key to the first byte of its value.
  private static func memberValue(_ b: UnsafePointer<UInt8>, _ from: Int) -> Int {
    guard b[from] == 34 else { return ~from }
    var escaped = false
    var p = stringEnd(b, from &+ 1, escaped: &escaped)
    if p < 0 { return p }
    p = skipSpace(b, p &+ 1)
    guard b[p] == 58 else { return ~p }
    return skipSpace(b, p &+ 1)
  }

  /// Writes a checked string without its escapes; returns the bytes written, never more than `n`. A surrogate without
  /// its partner becomes U+FFFD.
  @inline(never)
  static func unescape(_ s: UnsafePointer<UInt8>, _ n: Int, to d: UnsafeMutablePointer<UInt8>) -> Int {
    var r = 0
    var w = 0
    while r < n {
      guard s[r] == 92 else {
        d[w] = s[r]
        r &+= 1
        w &+= 1
        continue
      }
      let c = s[r &+ 1]
      r &+= 2
      switch c {
      case 98: d[w] = 8
      case 102: d[w] = 12
      case 110: d[w] = 10
      case 114: d[w] = 13
      case 116: d[w] = 9
      case 117:
        var code = hexadecimal4(s, r)
        r &+= 4
        if code & 0xfc00 == 0xd800, r &+ 6 <= n, s[r] == 92, s[r &+ 1] == 117 {
          let low = hexadecimal4(s, r &+ 2)
          if low & 0xfc00 == 0xdc00 {
            code = 0x10000 + (code & 0x3ff) << 10 + low & 0x3ff
            r &+= 6
          }
        }
        if code & 0x1f_f800 == 0xd800 { code = 0xfffd }
        w &+= encode(code, d + w)
        continue
      default: d[w] = c
      }
      w &+= 1
    }
    return w
  }

  /// One scalar as UTF-8; returns its length.
  private static func encode(_ code: Int, _ d: UnsafeMutablePointer<UInt8>) -> Int {
    switch code {
    case ..<0x80:
      d[0] = UInt8(code)
      return 1
    case ..<0x800:
      d[0] = UInt8(0xc0 | code >> 6)
      d[1] = UInt8(0x80 | code & 63)
      return 2
    case ..<0x10000:
      d[0] = UInt8(0xe0 | code >> 12)
      d[1] = UInt8(0x80 | code >> 6 & 63)
      d[2] = UInt8(0x80 | code & 63)
      return 3
    default:
      d[0] = UInt8(0xf0 | code >> 18)
      d[1] = UInt8(0x80 | code >> 12 & 63)
      d[2] = UInt8(0x80 | code >> 6 & 63)
      d[3] = UInt8(0x80 | code & 63)
      return 4
    }
  }
}
