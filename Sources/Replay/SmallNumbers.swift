import FlatMemory

/// The numbers below 256 as a row of text has them: with a comma behind.
///
/// Cost: a load and a store a number, no branch: how many digits the counts of a session have cannot be foretold.
@safe struct SmallNumbers: @unchecked Sendable {
  static let limit: UInt32 = 256
  /// Text in the lower bytes, its length in the highest. Kept as long as the process.
  private let texts: UnsafePointer<UInt64>

  private static let shared = SmallNumbers(makingTexts: ())

  init() { self = SmallNumbers.shared }
  private init(makingTexts: ()) {
    let made = UnsafeMutablePointer<UInt64>.allocate(capacity: Int(SmallNumbers.limit))
    var line = OutputBuffer(capacity: 32)
    defer { line.deallocate() }
    for n in 0..<Int(SmallNumbers.limit) {
      line.count = 0
      line.integer(Int64(n))
      line.byte(44)
      unsafe (made + n).initialize(to: load8(line.base) & byteMask(line.count) | UInt64(line.count) << 56)
    }
    unsafe texts = UnsafePointer(made)
  }

  /// Appends a number below ``limit`` and a comma. Reserve 8 bytes first.
  @inline(__always)
  func append(_ n: UInt32, to b: inout OutputBuffer) {
    let text = unsafe texts[Int(n)]
    unsafe UnsafeMutableRawPointer(b.base + b.count).storeBytes(of: text, as: UInt64.self)
    b.count &+= Int(truncatingIfNeeded: text &>> 56)
  }
}
