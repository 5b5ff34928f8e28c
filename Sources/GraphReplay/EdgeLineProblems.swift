import FlatMemory
import Foundation
import PropertyGraph
import Replay
import StreamCore

/// Malformed lines of edge lists as dead letters and as messages.
enum EdgeLineProblems {
  private static let reasons = MalformedLineReason.allCases

  /// The name of a reason's code.
  static func name(_ code: UInt8) -> String {
    Int(code) < reasons.count ? reasons[Int(code)].rawValue : "unknown"
  }

  static func write(
    _ line: RejectedEdgeLine, _ bytes: UnsafePointer<UInt8>, _ batch: Batch, to buffer: PartitionBuffer<DeadLetter>
  ) {
    buffer.arena.reserve(line.byteCount + 16)
    let raw = ByteSpan(offset: buffer.arena.count, length: line.byteCount)
    unsafe buffer.arena.bytes(bytes + line.offset, line.byteCount)
    buffer.append(
      DeadLetter(
        maximum: line.maximumBefore, offset: batch.sourceOffset + UInt64(line.offset - batch.start),
        source: Int32(batch.source), reason: UInt8(reasons.firstIndex(of: line.reason) ?? 255),
        column: UInt32(clamping: line.place.lowerBound), raw: raw))
  }

  /// How many of what was read is malformed, with three examples.
  static func explain(
    _ examples: [BadLineCheck.Example], bad: Int, read: Int, percentMax: Double?, _ sources: [EdgeFileSource]
  ) -> String {
    var text = head(bad: bad, read: read, percentMax: percentMax)
    for example in examples {
      let reason = Int(example.reason) < reasons.count ? reasons[Int(example.reason)] : .missingSource
      text += describe(
        sources[example.source].name, example.offset, reason, example.column..<example.raw.count, example.raw)
    }
    return text
  }

  private static func head(bad: Int, read: Int, percentMax: Double?) -> String {
    let share = Double(bad) * 100 / Double(max(read, 1))
    return "\(bad) of \(read) lines (\(short(share))%) could not be read; the limit is \(short(percentMax ?? 50))% "
      + "(--max-bad). A line is written as: source target [weight] time"
  }

  private static func describe(
    _ name: String, _ offset: UInt64, _ reason: MalformedLineReason, _ place: Range<Int>, _ raw: [UInt8]
  ) -> String {
    let line = MalformedLine(lineNumber: 0, offset: offset, reason: reason, place: place, bytes: raw)
    return "\n\(name), byte \(offset): \(line.explanation)\n\(line.excerpt())"
  }

  private static func short(_ percent: Double) -> String {
    percent == percent.rounded() ? "\(Int(percent))" : String(format: "%.1f", percent)
  }

  /// Looks at the first 1,000 lines of each input before anything is created. Throws ``Replay/BadInputError`` when too
  /// many of them are malformed.
  static func checkHeads(_ sources: [EdgeFileSource], maxBadPercent: Double?) throws {
    for source in sources {
      var edges = FlatArray<TimedEdge>(capacity: 1024)
      defer { edges.deallocate() }
      var head = source.firstLines(1000)
      var rejected: [RejectedEdgeLine] = []
      let count = head.count
      head.append(contentsOf: [UInt8](repeating: 0, count: bytePadding))
      let raw = head
      unsafe head.withUnsafeMutableBufferPointer { buffer in
        var parser = TimedEdgeParser(plan: source.plan)
        unsafe parser.parse(
          buffer.baseAddress.unsafelyUnwrapped, start: 0, end: count, sourceOffset: 0, edges: &edges,
          reject: { rejected.append($0) })
      }
      let read = rejected.count + edges.count
      guard !rejected.isEmpty, Double(rejected.count) * 100 > (maxBadPercent ?? 50) * Double(read) else { continue }
      // a limit given by the user holds for the whole input, which may be better than its first lines
      if maxBadPercent != nil, read >= 1000 { continue }
      var text = self.head(bad: rejected.count, read: read, percentMax: maxBadPercent)
      for line in rejected.prefix(3) {
        let bytes = Array(raw[line.offset..<line.offset + line.byteCount])
        text += describe(source.name, UInt64(line.offset), line.reason, line.place, bytes)
      }
      throw BadInputError(description: text)
    }
  }
}
