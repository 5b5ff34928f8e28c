public import FlatMemory

/// Blocks of raw log text to events, by a ``DecodingPlan``.
///
/// Guarantees: every line gives one event, or one rejection, or is blank (a repeated CSV header is skipped too); lines
/// are taken in order; the raw bytes are never modified; what a line gives does not depend on the lines around it nor
/// on where blocks were cut. Keeps what it learned about the input between blocks. One decoder serves one thread at a
/// time. Cost: see the decoders; one dynamic call per block.
public final class LogDecoder: @unchecked Sendable {
  private enum Kind {
    case json(JSONLinesDecoder)
    case delimited(DelimitedDecoder)
    case accessLog(AccessLogDecoder)
  }
  private let kind: Kind
  public let plan: DecodingPlan

  public convenience init(plan: DecodingPlan) { self.init(plan: plan, learns: true) }

  /// To compare with: `learns` false reads every line by the general way, `isPortable` true takes no advantage of the
  /// machine it runs on.
  init(plan: DecodingPlan, learns: Bool, isPortable: Bool = false) {
    self.plan = plan
    switch plan.format {
    case .ndjson: kind = .json(JSONLinesDecoder(plan: plan, learns: learns, isPortable: isPortable))
    case .csv, .tsv: kind = .delimited(DelimitedDecoder(plan: plan))
    case .combined, .common: kind = .accessLog(AccessLogDecoder(plan: plan))
    }
  }

  /// Decodes the records in `bytes[start..<end]`: the first byte starts a record, the last one is a newline.
  ///
  /// A last line without a newline is a piece of one too long for the reader: it is rejected as `line-too-long`.
  /// `bytePadding` readable bytes follow `end`. Text that does not stand in the line as such (without its escapes; the
  /// user of a Combined log) is written from `bytes[spareStart]` on: at most `end - start` bytes, behind which
  /// `bytePadding` more may be overwritten. `spareStart` is at least `end + bytePadding`.
  public func decode(
    _ bytes: UnsafeMutablePointer<UInt8>, start: Int, end: Int, spareStart: Int, events: inout FlatArray<LogEvent>,
    rejected: inout FlatArray<RejectedLine>
  ) {
    guard start < end else { return }
    assert(spareStart >= end, "the spare space begins behind the text")
    guard unsafe bytes[end - 1] == 10 else {
      return unsafe decodePiece(
        bytes, start: start, end: end, spareStart: spareStart, events: &events, rejected: &rejected)
    }
    switch kind {
    case .json(let decoder):
      unsafe decoder.decode(bytes, start: start, end: end, spareStart: spareStart, events: &events, rejected: &rejected)
    case .delimited(let decoder):
      unsafe decoder.decode(bytes, start: start, end: end, spareStart: spareStart, events: &events, rejected: &rejected)
    case .accessLog(let decoder):
      unsafe decoder.decode(bytes, start: start, end: end, spareStart: spareStart, events: &events, rejected: &rejected)
    }
  }

  /// The decoders run to a newline unchecked: none sees the piece of a line that has none.
  @inline(never)
  private func decodePiece(
    _ bytes: UnsafeMutablePointer<UInt8>, start: Int, end: Int, spareStart: Int, events: inout FlatArray<LogEvent>,
    rejected: inout FlatArray<RejectedLine>
  ) {
    var whole = end
    while whole > start, unsafe bytes[whole - 1] != 10 { whole -= 1 }
    unsafe decode(bytes, start: start, end: whole, spareStart: spareStart, events: &events, rejected: &rejected)
    rejected.append(
      RejectedLine(offset: whole, length: end - whole, column: plan.lineByteCountMax, reason: .lineTooLong))
  }
}
