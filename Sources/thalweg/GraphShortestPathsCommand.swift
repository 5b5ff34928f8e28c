import ArgumentParser
import PropertyGraph

/// `thalweg graph shortest-paths`.
struct GraphShortestPathsCommand: ParsableCommand, EnvironmentConfigurable {
  static let configuration = CommandConfiguration(
    commandName: "shortest-paths",
    abstract: "Lengths of the shortest paths from a source.",
    discussion: """
      Without --weighted, every edge counts 1. Vertices out of reach get Infinity; --top leaves them out.

      Example:
        thalweg graph shortest-paths roads.csv --undirected --weighted --source 17
      """)

  @OptionGroup(title: "Input") var input: GraphInputOptions
  @Flag(help: "The length of an edge is its weight, which is read from the file.")
  var weighted = false
  @Option(help: ArgumentHelp("The vertex where paths start.", valueName: "id"))
  var source: String
  @OptionGroup(title: "Output") var top: GraphTopOptions
  @OptionGroup(title: "Output") var output: GraphOutputOptions

  static let environmentOptions = options(
    "\(GraphInputOptions.environmentNames) source top output",
    switches: "\(GraphInputOptions.environmentSwitches) weighted")

  func run() throws {
    let graph = try input.read(command: "shortest-paths", weighted: weighted)
    let start = try graph.vertex(source, option: "--source")
    // of several edges between two vertices the shortest counts, not their sum
    let distances = ShortestPaths.distances(graph.topology(duplicates: .keep), from: start)
    try output.write(.numbers(distances), of: graph, top: top.top)
  }
}
