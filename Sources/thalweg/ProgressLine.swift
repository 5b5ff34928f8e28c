import Foundation
import Replay
import StreamCore

/// The progress of a replay as one line of a terminal: share, rate, event time, time left.
struct ProgressLine {
  private var startNanoseconds: UInt64
  /// Input that was read before the rate was first taken (formats are found out from the head).
  private var startBytes: UInt64?
  /// The last second's samples: time and events.
  private var samples: [(nanoseconds: UInt64, events: Int)] = []

  init(nowNanoseconds: UInt64) { startNanoseconds = nowNanoseconds }

  /// The line, at most `width` columns.
  mutating func text(_ progress: ReplayProgress, nowNanoseconds now: UInt64, width: Int) -> String {
    let first = startBytes ?? progress.inputBytes
    startBytes = first
    samples.removeAll { $0.nanoseconds + 1_000_000_000 < now }
    samples.append((now, progress.stream.records))
    var parts: [String] = []
    if let size = progress.inputByteCount, size > 0 {
      let share = min(1, Double(progress.inputBytes) / Double(size))
      parts.append("\(ProgressLine.bar(share, columns: 20)) \(ProgressLine.padded(Int(share * 100)))%")
    } else {
      parts.append("\(ProgressLine.quantity(Double(progress.inputBytes)))B read")
    }
    parts.append("\(ProgressLine.quantity(rate))events/s")
    if progress.stream.highestEventTime != .min {
      parts.append(ProgressLine.minute(progress.stream.highestEventTime))
    }
    let elapsed = Double(now - startNanoseconds) / 1e9
    if let size = progress.inputByteCount, progress.inputBytes > first, elapsed > 0.5 {
      let left = elapsed * Double(size - min(size, progress.inputBytes)) / Double(progress.inputBytes - first)
      parts.append("\(ProgressLine.clock(left)) left")
    }
    return String(parts.joined(separator: "  ").prefix(max(20, width - 1)))
  }

  /// Events a second over the last second.
  private var rate: Double {
    guard let first = samples.first, let last = samples.last, last.nanoseconds > first.nanoseconds else { return 0 }
    return Double(last.events - first.events) * 1e9 / Double(last.nanoseconds - first.nanoseconds)
  }

  static func bar(_ share: Double, columns: Int) -> String {
    let eighths = Int(share * Double(columns) * 8)
    let full = eighths / 8
    let part = full < columns ? String([" ", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][eighths % 8]) : ""
    return "▕" + String(repeating: "█", count: full) + part
      + String(repeating: " ", count: max(0, columns - full - 1)) + "▏"
  }

  /// "12.3 M", with the space that a unit needs before it.
  static func quantity(_ value: Double) -> String {
    for (size, name) in [(1e9, "G"), (1e6, "M"), (1e3, "K")] where value >= size {
      return String(format: "%.1f %@", value / size, name)
    }
    return String(format: "%.0f ", value)
  }

  private static func padded(_ percent: Int) -> String {
    String(repeating: " ", count: percent < 10 ? 2 : percent < 100 ? 1 : 0) + "\(percent)"
  }

  /// "2026-01-31 09:30" of milliseconds since 1970 UTC.
  static func minute(_ milliseconds: Int64) -> String {
    let date = Date(timeIntervalSince1970: Double(milliseconds) / 1000)
    return String(date.formatted(.iso8601).prefix(16)).replacing("T", with: " ")
  }

  /// "0:42", "3:07:20".
  static func clock(_ seconds: Double) -> String {
    let s = Int(min(seconds.rounded(.up), 8e6))
    func two(_ n: Int) -> String { n < 10 ? "0\(n)" : "\(n)" }
    return s >= 3600 ? "\(s / 3600):\(two(s / 60 % 60)):\(two(s % 60))" : "\(s / 60):\(two(s % 60))"
  }
}
