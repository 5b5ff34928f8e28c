import ArgumentParser
import Foundation
import PropertyGraph

/// `thalweg graph pagerank`.
struct GraphPageRankCommand: ParsableCommand, EnvironmentConfigurable {
  static let configuration = CommandConfiguration(
    commandName: "pagerank",
    abstract: "PageRank, to a certified tolerance or for a number of iterations.",
    discussion: """
      Vertices without edges out spread their rank over all vertices alike. With --source, walks start at these \
      vertices (personalised PageRank).

      Examples:
        thalweg graph pagerank links.txt --top 10
        thalweg graph pagerank links.txt --iterations 20 --scale n
        thalweg graph pagerank links.csv --weighted --source home --source shop
      """)

  /// What ranks sum to.
  enum Scale: String, ExpressibleByArgument, CaseIterable {
    case one, n
  }

  @OptionGroup(title: "Input") var input: GraphInputOptions
  @Flag(help: "Follow edges in proportion to their weights, which are read from the file.")
  var weighted = false
  @Option(
    help: ArgumentHelp(
      "The ranks differ from the exact ones by at most this in sum. (default: 1e-6)", valueName: "share"))
  var tolerance: Double?
  @Option(help: ArgumentHelp("Instead: this many rounds from equal ranks.", valueName: "count"))
  var iterations: Int?
  @Option(help: ArgumentHelp("The chance to follow an edge rather than to start anew.", valueName: "share"))
  var damping = 0.85
  @Option(help: "What the ranks sum to: one, or n, the number of vertices.")
  var scale = Scale.one
  @Option(help: ArgumentHelp("Walks start at this vertex; may be repeated. (default: at all alike)", valueName: "id"))
  var source: [String] = []
  @OptionGroup(title: "Output") var top: GraphTopOptions
  @OptionGroup(title: "Output") var output: GraphOutputOptions

  static let environmentOptions = options(
    "\(GraphInputOptions.environmentNames) tolerance iterations damping scale top output",
    switches: "\(GraphInputOptions.environmentSwitches) weighted")

  func validate() throws {
    if !(damping >= 0 && damping < 1) { throw ValidationError("--damping must be 0 or more and below 1") }
    if let tolerance, !(tolerance > 0 && tolerance.isFinite) { throw ValidationError("--tolerance must be above 0") }
    if let iterations, iterations < 0 { throw ValidationError("--iterations must be zero or more") }
    if tolerance != nil, iterations != nil {
      throw ValidationError("--tolerance and --iterations are two ways to end; give one of them")
    }
  }

  func run() throws {
    let graph = try input.read(command: "pagerank", weighted: weighted)
    var seeds: [VertexIndex: Double]?
    for id in source { seeds = (seeds ?? [:]).merging([try graph.vertex(id, option: "--source"): 1]) { $0 + $1 } }
    let options = PageRankOptions(
      damping: damping, termination: iterations.map { .iterations($0) } ?? .tolerance(tolerance ?? 1e-6),
      weighted: weighted, personalization: seeds)
    // a file of an undirected format holds both directions already, and a loop once
    let topology =
      graph.isUndirected && !graph.isSymmetric
      ? graph.topology(loops: .keep) : Topology(graph.edges, vertexCount: graph.vertices.count)
    let result = PageRank.ranks(topology, options: options)
    if !input.quiet {
      let bound = String(format: "%.1e", result.bound)
      Terminal.say(
        "ranks differ from the exact ones by \(bound) at most in sum, after \(result.iterations) scans of the edges")
    }
    let factor = scale == .one ? 1 : Double(graph.vertices.count)
    try output.write(.numbers(result.ranks.map { $0 * factor }), of: graph, top: top.top)
  }
}
