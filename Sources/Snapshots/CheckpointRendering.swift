import Foundation

/// The plain text of inspection results, ready to print: `thalweg state list|show|verify|export`.
///
/// Guarantees: ends with a line break; no colour, no clock, no locale.
extension CheckpointInspector {
  /// One line a checkpoint, oldest first.
  public static func renderList(_ entries: [Entry]) -> String {
    if entries.isEmpty { return "no checkpoints\n" }
    var rows = [["id", "kind", "created", "state", "stored", "file", "sections", "builds on"]]
    var damaged: [String] = []
    for entry in entries {
      guard let info = entry.info else {
        rows.append([String(entry.id), "damaged"])
        damaged.append(entry.error?.description ?? entry.path)
        continue
      }
      rows.append([
        String(info.id), info.kind.description, renderTime(info.createdMilliseconds),
        renderByteCount(info.rawByteCount), renderByteCount(info.storedRawByteCount), renderByteCount(info.byteCount),
        String(info.sectionCount), info.baseID.map { String($0) } ?? "-",
      ])
    }
    var text = renderTable(rows, rightAligned: [0, 3, 4, 5, 6, 7])
    for line in damaged { text += "damaged: \(line)\n" }
    return text
  }

  /// All that is known of one checkpoint.
  public static func render(_ details: Details) -> String {
    let info = details.info
    var facts = [
      ["checkpoint", String(info.id)],
      ["kind", info.kind == .full ? "full" : "delta \(info.chainLength) on checkpoint \(info.baseID ?? 0)"],
      ["file", info.path],
      ["created", renderTime(info.createdMilliseconds)],
      ["file size", renderByteCount(info.byteCount)],
      ["state", renderByteCount(info.rawByteCount)],
      ["stored here", renderByteCount(info.storedRawByteCount) + " before compression"],
      ["block size", renderByteCount(details.blockByteCount)],
      ["checksum", renderHexadecimal(details.checksum) + " (XXH64)"],
      ["chain", details.chain.map { String($0) }.joined(separator: " on ")],
    ]
    if let error = details.chainError { facts.append(["chain broken", error.description]) }
    var text = renderTable(facts, rightAligned: [])
    text += "metadata\n" + renderMetadata(details.metadata)
    text += "sections\n"
    var rows = [["name", "state", "stored", "compressed"]]
    for section in details.sections {
      rows.append([
        section.name, renderByteCount(section.rawByteCount), renderByteCount(section.storedRawByteCount),
        renderByteCount(section.storedByteCount),
      ])
    }
    for line in renderTable(rows, rightAligned: [1, 2, 3]).split(separator: "\n") { text += "  \(line)\n" }
    return text
  }

  /// One line a file, and a summary.
  public static func render(_ results: [VerificationResult]) -> String {
    var text = ""
    for result in results {
      if let error = result.error {
        // the sentence begins with a path; say which checkpoint it is about if that is another's
        text += "checkpoint \(result.id): NOT USABLE: \(error)\n"
      } else {
        text += "checkpoint \(result.id): good\n"
      }
    }
    let bad = results.filter { !$0.isUsable }.count
    text += bad == 0 ? "all \(results.count) are good\n" : "\(bad) of \(results.count) are not usable\n"
    if let newest = results.last(where: { $0.isUsable }) {
      text += "the newest usable one is checkpoint \(newest.id)\n"
    }
    return text
  }

  /// What an export wrote.
  public static func render(_ export: CheckpointExport) -> String {
    var text = ""
    for file in export.files { text += file + "\n" }
    return text + "checkpoint \(export.id): \(export.files.count) files, \(renderByteCount(export.byteCount))\n"
  }

  // MARK: - Pieces

  static func renderTime(_ milliseconds: Int64?) -> String {
    // years 1 to 9999
    guard let milliseconds, (-62_135_596_800_000...253_402_300_799_999).contains(milliseconds) else { return "-" }
    let part = (milliseconds % 1000 + 1000) % 1000
    let second = Date(timeIntervalSince1970: Double((milliseconds - part) / 1000))
    let digits = String(part)
    // formatted to the second, since a double does not hold every millisecond
    let text = second.formatted(.iso8601.year().month().day().time(includingFractionalSeconds: false))
    return text + "." + String(repeating: "0", count: 3 - digits.count) + digits + "Z"
  }

  static func renderByteCount(_ count: Int) -> String {
    if count < 1000 { return "\(count) B" }
    var value = Double(count)
    for unit in ["kB", "MB", "GB", "TB"] {
      value /= 1000
      if value < 999.95 || unit == "TB" { return "\((value * 10).rounded() / 10) \(unit)" }
    }
    return "\(count) B"
  }

  static func renderHexadecimal(_ value: UInt64) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }

  /// JSON is laid out over lines with sorted keys; anything else is only described.
  private static func renderMetadata(_ bytes: [UInt8]) -> String {
    if bytes.isEmpty { return "  none\n" }
    guard let value = try? JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed),
      let pretty = try? JSONSerialization.data(
        withJSONObject: value, options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes, .fragmentsAllowed])
    else { return "  \(bytes.count) bytes that are not JSON\n" }
    return String(decoding: pretty, as: UTF8.self).split(separator: "\n").map { "  \($0)\n" }.joined()
  }

  private static func renderTable(_ rows: [[String]], rightAligned: Set<Int>) -> String {
    var widths: [Int] = []
    for row in rows {
      for (column, cell) in row.enumerated() {
        if column == widths.count { widths.append(0) }
        widths[column] = max(widths[column], cell.count)
      }
    }
    var text = ""
    for row in rows {
      var line = ""
      for (column, cell) in row.enumerated() {
        let padding = String(repeating: " ", count: widths[column] - cell.count)
        line += rightAligned.contains(column) ? padding + cell : cell + padding
        line += "  "
      }
      while line.hasSuffix(" ") { line.removeLast() }
      text += line + "\n"
    }
    return text
  }
}
