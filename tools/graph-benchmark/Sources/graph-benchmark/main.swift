import Foundation

let usage = """
  usage: graph-benchmark cold EDGES.bin TOLERANCE [RANKS.bin]
         graph-benchmark pagerank EDGES.bin TOLERANCE [LARGEST_BATCH [SCALE [THREADS]]] [--against-sweeps]
         graph-benchmark adjacency EDGES.bin
         graph-benchmark components-window EDGES SHARE [PAIRS]
         graph-benchmark components-dynamic EDGES SHARE [PAIRS]

  cold                PageRank and components from scratch, all edges loaded; ranks as 64-bit floats to RANKS.bin
  pagerank            batches of changes with 9 of 10 edges loaded; SCALE multiplies how many are measured
                      (default 1); --against-sweeps measures the warm-started recompute beside them
  adjacency           memory, changes and scans of the dynamic graph
  components-window   a window of SHARE of the edges slides PAIRS times (default: as often as there are edges, at most
                      1,000,000 times): one in, the oldest out; with and without labels
  components-dynamic  the same with the keeper for edges that go in any order

  EDGES.bin holds pairs of little-endian 32-bit vertex numbers, without loops and duplicates, in random order. EDGES
  is such a file, grid:SIDE or path:LENGTH, and undirected. Results are JSON lines on standard output.

  """

func fail(_ message: String, code: Int32) -> Never {
  FileHandle.standardError.write(Data(message.utf8))
  exit(code)
}

/// Opens a file, or ends the program with what is wrong.
func opened<Edges>(_ path: String, _ open: (String) throws -> Edges) -> Edges {
  do {
    return try open(path)
  } catch {
    fail("graph-benchmark: cannot read \(path): \(error.localizedDescription)\n", code: 66)
  }
}

let isAgainstSweeps = CommandLine.arguments.contains("--against-sweeps")
let arguments = CommandLine.arguments.dropFirst().filter { $0 != "--against-sweeps" }
guard arguments.count >= 2 else { fail(usage, code: 64) }
/// The number at a position; nil where there is none. What is not a number ends the program.
func number<Value: LosslessStringConvertible>(_ position: Int, _ type: Value.Type) -> Value? {
  guard position < arguments.count else { return nil }
  guard let value = type.init(arguments[position]) else {
    fail("graph-benchmark: \(arguments[position]) is not a number\n" + usage, code: 64)
  }
  return value
}

switch (arguments[0], number(2, Double.self)) {
case ("adjacency", _): benchmarkAdjacency(opened(arguments[1], EdgeFile.init))
case ("cold", let tolerance?):
  benchmarkCold(
    opened(arguments[1], EdgeFile.init), tolerance: tolerance,
    ranksPath: arguments.count > 3 ? arguments[3] : nil)
case ("pagerank", let tolerance?):
  benchmarkPageRank(
    opened(arguments[1], EdgeFile.init), tolerance: tolerance, largestBatch: number(3, Int.self) ?? 100_000,
    scale: number(4, Double.self) ?? 1, workers: number(5, Int.self), isAgainstSweeps: isAgainstSweeps)
case (let mode, let share?) where mode.hasPrefix("components-") && share > 0 && share < 1:
  let edges = opened(arguments[1], WindowedEdges.init(source:))
  let pairs = number(3, Int.self) ?? min(edges.edges.count, 1_000_000)
  guard pairs > 1, ["components-window", "components-dynamic"].contains(mode) else { fail(usage, code: 64) }
  for tracksLabels in [false, true] {
    if mode == "components-window" {
      measureComponents(
        WindowKeeper(vertexCount: edges.vertexCount, tracksLabels: tracksLabels), edges, share: share, pairs: pairs,
        labels: tracksLabels)
    } else {
      measureComponents(
        DynamicKeeper(vertexCount: edges.vertexCount, edgeCount: edges.edges.count, tracksLabels: tracksLabels), edges,
        share: share, pairs: pairs, labels: tracksLabels)
    }
  }
default: fail(usage, code: 64)
}
