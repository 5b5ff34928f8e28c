import Foundation
import Simulator
import Synchronization

// `simulate [--seeds N] [--first S] [--seed S]`; see tools/simulate.

@Sendable func say(_ line: String) { FileHandle.standardOutput.write(Data((line + "\n").utf8)) }
func number(_ name: String) -> UInt64? {
  let arguments = CommandLine.arguments
  guard let i = arguments.firstIndex(of: name) else { return nil }
  guard i + 1 < arguments.count, let n = UInt64(arguments[i + 1]) else {
    FileHandle.standardError.write(Data("simulate: \(name) wants a number, for example \(name) 1000\n".utf8))
    exit(64)
  }
  return n
}

if let seed = number("--seed") {
  var simulation = Simulation(seed: seed) { say($0) }
  say(simulation.history[0])
  let wrong = try simulation.run()
  say(wrong.map { "seed \(seed) FAILED: \($0)" } ?? "seed \(seed) holds")
  exit(wrong == nil ? 0 : 1)
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
var resumes = 0
for seed in first..<first + count {
  current.withLock { $0 = seed }
  var simulation = Simulation(seed: seed)
  let wrong: String?
  do { wrong = try simulation.run() } catch { wrong = "\(error)" }
  resumes += simulation.resumes
  if let wrong {
    failed += 1
    say(simulation.history.joined(separator: "\n"))
    say("seed \(seed) FAILED: \(wrong)\n  replay: tools/simulate --seed \(seed)\n")
    if failed == 20 { break }
  }
}
say("\(count) seeds from \(first): \(failed) failed, \(resumes) runs went on from a checkpoint")
exit(failed == 0 ? 0 : 1)
