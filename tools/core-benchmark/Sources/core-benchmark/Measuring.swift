import Foundation
import StreamCore

/// Seconds that a closure takes.
func seconds(_ body: () throws -> Void) rethrows -> Double {
  let start = SystemClock().nowNanoseconds
  try body()
  return Double(SystemClock().nowNanoseconds - start) / 1e9
}

/// Bytes of this process in memory now and at most so far; 0 where the system does not say.
func residentBytes() -> (now: Int, peak: Int) {
  guard let text = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8) else { return (0, 0) }
  func field(_ name: String) -> Int {
    for line in text.split(separator: "\n") where line.hasPrefix(name) {
      return (Int(line.split(whereSeparator: { $0 == " " || $0 == "\t" })[1]) ?? 0) * 1024
    }
    return 0
  }
  return (field("VmRSS:"), field("VmHWM:"))
}

/// Prints the figures as one line of JSON, in order.
func report(_ name: String, _ figures: KeyValuePairs<String, Double>) {
  let list = figures.map { "\"\($0.key)\": \(String(format: "%.6g", $0.value))" }
  print("{\"benchmark\": \"\(name)\", \(list.joined(separator: ", "))}")
}

/// Small integers that look random, the same every time; the peers make the same ones.
func inputBatches(elements: Int, batches: Int) -> [[Int64]] {
  let each = elements / batches
  return (0..<batches).map { b in
    (0..<each).map { i in
      let n = UInt64(b * each + i)
      return Int64((n &* 2_654_435_761) >> 7 & 0xff_ffff)
    }
  }
}

/// The number behind `--name`.
func option(_ name: String, _ fallback: Int, in arguments: [String]) -> Int {
  guard let i = arguments.firstIndex(of: "--" + name), i + 1 < arguments.count, let n = Int(arguments[i + 1]) else {
    return fallback
  }
  return n
}
