/// The graph as named runs of bytes, and back: a restored graph goes on bit for bit like the one that was written.
extension DynamicAdjacency {
  /// Calls `body` with each section's name and bytes, always the same names in the same order. The arenas come as they
  /// lie, so a change touches few blocks of them. Cost: none beside what `body` does.
  public func withSections(_ body: (String, UnsafeRawBufferPointer) throws -> Void) rethrows {
    let header: [Int64] = [
      options.weighted ? 1 : 0, options.expiring ? 1 : 0, Int64(options.vertexCountMax), Int64(vertexIndexCount),
      Int64(edgeCount), Int64(out.slotCount), Int64(out.freeSlotCount), Int64(into.slotCount),
      Int64(into.freeSlotCount), Int64(window?.lateCount ?? 0),
    ]
    try unsafe header.withUnsafeBytes { try unsafe body("adjacency/header", $0) }
    try unsafe body("adjacency/present", present.bytes(count: vertexIndexCount))
    try unsafe removedVertices.withUnsafeBytes { try unsafe body("adjacency/removed", $0) }
    try unsafe write(out, "adjacency/out", body)
    try unsafe write(into, "adjacency/in", body)
    if let outWeights, let outWeightAge {
      try unsafe body("adjacency/weight-sums", outWeights.bytes(count: vertexIndexCount))
      try unsafe body("adjacency/weight-ages", outWeightAge.bytes(count: vertexIndexCount))
    }
    if let window {
      try unsafe window.places.withUnsafeBytes { try unsafe body("adjacency/window/places", $0) }
      try unsafe window.freeIDs.withUnsafeBytes { try unsafe body("adjacency/window/free", $0) }
      try unsafe window.queue[window.head...].withUnsafeBytes { try unsafe body("adjacency/window/queue", $0) }
      try unsafe window.late.withUnsafeBytes { try unsafe body("adjacency/window/late", $0) }
    }
  }

  private func write(
    _ side: AdjacencyDirection, _ name: String, _ body: (String, UnsafeRawBufferPointer) throws -> Void
  ) rethrows {
    try unsafe body(name + "/slabs", side.slabs.bytes(count: vertexIndexCount))
    try unsafe body(name + "/tiers", side.tiers.bytes(count: vertexIndexCount))
    try unsafe body(name + "/free", side.freeHeads.bytes(count: SlabTier.count))
    try unsafe body(name + "/neighbours", side.neighbours.bytes(count: side.slotCount))
    try unsafe body(name + "/mates", side.mates.bytes(count: side.slotCount))
    if let weights = side.weights { try unsafe body(name + "/weights", weights.bytes(count: side.slotCount)) }
    if let ids = side.ids { try unsafe body(name + "/ids", ids.bytes(count: side.slotCount)) }
  }

  /// Restores what ``withSections(_:)`` wrote; `section` gives the bytes of a name. The options must be those of the
  /// graph that was written, but for the expected sizes. Throws ``GraphStateError`` when sections do not fit, and what
  /// `section` throws.
  public convenience init(
    options: DynamicAdjacencyOptions, restoring section: (String) throws -> UnsafeRawBufferPointer
  ) throws {
    self.init(options: options)
    try unsafe withoutActuallyEscaping(section) { try unsafe restore(GraphSectionReader(section: $0)) }
  }

  private func restore(_ reader: GraphSectionReader) throws {
    let header: [Int64] = try reader.values("adjacency/header", count: 10)
    guard (header[0] != 0, header[1] != 0) == (options.weighted, options.expiring),
      header[2] == Int64(options.vertexCountMax)
    else {
      throw GraphStateError.contents(
        section: "adjacency/header", reason: "it was written with other options (weighted, expiring, vertexCountMax)")
    }
    guard header[3...].allSatisfy({ $0 >= 0 }), header[3] <= header[2],
      max(header[5], header[7]) <= Int64(options.slotCountMax)
    else { throw GraphStateError.contents(section: "adjacency/header", reason: "its counts are impossible") }
    vertexIndexCount = Int(header[3])
    edgeCount = Int(header[4])
    (out.slotCount, out.freeSlotCount) = (Int(header[5]), Int(header[6]))
    (into.slotCount, into.freeSlotCount) = (Int(header[7]), Int(header[8]))
    try reader.fill(present, "adjacency/present", count: vertexIndexCount)
    removedVertices = try reader.values("adjacency/removed")
    try read(out, "adjacency/out", reader)
    try read(into, "adjacency/in", reader)
    if let outWeights, let outWeightAge {
      try reader.fill(outWeights, "adjacency/weight-sums", count: vertexIndexCount)
      try reader.fill(outWeightAge, "adjacency/weight-ages", count: vertexIndexCount)
    }
    if window != nil {
      window = EdgeWindow(
        places: try reader.values("adjacency/window/places"), freeIDs: try reader.values("adjacency/window/free"),
        queue: try reader.values("adjacency/window/queue"), late: try reader.values("adjacency/window/late"),
        lateCount: UInt32(header[9]))
    }
  }

  private func read(_ side: AdjacencyDirection, _ name: String, _ reader: GraphSectionReader) throws {
    try reader.fill(side.slabs, name + "/slabs", count: vertexIndexCount)
    try reader.fill(side.tiers, name + "/tiers", count: vertexIndexCount)
    try reader.fill(side.freeHeads, name + "/free", count: SlabTier.count)
    try reader.fill(side.neighbours, name + "/neighbours", count: side.slotCount)
    try reader.fill(side.mates, name + "/mates", count: side.slotCount)
    if let weights = side.weights { try reader.fill(weights, name + "/weights", count: side.slotCount) }
    if let ids = side.ids { try reader.fill(ids, name + "/ids", count: side.slotCount) }
    for v in 0..<vertexIndexCount {
      let slab = side.slabs[v]
      let tier = side.tiers[v]
      let fits = Int(tier) < SlabTier.count && Int(slab.offset) + SlabTier.capacity(tier) <= side.slotCount
      guard fits, Int(slab.degree) <= SlabTier.capacity(tier) else {
        throw GraphStateError.contents(section: name + "/slabs", reason: "vertex \(v) leaves the arena")
      }
      guard unsafe side.list(UInt32(v)).allSatisfy({ $0 < vertexIndexCount }) else {
        throw GraphStateError.contents(section: name + "/neighbours", reason: "vertex \(v) has an unknown neighbour")
      }
    }
  }
}
