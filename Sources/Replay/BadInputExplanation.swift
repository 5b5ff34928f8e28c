import EventFormats
import Foundation

/// The message for an input with too many malformed lines: how many, three examples with a caret, the likely fix.
func explainBadInput(
  _ examples: [BadLineCheck.Example], bad: Int, read: Int, percentMax: Double, sources: [LogFileSource]
) -> String {
  let share = Double(bad) * 100 / Double(max(read, 1))
  var text =
    "\(bad) of \(read) lines (\(short(share))%) could not be read; the limit is \(short(percentMax))% (--max-bad)\n"
  var bySource: [Int: [BadInputReport.Example]] = [:]
  for e in examples {
    bySource[e.source, default: []].append(
      BadInputReport.Example(
        offset: e.offset, bytes: e.raw,
        rejected: RejectedLine(
          offset: 0, length: e.raw.count, column: e.column,
          reason: RejectionReason(rawValue: e.reason) ?? .malformedJSON)))
  }
  for (source, list) in bySource.sorted(by: { $0.key < $1.key }) {
    text += BadInputReport(plan: sources[source].plan, source: sources[source].name, examples: list).text()
  }
  return text.trimmingCharacters(in: .newlines)
}

private func short(_ percent: Double) -> String {
  percent == percent.rounded() ? "\(Int(percent))" : String(format: "%.1f", percent)
}
