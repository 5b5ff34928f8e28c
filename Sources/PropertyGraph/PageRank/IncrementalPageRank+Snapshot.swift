import CKernels

/// Ranks as named runs of bytes, and back.
extension IncrementalPageRank {
  private struct Header: BitwiseCopyable {
    var version: Int64 = 3
    var vertexIndexCount: Int64
    var damping: Double
    var residualSum: Double
    var rankSum: Double
    var roundingUnits: Double
    var rankSumRoundingUnits: Double
  }

  /// The residuals by vertex index, as a copy.
  var residuals: [Double] { (0..<vertexIndexCount).map { records[$0].residual } }

  /// Forgets the queues of pending pushes, which the next push rebuilds from the residuals: a snapshot is smaller then.
  /// Since results depend on the queues, it must be called at the same places of every run that is to give the same
  /// bits, whether or not a snapshot is taken there.
  public func checkpointBarrier() {
    adoptNewVertices()
    queues.isStale = true
  }

  /// Calls `body` with each section's name and bytes, always the same names in the same order; the adjacency writes
  /// its own. Comes after ``update()`` or ``checkpointBarrier()``. Queues that are not stale are written as they are, so
  /// that taking a snapshot changes nothing.
  public func withSections(_ body: (String, UnsafeRawBufferPointer) throws -> Void) rethrows {
    precondition(
      vertexIndexCount == adjacency.vertexIndexCount, "a snapshot is taken after update() or checkpointBarrier()")
    let header = Header(
      vertexIndexCount: Int64(vertexIndexCount), damping: options.damping, residualSum: residualSum,
      rankSum: rankSum, roundingUnits: roundingUnits, rankSumRoundingUnits: rankSumRoundingUnits)
    try unsafe withUnsafeBytes(of: header) { try unsafe body("rank/header", $0) }
    try unsafe model.state.withUnsafeBytes { try unsafe body("rank/model", $0) }
    try unsafe body("rank/ranks", ranks.bytes(count: vertexIndexCount))
    let residuals = residuals
    try unsafe residuals.withUnsafeBytes { try unsafe body("rank/residuals", $0) }
    try unsafe body("rank/teleports", teleports.bytes(count: vertexIndexCount))
    let buckets: [UInt8] = queues.isStale ? [] : (0..<vertexIndexCount).map { UInt8(records[$0].bucket) }
    try unsafe buckets.withUnsafeBytes { try unsafe body("rank/buckets", $0) }
    try unsafe queues.state.withUnsafeBytes { try unsafe body("rank/queues", $0) }
    try unsafe queues.waiting.withUnsafeBytes { try unsafe body("rank/waiting", $0) }
  }

  /// Restores what ``withSections(_:)`` wrote, on the adjacency restored from the same checkpoint; goes on bit for bit
  /// like the object that wrote it. Tolerance, threads and method may differ; seeds come from the snapshot for the
  /// vertices it holds, from the options for later ones. Throws ``GraphStateError`` when sections do not fit.
  public convenience init(
    _ adjacency: DynamicAdjacency, options: IncrementalPageRankOptions,
    restoring section: (String) throws -> UnsafeRawBufferPointer
  ) throws {
    self.init(unsolved: adjacency, options: options)
    try unsafe withoutActuallyEscaping(section) { try unsafe restore(GraphSectionReader(section: $0)) }
  }

  private func restore(_ reader: GraphSectionReader) throws {
    let headers: [Header] = try reader.values("rank/header", count: 1)
    let header = headers[0]
    guard header.version == 3, header.damping == options.damping else {
      throw GraphStateError.contents(
        section: "rank/header", reason: "it was written with damping \(header.damping), version \(header.version)")
    }
    guard header.vertexIndexCount == adjacency.vertexIndexCount else {
      throw GraphStateError.contents(
        section: "rank/header",
        reason: "it has \(header.vertexIndexCount) vertices, the graph \(adjacency.vertexIndexCount)")
    }
    let modelState: [Double] = try reader.values("rank/model", count: IncrementalCostModel.stateCount)
    let residuals: [Double] = try reader.values("rank/residuals", count: adjacency.vertexIndexCount)
    vertexIndexCount = adjacency.vertexIndexCount
    try reader.fill(ranks, "rank/ranks", count: vertexIndexCount)
    try reader.fill(teleports, "rank/teleports", count: vertexIndexCount)
    for v in 0..<vertexIndexCount {
      records[v] = tw_rank_record(
        residual: residuals[v], priority: 1 / Float(adjacency.out.degree(UInt32(v)) + 4),
        bucket: Int32(queues.count))
      if teleports[v] != 1 { unevenTeleportCount += 1 }
      if teleports[v] != 0 { teleportingCount += 1 }
    }
    model.restore(modelState)
    residualSum = header.residualSum
    rankSum = header.rankSum
    roundingUnits = header.roundingUnits
    rankSumRoundingUnits = header.rankSumRoundingUnits
    try restoreQueues(reader)
  }

  private func restoreQueues(_ reader: GraphSectionReader) throws {
    let state: [Int64] = try reader.values("rank/queues")
    if state.isEmpty { return }
    let buckets: [UInt8] = try reader.values("rank/buckets", count: vertexIndexCount)
    let waiting: [VertexIndex] = try reader.values("rank/waiting")
    guard queues.restore(state, waiting: waiting, vertexCount: vertexIndexCount),
      buckets.allSatisfy({ $0 <= queues.count })
    else {
      throw GraphStateError.contents(section: "rank/queues", reason: "the queues of pushes contradict each other")
    }
    for v in 0..<vertexIndexCount { unsafe records.base[v].bucket = Int32(buckets[v]) }
  }
}
