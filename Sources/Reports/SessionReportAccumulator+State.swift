public import FlatMemory

/// The accumulator's state as bytes, for checkpoints.
///
/// Format: little-endian. "TWRP", a version byte, then the parts in the order of ``SessionReportAccumulator``'s fields:
/// counters, histograms and registers with zeros run-length coded, tables item by item in table order. Caches are no
/// part of it. 10 KB for a small log, 1–2 MB for a large one.
extension SessionReportAccumulator {
  private static let magic: [UInt8] = Array("TWRP".utf8)
  private static let version: UInt8 = 2

  /// Appends the exact state.
  public func write(into bytes: inout [UInt8]) {
    var buffer = OutputBuffer()
    write(into: &buffer)
    unsafe bytes.append(contentsOf: UnsafeBufferPointer(start: buffer.base, count: buffer.count))
    buffer.deallocate()
  }
  /// Appends the exact state.
  public func write(into buffer: inout OutputBuffer) {
    var w = StateWriter(appendingTo: buffer)
    for b in Self.magic + [Self.version] { w.unsigned(UInt64(b)) }
    counters.write(into: &w)
    durations.write(into: &w)
    viewsPerSession.write(into: &w)
    delays.write(into: &w)
    users.write(into: &w)
    timeline.write(into: &w)
    pages.write(into: &w)
    referrers.write(into: &w)
    campaigns.write(into: &w)
    flow.write(into: &w)
    buffer = w.buffer
  }

  /// Continues from what ``write(into:)`` stored. Throws ``ReportStateError`` when the bytes are damaged, cut short,
  /// too long, or of another version.
  public init(restoring bytes: UnsafeRawBufferPointer, options: ReportOptions = ReportOptions()) throws {
    self.init(options: options)
    try unsafe restore(from: bytes)
  }

  /// Continues from what ``write(into:)`` stored.
  public init(restoring bytes: [UInt8], options: ReportOptions = ReportOptions()) throws {
    self.init(options: options)
    try unsafe bytes.withUnsafeBytes { try unsafe restore(from: $0) }
  }

  private mutating func restore(from bytes: UnsafeRawBufferPointer) throws {
    var r = unsafe StateReader(bytes)
    for b in Self.magic {
      guard try r.unsigned() == UInt64(b) else { throw r.failure("this is no report state") }
    }
    let version = try r.unsigned()
    guard version == UInt64(Self.version) else {
      throw r.failure("report state of version \(version), where this program reads version \(Self.version)")
    }
    try readState(from: &r)
    guard r.remaining == 0 else { throw r.failure("\(r.remaining) bytes too many") }
  }
}
