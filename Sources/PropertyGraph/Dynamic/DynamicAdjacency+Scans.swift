import CKernels

/// Scans over all edges, slab by slab in the order of the vertices.
extension DynamicAdjacency {
  /// The sum over all edges of the value of their source. `values` holds one per index up to and with
  /// `options.vertexCountMax`, whose value must be 0: unused slots point there. Cost: one pass on one thread, some
  /// 1.2 ns an edge where the values fit a cache.
  public func sumOverSources(_ values: UnsafeBufferPointer<Float>) -> Double {
    unsafe precondition(values.count > options.vertexCountMax && values[options.vertexCountMax] == 0)
    guard let first = values.baseAddress else { return 0 }
    var total = 0.0
    let slabs = unsafe into.slabs.base
    let neighbours = unsafe into.neighbours.base
    for v in 0..<vertexIndexCount {
      let slab = unsafe slabs[v]
      unsafe total += tw_gather32(first, neighbours + Int(slab.offset), slab.degree)
    }
    return total
  }
}
