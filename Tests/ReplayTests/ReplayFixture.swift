import Foundation
import Replay
import Reports

/// A scratch folder that goes with the test.
final class ScratchFolder {
  let path: String
  init() {
    path = NSTemporaryDirectory() + "thalweg-replay-\(UUID().uuidString)"
    try! FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }
  deinit { try? FileManager.default.removeItem(atPath: path) }
  func file(_ name: String) -> String { path + "/" + name }
  func write(_ text: String, _ name: String) -> String {
    write([UInt8](text.utf8), file(name))
    return file(name)
  }
  func write(_ bytes: [UInt8], _ path: String) { _ = FileManager.default.createFile(atPath: path, contents: Data(bytes)) }
  func read(_ name: String) -> [UInt8] { [UInt8](FileManager.default.contents(atPath: file(name)) ?? Data()) }
  var names: [String] { (try? FileManager.default.contentsOfDirectory(atPath: path))?.sorted() ?? [] }
}

/// Rows of a sessions CSV (the test's texts hold no quotes).
func readSessions(_ folder: ScratchFolder, _ name: String) -> [[String: String]] {
  let lines = String(decoding: folder.read(name), as: UTF8.self).split(separator: "\n").map(String.init)
  guard let head = lines.first else { return [] }
  let columns = head.split(separator: ",").map(String.init)
  return lines.dropFirst().map { line in
    let cells = line.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    return Dictionary(uniqueKeysWithValues: zip(columns, cells))
  }
}

func milliseconds(_ text: String) -> Int64 {
  let f = ISO8601DateFormatter()
  f.formatOptions = [.withInternetDateTime, .withFractionalSeconds]
  return Int64((f.date(from: text)!.timeIntervalSince1970 * 1000).rounded())
}

func plain(_ rows: [[String: String]]) -> [PlainSession] {
  rows.map { r in
    PlainSession(
      user: r["user"]!, start: milliseconds(r["start"]!), end: milliseconds(r["end"]!), events: Int(r["events"]!)!,
      views: Int(r["views"]!)!, items: Int(r["items"]!)!, entry: r["entry"]!, exit: r["exit"]!,
      value: Double(r["value"]!)!)
  }.sorted { ($0.user, $0.start) < ($1.user, $1.start) }
}
