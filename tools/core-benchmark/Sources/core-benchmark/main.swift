import Foundation
import StreamCore

// core-benchmark window|process|idle|state [--elements N] [--keys N] [--threads N]
// Prints one line of JSON.

let arguments = Array(CommandLine.arguments.dropFirst())
let elements = option("elements", 10_000_000, in: arguments)
let keys = option("keys", 1000, in: arguments)
let threads = option("threads", 0, in: arguments)

switch arguments.first {
case "window": try benchmarkWindow(elements: elements, keys: keys, threads: threads)
case "process": try benchmarkProcess(elements: elements, keys: keys, threads: threads)
case "idle": try benchmarkIdle(intervals: option("intervals", 20_000, in: arguments), threads: threads)
case "state": try benchmarkState(keys: option("keys", 10_000_000, in: arguments), threads: threads)
default:
  FileHandle.standardError.write(
    Data("usage: core-benchmark window|process|idle|state [--elements N] [--keys N] [--threads N]\n".utf8))
  exit(64)
}
