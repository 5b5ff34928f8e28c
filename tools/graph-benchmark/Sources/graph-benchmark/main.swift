import Foundation
import PropertyGraph

let usage = """
  usage: graph-benchmark pagerank EDGES.bin TOLERANCE [LARGEST_BATCH [SCALE [THREADS]]]
         graph-benchmark adjacency EDGES.bin
  EDGES.bin holds pairs of little-endian 32-bit vertex numbers; results are JSON lines on standard output.

  """

let arguments = CommandLine.arguments
guard arguments.count >= 3 else {
  FileHandle.standardError.write(Data(usage.utf8))
  exit(64)
}
let file: EdgeFile
do {
  file = try EdgeFile(path: arguments[2])
} catch {
  FileHandle.standardError.write(
    Data("graph-benchmark: cannot read \(arguments[2]): \(error.localizedDescription)\n".utf8))
  exit(66)
}
switch arguments[1] {
case "adjacency": benchmarkAdjacency(file)
case "pagerank":
  guard arguments.count >= 4, let tolerance = Double(arguments[3]) else {
    FileHandle.standardError.write(Data(usage.utf8))
    exit(64)
  }
  benchmarkPageRank(
    file, tolerance: tolerance, largestBatch: arguments.count > 4 ? Int(arguments[4]) ?? 100_000 : 100_000,
    scale: arguments.count > 5 ? Double(arguments[5]) ?? 1 : 1, workers: arguments.count > 6 ? Int(arguments[6]) : nil)
default:
  FileHandle.standardError.write(Data(usage.utf8))
  exit(64)
}
