import Sessions
import StreamCore
import Foundation
import Replay
import Reports
var c = ReplayConfiguration()
var a = Array(CommandLine.arguments.dropFirst())
c.inputs = []
while !a.isEmpty {
  let x = a.removeFirst()
  switch x {
  case "--sessions": c.sessionsPath = a.removeFirst()
  case "--report": c.reportPath = a.removeFirst()
  case "--dead": c.deadLettersPath = a.removeFirst()
  case "--split": c.boundary = .split
  case "--delay": c.watermarkDelayMilliseconds = Int64(a.removeFirst())!
  case "--gap": c.gapMilliseconds = Int64(a.removeFirst())!
  case "--threads": c.threads = Int(a.removeFirst())!
  case "--checkpoint": c.checkpointDirectory = a.removeFirst()
  case "--interval": c.checkpointIntervalMilliseconds = Int64(a.removeFirst())!
  default: c.inputs.append(x)
  }
}
do {
  let j = try ReplayJob(c)
  let t = Date()
  let r = try j.run()
  let dt = Date().timeIntervalSince(t)
  let p = j.progress
  FileHandle.standardError.write("\(j.inputDescriptions) \(p.stream.records) events \(dt) s \(Double(p.stream.records) / dt / 1e6) M/s ck \(p.stream.checkpoints) pause \(p.stream.checkpointPauseMicroseconds)us\n".data(using: .utf8)!)
  if let r, c.reportPath == nil { print(r.text(width: 100, color: false)) }
} catch { FileHandle.standardError.write("\(error)\n".data(using: .utf8)!); exit(1) }
