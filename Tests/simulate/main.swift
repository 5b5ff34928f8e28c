import Foundation
import Simulator
import Synchronization

// `simulate [--seeds N] [--first S]`, `simulate --seed S [--plan]`, `simulate --run FILE`; see tools/simulate.

@Sendable func say(_ line: String) { FileHandle.standardOutput.write(Data((line + "\n").utf8)) }
func fail(_ line: String) -> Never {
  FileHandle.standardError.write(Data(("simulate: " + line + "\n").utf8))
  exit(64)
}
func value(_ name: String) -> String? {
  let arguments = CommandLine.arguments
  guard let i = arguments.firstIndex(of: name) else { return nil }
  return i + 1 < arguments.count ? arguments[i + 1] : ""
}
func number(_ name: String) -> UInt64? {
  guard let text = value(name) else { return nil }
  guard let n = UInt64(text) else { fail("\(name) wants a number, for example \(name) 1000") }
  return n
}
/// One plan, with every call to the disk.
func runOne(_ plan: Plan, _ name: String) throws -> Never {
  var simulation = Simulation(plan) { say($0) }
  say(simulation.history[0])
  let wrong = try simulation.run()
  say(wrong.map { "\(name) FAILED: \($0)" } ?? "\(name) holds")
  exit(wrong == nil ? 0 : 1)
}

if let seed = number("--seed") {
  let plan = Plan(seed: seed)
  if CommandLine.arguments.contains("--plan") {
    say(String(decoding: try plan.json, as: UTF8.self))
    exit(0)
  }
  try runOne(plan, "seed \(seed)")
}
if let path = value("--run") {
  guard let json = FileManager.default.contents(atPath: path) else { fail("'\(path)' cannot be read") }
  try runOne(try Plan(json: json), path)
}
let first = number("--first") ?? 1
let count = number("--seeds") ?? 1000
let current = Mutex(first)
// a seed that does not end is a failure too
Thread.detachNewThread {
  var last = UInt64.max
  while true {
    sleep(30)
    let now = current.withLock { $0 }
    if now == last {
      say("seed \(now) FAILED: it hangs\n  replay: tools/simulate --seed \(now)")
      exit(1)
    }
    last = now
  }
}
var failed = 0
let tally = Tally()
for seed in first..<first + count {
  current.withLock { $0 = seed }
  var simulation = Simulation(seed: seed)
  let wrong: String?
  do { wrong = try simulation.run() } catch { wrong = "\(error)" }
  tally.add(simulation.tally)
  if let wrong {
    failed += 1
    say(simulation.history.joined(separator: "\n"))
    say("seed \(seed) FAILED: \(wrong)\n  replay: tools/simulate --seed \(seed)\n")
    if failed == 20 { break }
  }
}
say(tally.summary)
let missing = Tally.kinds.filter { tally[$0] == 0 }
if !missing.isEmpty { say("never met: \(missing.joined(separator: ", "))") }
say("\(count) seeds from \(first): \(failed) failed")
exit(failed == 0 ? 0 : 1)
