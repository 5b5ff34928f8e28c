import Foundation
import PropertyGraph

// components-benchmark (EDGES.bin | grid:SIDE | path:LENGTH) SHARE [PAIRS]
//
// Loads SHARE of the edges, then slides: one edge in, the oldest one out, PAIRS times (default: as many as there are
// edges, at most 1,000,000). One line of NDJSON for each keeper, without and with labels (a delta every 10,000 pairs): processor time for means,
// wall-clock time for the distribution of deletions.

/// A keeper under measurement: edge number `i` of the endless repetition of the edges comes, or goes as the oldest.
protocol WindowedKeeper {
  var name: String { get }
  var componentCount: Int { get }
  func insert(_ i: Int, _ u: VertexIndex, _ v: VertexIndex)
  func deleteOldest(_ i: Int)
  func takeDeltas() -> ComponentDeltas
  /// Steps from a vertex to its root, mean and greatest; zero where there are no roots.
  func depth() -> (mean: Double, max: Int)
}

struct Window: WindowedKeeper {
  let name = "sliding-window"
  let keeper: SlidingWindowComponents
  var componentCount: Int { keeper.componentCount }
  func insert(_ i: Int, _ u: VertexIndex, _ v: VertexIndex) { keeper.insertEdge(u, v, time: Int64(i)) }
  func deleteOldest(_ i: Int) { keeper.expire(before: Int64(i + 1)) }
  func takeDeltas() -> ComponentDeltas { keeper.takeDeltas() }
  func depth() -> (mean: Double, max: Int) { keeper.depth() }
}

struct Incremental: WindowedKeeper {
  let name = "incremental"
  let keeper: IncrementalComponents
  let edgeCount: Int
  var componentCount: Int { keeper.componentCount }
  func insert(_ i: Int, _ u: VertexIndex, _ v: VertexIndex) { keeper.insertEdge(EdgeIndex(i % edgeCount), u, v) }
  func deleteOldest(_ i: Int) { keeper.deleteEdge(EdgeIndex(i % edgeCount)) }
  func takeDeltas() -> ComponentDeltas { keeper.takeDeltas() }
  func depth() -> (mean: Double, max: Int) { (0, 0) }
}

/// Wall-clock time.
func nanoseconds() -> UInt64 { DispatchTime.now().uptimeNanoseconds }

/// Processor time of this thread: other processes on the machine count for less. The call costs some 0.3 µs.
func processorNanoseconds() -> UInt64 {
  var time = timespec()
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
  return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}

/// Components from scratch, with a disjoint-set forest.
func componentsFromScratch(_ input: WindowedEdges, _ range: Range<Int>) -> Int {
  var parent = (0..<input.vertexCount).map { $0 }
  func find(_ x: Int) -> Int {
    var x = x
    while parent[x] != x {
      parent[x] = parent[parent[x]]
      x = parent[x]
    }
    return x
  }
  var count = input.vertexCount
  for i in range {
    let (u, v) = input.edges[i % input.edges.count]
    let (a, b) = (find(Int(u)), find(Int(v)))
    if a != b {
      parent[a] = b
      count -= 1
    }
  }
  return count
}

@inline(never)
func measure(_ keeper: some WindowedKeeper, _ input: WindowedEdges, share: Double, pairs: Int, labels: Bool) {
  let edges = input.edges
  let window = Int(Double(edges.count) * share)
  let start = processorNanoseconds()
  for i in 0..<window { keeper.insert(i, edges[i].0, edges[i].1) }
  let loaded = processorNanoseconds()
  if labels { _ = keeper.takeDeltas() }
  let labelled = processorNanoseconds()
  // First half without a clock in the loop, second half with one around every deletion.
  let half = pairs / 2
  var changes = 0
  let slideStart = processorNanoseconds()
  for k in 0..<half {
    let (u, v) = edges[(window + k) % edges.count]
    keeper.insert(window + k, u, v)
    keeper.deleteOldest(k)
    if labels, k % 10_000 == 9_999 { changes += keeper.takeDeltas().vertices.count }
  }
  let slideEnd = processorNanoseconds()
  var times: [UInt32] = []
  times.reserveCapacity(pairs)
  for k in half..<pairs {
    let (u, v) = edges[(window + k) % edges.count]
    keeper.insert(window + k, u, v)
    let before = nanoseconds()
    keeper.deleteOldest(k)
    times.append(UInt32(clamping: nanoseconds() - before))
  }
  times.sort()
  let vertexDifference = input.vertexCount - componentsFromScratch(input, pairs..<window + pairs)
  let depth = keeper.depth()
  func microseconds(_ share: Double) -> String {
    String(format: "%.2f", Double(times[min(times.count - 1, Int(Double(times.count) * share))]) / 1e3)
  }
  print(
    """
    {"mode":"components","graph":"\(input.name)","share":\(share),"keeper":"\(keeper.name)","labels":\(labels),\
    "load_ns_per_edge":\((loaded - start) / UInt64(max(window, 1))),"first_deltas_ms":\((labelled - loaded) / 1_000_000),\
    "pairs":\(pairs),"us_per_pair":\(String(format: "%.3f", Double(slideEnd - slideStart) / Double(half) / 1e3)),\
    "label_changes_per_pair":\(String(format: "%.3f", Double(changes) / Double(half))),\
    "delete_us":{"p50":\(microseconds(0.5)),"p99":\(microseconds(0.99)),"p99.9":\(microseconds(0.999)),\
    "max":\(microseconds(1))},"forest_edges":\(vertexDifference),\
    "depth":{"mean":\(String(format: "%.2f", depth.mean)),"max":\(depth.max)}}
    """)
  let expected = input.vertexCount - vertexDifference
  if keeper.componentCount != expected {
    FileHandle.standardError.write(
      Data("\(keeper.name): \(keeper.componentCount) components, from scratch \(expected)\n".utf8))
    exit(70)
  }
}

let arguments = CommandLine.arguments
guard arguments.count >= 3, let share = Double(arguments[2]), share > 0, share < 1 else {
  FileHandle.standardError.write(
    Data("usage: components-benchmark (EDGES.bin | grid:SIDE | path:LENGTH) SHARE [PAIRS [KEEPER]]\n".utf8))
  exit(64)
}
let source = arguments[1]
let input: WindowedEdges
if source.hasPrefix("grid:"), let side = Int(source.dropFirst(5)) {
  input = WindowedEdges(gridSide: side)
} else if source.hasPrefix("path:"), let length = Int(source.dropFirst(5)) {
  input = WindowedEdges(pathLength: length)
} else {
  input = try WindowedEdges(path: source)
}
let pairs = arguments.count > 3 ? Int(arguments[3]) ?? 1_000_000 : min(input.edges.count, 1_000_000)
let only = arguments.count > 4 ? arguments[4] : ""
for labels in [false, true] {
  if only != "incremental" {
    let keeper = SlidingWindowComponents(tracksLabels: labels)
    for v in 0..<input.vertexCount { keeper.insertVertex(VertexIndex(v)) }
    measure(Window(keeper: keeper), input, share: share, pairs: pairs, labels: labels)
  }
  if only != "window" {
    let keeper = IncrementalComponents(tracksLabels: labels)
    for v in 0..<input.vertexCount { keeper.insertVertex(VertexIndex(v)) }
    measure(
      Incremental(keeper: keeper, edgeCount: input.edges.count), input, share: share, pairs: pairs, labels: labels)
  }
}
