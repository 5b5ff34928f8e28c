import ArgumentParser
import PropertyGraph

/// `thalweg graph clustering`.
struct GraphClusteringCommand: ParsableCommand, EnvironmentConfigurable {
  static let configuration = CommandConfiguration(
    commandName: "clustering",
    abstract: "Local clustering coefficients: how far a vertex's neighbours know each other.",
    discussion: """
      The share of the edges that could join a vertex's neighbours that are there, from 0 to 1 (LCC of LDBC \
      Graphalytics): edges each way count singly, unless --undirected is given.

      Example:
        thalweg graph clustering friends.txt --undirected
      """)

  @OptionGroup(title: "Input") var input: GraphInputOptions
  @OptionGroup(title: "Output") var top: GraphTopOptions
  @OptionGroup(title: "Output") var output: GraphOutputOptions

  static let environmentOptions = options(
    "\(GraphInputOptions.environmentNames) top output", switches: GraphInputOptions.environmentSwitches)

  func run() throws {
    let graph = try input.read(command: "clustering")
    try output.write(.numbers(ClusteringCoefficient.local(graph.topology())), of: graph, top: top.top)
  }
}
