import Testing

@testable import PropertyGraph

/// Training against the formulas of GraphX written out edge by edge, and what training is for: the error falls.
@Suite struct SingularValueFactorsTests {
  /// Users 0 ..< 40 rate items 40 ..< 70 by hidden tastes.
  func ratings(seed: UInt64) -> Topology {
    var random = TestRandom(seed: seed)
    let tastes = (0..<70).map { _ in (Double(random.below(100)) / 50 - 1, Double(random.below(100)) / 50 - 1) }
    var list = EdgeList(weighted: true)
    for user in 0..<40 {
      for item in 40..<70 where random.below(3) == 0 {
        let sum = 3 + tastes[user].0 * tastes[item].0 + tastes[user].1 * tastes[item].1
        list.append(VertexIndex(user), VertexIndex(item), weight: min(5, max(1, sum)))
      }
    }
    return Topology(list, vertexCount: 70)
  }

  /// One round as GraphX's sendMsgTrainF and its joins do it, from the factors before it.
  func round(
    _ topology: Topology, _ factors: SingularValueFactors, _ options: SingularValueFactors.Options
  ) -> (biases: [Double], vectors: [Double], items: [Double]) {
    let rank = options.rank
    var (biases, vectors, items) = (factors.biases, factors.vectors, factors.implicitVectors)
    let outgoing = topology.outgoing
    for user in 0..<VertexIndex(topology.vertexCount) {
      let norm = 1 / Double(outgoing.degree(of: user)).squareRoot()
      for slot in outgoing.slots(of: user) {
        let item = outgoing.neighbours[slot]
        let error = outgoing.weights![slot] - factors.rating(user: user, item: item)
        biases[Int(user)] += (error - options.gamma6 * factors.biases[Int(user)]) * options.gamma1
        biases[Int(item)] += (error - options.gamma6 * factors.biases[Int(item)]) * options.gamma1
        for k in 0..<rank {
          let (u, i) = (Int(user) * rank + k, Int(item) * rank + k)
          let (p, q, y) = (factors.vectors[u], factors.vectors[i], factors.implicitVectors[i])
          vectors[u] += (error * q - options.gamma7 * p) * options.gamma2
          vectors[i] += (error * factors.implicitVectors[u] - options.gamma7 * q) * options.gamma2
          items[i] += (error * norm * q - options.gamma7 * y) * options.gamma2
        }
      }
    }
    return (biases, vectors, items)
  }

  @Test(arguments: [1, 2, 3] as [UInt64])
  func roundsFollowTheFormulas(seed: UInt64) {
    let topology = ratings(seed: seed)
    var options = SingularValueFactors.Options(rank: 4, iterations: 3, ratings: 1...5, seed: seed)
    let before = SingularValueFactors.train(topology, options: options)
    let expected = round(topology, before, options)
    options.iterations = 4
    let after = SingularValueFactors.train(topology, options: options)
    func near(_ a: Double, _ b: Double) -> Bool { abs(a - b) < 1e-12 }
    #expect(zip(after.biases, expected.biases).allSatisfy(near))
    #expect(zip(after.vectors, expected.vectors).allSatisfy(near))
    for i in 40 * 4..<70 * 4 { #expect(near(after.implicitVectors[i], expected.items[i])) }
    // a user's second vector is its first and what its items say
    let outgoing = topology.outgoing
    for user in 0..<VertexIndex(40) where outgoing.degree(of: user) > 0 {
      let norm = 1 / Double(outgoing.degree(of: user)).squareRoot()
      for k in 0..<4 {
        let sum = outgoing.neighbours(of: user).reduce(0) { $0 + after.implicitVectors[Int($1) * 4 + k] }
        #expect(near(after.implicitVectors[Int(user) * 4 + k], after.vectors[Int(user) * 4 + k] + norm * sum))
      }
    }
  }

  @Test func trainingLowersTheErrorAndRepeats() {
    let topology = ratings(seed: 9)
    func factors(_ iterations: Int, seed: UInt64 = 1) -> SingularValueFactors {
      SingularValueFactors.train(
        topology, options: SingularValueFactors.Options(rank: 4, iterations: iterations, ratings: 1...5, seed: seed))
    }
    let errors = [0, 20, 200].map { factors($0).meanSquaredError(topology) }
    #expect(errors[1] < errors[0] && errors[2] < errors[1] && errors[2] < 0.15)
    #expect(factors(20) == factors(20))
    #expect(factors(20) != factors(20, seed: 2))
    let rating = factors(20).rating(user: 0, item: 45)
    #expect(rating >= 1 && rating <= 5)
  }

  @Test func noEdgesAndIsolatedVertices() {
    let factors = SingularValueFactors.train(Topology(EdgeList(weighted: true), vertexCount: 3))
    #expect(factors.biases == [0, 0, 0] && factors.mean == 0)
    #expect(factors.meanSquaredError(Topology(EdgeList(weighted: true), vertexCount: 3)) == 0)
  }
}
