/// Trains ``SingularValueFactors``: rounds that read the old vectors and write new ones, pulled by each vertex.
///
/// A round: every user adds up its items' second vectors; every edge's error is taken; then each vertex sums the
/// gradients of its edges out, and of those in, in their order. Nothing is written by two threads.
struct FactorTrainer {
  private let topology: Topology
  private let options: SingularValueFactors.Options
  private let mean: Double
  private var biases: FreshBuffer<Double>
  private var vectors: FreshBuffer<Double>
  /// The second vectors; those of users are replaced in each round.
  private var seconds: FreshBuffer<Double>
  private var newBiases: FreshBuffer<Double>
  private var newVectors: FreshBuffer<Double>
  private var newSeconds: FreshBuffer<Double>
  /// 1 over the square root of the number of a vertex's edges.
  private let norms: FreshBuffer<Double>

  init(_ topology: Topology, _ options: SingularValueFactors.Options) {
    (self.topology, self.options) = (topology, options)
    let vertexCount = topology.vertexCount
    let valueCount = vertexCount * options.rank
    (biases, newBiases) = (FreshBuffer(count: vertexCount), FreshBuffer(count: vertexCount))
    (vectors, newVectors) = (FreshBuffer(count: valueCount), FreshBuffer(count: valueCount))
    (seconds, newSeconds) = (FreshBuffer(count: valueCount), FreshBuffer(count: valueCount))
    norms = FreshBuffer(count: vertexCount)
    let edgeCount = max(1, topology.edgeCount)
    mean = (topology.outgoing.weights?.reduce(0, +) ?? Double(topology.edgeCount)) / Double(edgeCount)
    let (outgoing, incoming) = (topology.outgoing, topology.incoming)
    for v in 0..<vertexCount {
      let vertex = VertexIndex(v)
      var sum = 0.0
      for adjacency in [outgoing, incoming] {
        for slot in adjacency.slots(of: vertex) { sum += adjacency.weights?[slot] ?? 1 }
      }
      let count = Double(outgoing.degree(of: vertex) + incoming.degree(of: vertex))
      unsafe biases.base[v] = count > 0 ? sum / count - mean : 0
      unsafe norms.base[v] = count > 0 ? 1 / count.squareRoot() : 0
    }
    for i in 0..<valueCount {
      unsafe vectors.base[i] = Self.random(options.seed, UInt64(2 * i))
      unsafe seconds.base[i] = Self.random(options.seed, UInt64(2 * i + 1))
    }
    sumItems()
  }

  /// A number in 0 ..< 1 for each index (SplitMix64: Steele, Lea, Flood 2014).
  private static func random(_ seed: UInt64, _ index: UInt64) -> Double {
    var z = seed &+ (index &+ 1) &* 0x9e37_79b9_7f4a_7c15
    z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
    return Double((z ^ z >> 31) >> 11) * 0x1p-53
  }

  /// Sets the second vector of each user to its vector plus what its items say; GraphX's first phase.
  private func sumItems() {
    let (rank, vectors, seconds, norms) = unsafe (options.rank, vectors.base, seconds.base, norms.base)
    let out = unsafe newSeconds.base
    topology.outgoing.withPointers { outgoing in
      let ranges = VertexRanges(outgoing)
      ranges.run { _, range in
        for user in range where outgoing.degree(of: user) > 0 {
          for k in 0..<rank { unsafe out[user * rank + k] = 0 }
          for slot in outgoing.slots(of: user) {
            let item = unsafe Int(outgoing.neighbours[slot]) * rank
            for k in 0..<rank { unsafe out[user * rank + k] += seconds[item + k] }
          }
          for k in 0..<rank {
            unsafe out[user * rank + k] = unsafe vectors[user * rank + k] + norms[user] * out[user * rank + k]
          }
        }
      }
      // only then are they replaced: a user may be another one's item
      ranges.run { _, range in
        for user in range where outgoing.degree(of: user) > 0 {
          for k in user * rank..<(user + 1) * rank { unsafe seconds[k] = unsafe out[k] }
        }
      }
    }
  }

  /// GraphX's second phase, and the sums for the next round.
  mutating func iterate() {
    let incoming = topology.incoming
    topology.outgoing.withPointers { out in
      incoming.withPointers { into in
        VertexRanges(out).run { _, range in
          for vertex in range { update(vertex, out, into) }
        }
      }
    }
    swap(&biases, &newBiases)
    swap(&vectors, &newVectors)
    swap(&seconds, &newSeconds)
    sumItems()
  }

  /// Sums the gradients of a vertex's edges as a user and as an item.
  private func update(_ vertex: Int, _ out: AdjacencyPointers, _ into: AdjacencyPointers) {
    let (rank, biases, vectors, seconds) = unsafe (options.rank, biases.base, vectors.base, seconds.base)
    let (step, pull) = (options.gamma2, options.gamma7)
    let own = vertex * rank
    var bias = unsafe biases[vertex]
    let vector = unsafe newVectors.base + own
    let second = unsafe newSeconds.base + own
    for k in 0..<rank { unsafe (vector[k], second[k]) = unsafe (vectors[own + k], seconds[own + k]) }
    for slot in out.slots(of: vertex) {
      let item = unsafe Int(out.neighbours[slot])
      let error = unsafe self.error(vertex, item, out.weights?[slot] ?? 1)
      unsafe bias += (error - options.gamma6 * biases[vertex]) * options.gamma1
      for k in 0..<rank { unsafe vector[k] += step * (error * vectors[item * rank + k] - pull * vectors[own + k]) }
    }
    for slot in into.slots(of: vertex) {
      let user = unsafe Int(into.neighbours[slot])
      let error = unsafe self.error(user, vertex, into.weights?[slot] ?? 1)
      unsafe bias += (error - options.gamma6 * biases[vertex]) * options.gamma1
      let norm = unsafe norms.base[user]
      for k in 0..<rank {
        unsafe vector[k] += step * (error * seconds[user * rank + k] - pull * vectors[own + k])
        unsafe second[k] += step * (error * norm * vectors[own + k] - pull * seconds[own + k])
      }
    }
    unsafe newBiases.base[vertex] = bias
  }

  @inline(__always)
  private func error(_ user: Int, _ item: Int, _ rating: Double) -> Double {
    let (rank, vectors, seconds) = unsafe (options.rank, vectors.base, seconds.base)
    var sum = unsafe mean + biases.base[user] + biases.base[item]
    for k in 0..<rank { unsafe sum += vectors[item * rank + k] * seconds[user * rank + k] }
    return rating - min(max(sum, options.ratings.lowerBound), options.ratings.upperBound)
  }

  func factors() -> SingularValueFactors {
    func array(_ buffer: FreshBuffer<Double>) -> [Double] {
      unsafe Array(UnsafeBufferPointer(start: buffer.base, count: buffer.count))
    }
    return SingularValueFactors(
      rank: options.rank, ratings: options.ratings, mean: mean, biases: array(biases), vectors: array(vectors),
      implicitVectors: array(seconds))
  }
}
