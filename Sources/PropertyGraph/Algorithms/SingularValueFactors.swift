/// Factors of rated edges from users to items (SVD++: Koren 2008), trained as GraphX's SVDPlusPlus does it.
///
/// A rating is predicted as `mean + bias(user) + bias(item) + item · (user + implicit(user))`, where implicit(user) is
/// the sum of the second vectors of the items the user has rated, divided by the square root of their number. In each
/// round all errors are taken first and every vector then moves by the sum of its edges' gradients.
/// Guarantees: the same on any number of threads and for the same seed. Every vertex begins with random numbers of its
/// own (GraphX gives all the same, which keeps users alike).
/// Cost: about 6·rank multiplications an edge and round, in parallel; 32·rank bytes a vertex.
public struct SingularValueFactors: Sendable, Equatable {
  public struct Options: Sendable, Equatable {
    /// The length of the vectors.
    public var rank: Int
    public var iterations: Int
    /// Predictions are cut to this range.
    public var ratings: ClosedRange<Double>
    /// The step of the biases and of the vectors, and how strongly each are pulled back to 0.
    public var gamma1, gamma2, gamma6, gamma7: Double
    public var seed: UInt64

    public init(
      rank: Int = 10, iterations: Int = 10, ratings: ClosedRange<Double> = 0...5, gamma1: Double = 0.007,
      gamma2: Double = 0.007, gamma6: Double = 0.005, gamma7: Double = 0.015, seed: UInt64 = 1
    ) {
      precondition(rank > 0 && iterations >= 0, "rank \(rank), \(iterations) iterations")
      (self.rank, self.iterations, self.ratings) = (rank, iterations, ratings)
      (self.gamma1, self.gamma2, self.gamma6, self.gamma7) = (gamma1, gamma2, gamma6, gamma7)
      self.seed = seed
    }
  }

  public let rank: Int
  public let ratings: ClosedRange<Double>
  /// The mean of all ratings.
  public let mean: Double
  /// How far a vertex's ratings lie from the mean.
  public internal(set) var biases: [Double]
  /// `rank` numbers a vertex: what a user likes, what an item is.
  public internal(set) var vectors: [Double]
  /// `rank` numbers a vertex: of an item, what having rated it says about a user; of a user, its vector and all that
  /// its items say.
  public internal(set) var implicitVectors: [Double]

  /// The rating that a user would give an item.
  public func rating(user: VertexIndex, item: VertexIndex) -> Double {
    var sum = mean + biases[Int(user)] + biases[Int(item)]
    for k in 0..<rank { sum += vectors[Int(item) * rank + k] * implicitVectors[Int(user) * rank + k] }
    return min(max(sum, ratings.lowerBound), ratings.upperBound)
  }

  /// The mean of the squared differences between the ratings on the edges and those predicted; 0 without edges.
  public func meanSquaredError(_ topology: Topology) -> Double {
    let outgoing = topology.outgoing
    if topology.edgeCount == 0 { return 0 }
    let sum = outgoing.withPointers { out in
      VertexRanges(out).sum { range in
        var sum = 0.0
        for user in range {
          for slot in out.slots(of: user) {
            let difference =
              unsafe (out.weights?[slot] ?? 1) - rating(user: VertexIndex(user), item: out.neighbours[slot])
            sum += difference * difference
          }
        }
        return sum
      }
    }
    return sum / Double(topology.edgeCount)
  }

  /// Trains factors on edges from users to items; an edge's weight is its rating.
  public static func train(_ topology: Topology, options: Options = Options()) -> SingularValueFactors {
    var trainer = FactorTrainer(topology, options)
    for _ in 0..<options.iterations { trainer.iterate() }
    return trainer.factors()
  }

  init(
    rank: Int, ratings: ClosedRange<Double>, mean: Double, biases: [Double], vectors: [Double],
    implicitVectors: [Double]
  ) {
    (self.rank, self.ratings, self.mean, self.biases) = (rank, ratings, mean, biases)
    (self.vectors, self.implicitVectors) = (vectors, implicitVectors)
  }
}
