/// Quantiles of non-negative integers by logarithmic buckets: 64 to a power of two, exact below 128
/// (the bucket scheme of HdrHistogram; the guarantee of DDSketch).
///
/// Guarantees: a quantile is the nearest-rank one within ``relativeError``; the maximum is exact; integer state only,
/// so the order of additions does not matter.
/// Cost: 1 ns to add; 18 KB.
@safe struct LogHistogram: ~Copyable {
  /// Half a bucket, 1/128, rounded up.
  static let relativeError = 0.01
  /// Larger values count as this one (35 years in milliseconds).
  static let valueMax: Int64 = (1 << 40) - 1
  private static let bucketCount = 128 + 34 * 64

  private let counts: UnsafeMutablePointer<Int64>
  private(set) var total: Int64 = 0
  private(set) var maximum: Int64 = 0

  init(in memory: inout ReportMemory) { unsafe counts = unsafe memory.take(Int64.self, count: Self.bucketCount) }

  @inline(__always)
  private static func bucket(of v: Int64) -> Int {
    // no branch: which it is cannot be foretold
    let shift = max(57 &- (v | 1).leadingZeroBitCount, 0)
    return shift &* 64 &+ Int(truncatingIfNeeded: v &>> Int64(truncatingIfNeeded: shift))
  }
  /// The middle of a bucket.
  private static func value(ofBucket b: Int) -> Int64 {
    if b < 128 { return Int64(b) }
    let shift = (b - 64) / 64
    let mantissa = Int64(64 + (b - 64) % 64)
    return mantissa << Int64(shift) + ((Int64(1) << Int64(shift)) - 1) / 2
  }

  @inline(__always)
  mutating func add(_ value: Int64) {
    let v = min(max(value, 0), Self.valueMax)
    count(v)
    finish(count: 1, maximum: v)
  }
  /// Counts one of several values of 0 to ``valueMax``; ``finish(count:maximum:)`` follows.
  @inline(__always)
  func count(_ value: Int64) { unsafe counts[Self.bucket(of: value)] &+= 1 }
  @inline(__always)
  mutating func finish(count: Int, maximum: Int64) {
    total &+= Int64(truncatingIfNeeded: count)
    self.maximum = max(self.maximum, maximum)
  }

  /// The value at rank ⌈permille · n / 1000⌉; 0 of nothing.
  func quantile(permille: Int64) -> Int64 {
    let rank = max((total * permille + 999) / 1000, 1)
    var seen: Int64 = 0
    for b in 0..<Self.bucketCount where unsafe counts[b] != 0 {
      unsafe seen += counts[b]
      if seen >= rank { return min(Self.value(ofBucket: b), maximum) }
    }
    return 0
  }

  /// How many values lie in a range of values below 128, where buckets are exact.
  func exactCount(_ range: ClosedRange<Int>) -> Int64 {
    precondition(range.lowerBound >= 0 && range.upperBound < 128, "buckets are exact below 128 only")
    return range.reduce(0) { unsafe $0 + counts[$1] }
  }

  func write(into w: inout StateWriter) {
    w.signed(maximum)
    unsafe w.sparse(counts, Self.bucketCount)
  }
  mutating func read(from r: inout StateReader) throws {
    maximum = try r.signed()
    try unsafe r.sparse(into: counts, Self.bucketCount)
    total = 0
    for b in 0..<Self.bucketCount { unsafe total &+= counts[b] }
  }
}
