import PropertyGraph

/// Memory, mutation speed and scan speed of a dynamic adjacency, with 9 of 10 edges of a file loaded.
func benchmarkAdjacency(_ file: EdgeFile) {
  var file = file
  var present = file.count * 9 / 10
  let start = nanoseconds()
  let graph = loadGraph(file, count: present)
  let loading = Double(nanoseconds() - start) / 1e6
  report([
    "mode": "adjacency", "step": "loaded", "readMs": rounded(file.readingMilliseconds, 1),
    "loadMs": rounded(loading, 1), "vertices": graph.vertexCount, "edges": graph.edgeCount,
    "bytesPerEdge": rounded(Double(graph.byteCount) / Double(graph.edgeCount), 2),
  ])
  var chance = SeededChance(state: 5)
  for batchSize in [2, 1000, 100_000] {
    var times: [Double] = []
    for _ in 0..<(batchSize == 100_000 ? 10 : 200) {
      let updates = nextBatch(of: batchSize, &file, &present, &chance)
      times.append(milliseconds { graph.apply(updates) })
    }
    times.sort()
    report([
      "mode": "adjacency", "step": "mutate", "batch": batchSize,
      "changesPerMicrosecond": rounded(Double(batchSize) / quantile(times, 0.5) / 1e3, 3),
      "bestChangesPerMicrosecond": rounded(Double(batchSize) / (times.first ?? 0) / 1e3, 3),
      "bytesPerEdge": rounded(Double(graph.byteCount) / Double(graph.edgeCount), 2),
    ])
  }
  scan(graph)
  slideWindow(file)
}

/// A window of a quarter of the file's edges slides by 1,000 edges at a time.
private func slideWindow(_ file: EdgeFile) {
  let graph = DynamicAdjacency(
    options: DynamicAdjacencyOptions(
      expiring: true, expectedVertexCount: file.vertexCount, expectedEdgeCount: file.count / 3))
  graph.insertVertices(upTo: file.vertexCount)
  let width = file.count / 4
  let step = 1000
  var best = (insert: Double.infinity, expire: Double.infinity)
  for start in stride(from: 0, to: file.count - step, by: step) {
    let updates = (start..<start + step).map {
      EdgeUpdate(.insert, from: file.sources[$0], to: file.targets[$0], timeMilliseconds: Int64($0))
    }
    best.insert = min(best.insert, milliseconds { graph.apply(updates) })
    if start < width { continue }
    best.expire = min(best.expire, milliseconds { graph.expireEdges(before: Int64(start + step - width)) })
  }
  report([
    "mode": "adjacency", "step": "window", "edges": graph.edgeCount,
    "insertsPerMicrosecond": rounded(Double(step) / best.insert / 1e3, 3),
    "expiriesPerMicrosecond": rounded(Double(step) / best.expire / 1e3, 3),
    "bytesPerEdge": rounded(Double(graph.byteCount) / Double(graph.edgeCount), 2),
  ])
}

/// Sums of a value over all edges, slab by slab, against a packed copy of the same edges; one thread.
private func scan(_ graph: DynamicAdjacency) {
  let n = graph.vertexIndexCount
  var offsets = [0]
  var packed: [UInt32] = []
  for v in 0..<UInt32(n) {
    graph.withSources(of: v) { sources, _ in packed.append(contentsOf: sources) }
    offsets.append(packed.count)
  }
  var values = (0...graph.options.vertexCountMax).map { Float($0 % 7) }
  values[graph.options.vertexCountMax] = 0
  var slab = Double.infinity
  var csr = Double.infinity
  var sums = [0.0, 0.0]
  for _ in 0..<9 {
    slab = min(
      slab,
      milliseconds {
        sums[0] = values.withUnsafeBufferPointer { graph.sumOverSources($0) }
      })
    csr = min(
      csr,
      milliseconds {
        var total = 0.0
        values.withUnsafeBufferPointer { values in
          packed.withUnsafeBufferPointer { packed in
            offsets.withUnsafeBufferPointer { offsets in
              for v in 0..<n {
                var sum: Float = 0
                for i in offsets[v]..<offsets[v + 1] { sum += values[Int(packed[i])] }
                total += Double(sum)
              }
            }
          }
        }
        sums[1] = total
      })
  }
  precondition(sums[0] == sums[1])
  report([
    "mode": "adjacency", "step": "scan", "slabMs": rounded(slab), "packedMs": rounded(csr),
    "ratio": rounded(slab / csr, 3),
  ])
}
