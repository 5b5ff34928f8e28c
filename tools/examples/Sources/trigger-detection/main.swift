// Watches machines: says when one has not been heard of for half a minute, and when one fails three times in a minute.
//
//   $ printf '0 pump ok\n20 pump fail\n70 press ok\n' | swift run --package-path tools/examples trigger-detection
//
// A line has a time in seconds, a machine and what it says: `ok`, `fail`, or `off` when it is switched off. Silence
// needs no event to be noticed: each line sets the machine's timer anew, and a timer that is not goes off when the
// watermark reaches it.
import StreamCore

struct Report: Codable, Sendable {
  var time: Int64  // milliseconds
  var machine: String
  var status: String

  init?(_ line: String) {
    let fields = line.split(separator: " ").map(String.init)
    guard fields.count == 3, let seconds = Int64(fields[0]) else { return nil }
    (time, machine, status) = (seconds * 1000, fields[1], fields[2])
  }
}
/// What is kept of each machine: when it failed in the last minute.
struct Health: Codable, Sendable {
  var failures: [Int64] = []
}

let context = StreamingContext()
let reports = context.standardInputLines()
  .compactMap { Report($0) }
  .withWatermark(delayMilliseconds: 5_000) { $0.time }

let alarms = reports.keyed { $0.machine }
  .processKeyed(name: "machines", startingWith: Health(), giving: String.self) { machine, report, health in
    if report.status == "off" { return machine.removeState() }
    // a report that came out of order does not bring the alarm forward
    machine.setTimer(due: max(report.time + 30_000, machine.timer() ?? .min))
    if report.status == "fail" {
      health.failures = (health.failures + [report.time]).filter { $0 > report.time - 60_000 }
      if health.failures.count == 3 {
        machine.emit("\(report.time / 1000) s: \(machine.key) failed three times within a minute")
        health.failures = []
      }
    }
  } onTimer: { machine, timer, _ in
    machine.emit("\(timer.due / 1000) s: nothing heard of \(machine.key) for 30 s")
  }
alarms.forEach(name: "alarms") { print($0) }
context.runOrExit()
