/// The equations of a rank computation: `x = β·t + d·Aᵀx`, with `t` the teleport vector scaled to the number of
/// vertices n and `A` the adjacency with rows scaled to 1; the mass of dangling vertices (without edges out) is
/// dropped.
///
/// Ranks are x scaled to a sum of 1, whatever β above 0 is: putting the dangling mass back along `t` only scales x.
struct PageRankSystem {
  let incoming: CompressedAdjacency
  let damping: Double
  let isWeighted: Bool
  /// 1 over the out-degree or sum of weights; 0 marks dangling vertices.
  let inverses: FreshBuffer<Double>
  /// t, or nil when all are 1.
  let teleport: FreshBuffer<Double>?

  init(_ topology: Topology, _ options: PageRankOptions) {
    (damping, isWeighted) = (options.damping, options.isWeighted && topology.isWeighted)
    incoming = topology.incoming
    let outgoing = topology.outgoing
    let vertexCount = topology.vertexCount
    let inverses = FreshBuffer<Double>(count: vertexCount)
    let isWeighted = self.isWeighted
    outgoing.withPointers { out in
      VertexRanges(out).run { _, range in
        for v in range {
          let sum = isWeighted ? Self.weightSum(out, v) : Double(out.degree(of: v))
          unsafe inverses.base[v] = sum > 0 ? 1 / sum : 0
        }
      }
    }
    self.inverses = inverses
    teleport = options.personalization.map { Self.teleport($0, vertexCount: vertexCount) }
  }

  var vertexCount: Int { incoming.vertexCount }
  /// How many roundings a slot adds to the error of ``pull(_:_:_:_:_:)``, in units of 2⁻⁵³ of the sum.
  var roundingsPerSlot: Double { isWeighted ? 1 : 0.25 }

  private static func weightSum(_ out: AdjacencyPointers, _ vertex: Int) -> Double {
    guard let weights = unsafe out.weights else { return Double(out.degree(of: vertex)) }
    // compensated (Kahan 1965), so that long rows round no more than short ones
    var (sum, lost) = (0.0, 0.0)
    for slot in out.slots(of: vertex) {
      unsafe precondition(
        weights[slot] >= 0 && weights[slot] < .infinity,
        unsafe "rank cannot follow the edge from vertex \(vertex) to \(out.neighbours[slot]): its weight is \(weights[slot])"
      )
      let term = unsafe weights[slot] - lost
      let next = sum + term
      lost = (next - sum) - term
      sum = next
    }
    return sum
  }

  private static func teleport(_ seeds: [VertexIndex: Double], vertexCount: Int) -> FreshBuffer<Double> {
    let teleport = FreshBuffer<Double>(count: vertexCount)
    var sum = 0.0
    // in the order of the vertices: a dictionary has none of its own
    for (vertex, weight) in seeds.sorted(by: { $0.key < $1.key }) {
      precondition(Int(vertex) < vertexCount, "seed \(vertex) is outside 0 ..< \(vertexCount)")
      precondition(weight >= 0 && weight < .infinity, "the weight of seed \(vertex) is \(weight)")
      unsafe teleport.base[Int(vertex)] = weight
      sum += weight
    }
    precondition(sum > 0, "personalised ranks need a seed with a weight above 0")
    let scale = Double(vertexCount) / sum
    for vertex in seeds.keys { unsafe teleport.base[Int(vertex)] *= scale }
    return teleport
  }

  /// Calls `body` with each vertex of a range and what flows into it: the shares at the other ends of its incoming
  /// edges, times their weights, summed in 64 bits in one fixed order.
  @inline(__always)
  static func pull<Share: PulledValue>(
    _ incoming: AdjacencyPointers, _ weights: UnsafePointer<Double>?, _ shares: UnsafePointer<Share>,
    _ range: Range<Int>, _ body: (Int, Double) -> Void
  ) {
    let neighbours = unsafe incoming.neighbours
    var slot = unsafe Int(incoming.offsets[range.lowerBound])
    for vertex in range {
      let end = unsafe Int(incoming.offsets[vertex &+ 1])
      var sum = 0.0
      if let weights = unsafe weights {
        while slot < end {
          unsafe sum += Double(shares[Int(neighbours[slot])]) * weights[slot]
          slot &+= 1
        }
      } else {
        // four at a time: additions that need not wait for each other
        while slot &+ 4 <= end {
          let a = unsafe Double(shares[Int(neighbours[slot])]) + Double(shares[Int(neighbours[slot &+ 1])])
          let b = unsafe Double(shares[Int(neighbours[slot &+ 2])]) + Double(shares[Int(neighbours[slot &+ 3])])
          sum += a + b
          slot &+= 4
        }
        while slot < end {
          unsafe sum += Double(shares[Int(neighbours[slot])])
          slot &+= 1
        }
      }
      body(vertex, sum)
    }
  }
}

/// A value that is pulled along edges: 32 or 64 bits.
protocol PulledValue: BinaryFloatingPoint, BitwiseCopyable, Sendable {}
extension Float: PulledValue {}
extension Double: PulledValue {}
