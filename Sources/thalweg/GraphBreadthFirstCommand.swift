import ArgumentParser
import PropertyGraph

/// `thalweg graph bfs`.
struct GraphBreadthFirstCommand: ParsableCommand, EnvironmentConfigurable {
  static let configuration = CommandConfiguration(
    commandName: "bfs",
    abstract: "How many edges away every vertex is from a source.",
    discussion: """
      Vertices out of reach get 9223372036854775807, as LDBC Graphalytics writes it; --top leaves them out.

      Example:
        thalweg graph bfs links.txt --source home
      """)

  @OptionGroup(title: "Input") var input: GraphInputOptions
  @Option(help: ArgumentHelp("The vertex where paths start.", valueName: "id"))
  var source: String
  @OptionGroup(title: "Output") var top: GraphTopOptions
  @OptionGroup(title: "Output") var output: GraphOutputOptions

  static let environmentOptions = options(
    "\(GraphInputOptions.environmentNames) source top output", switches: GraphInputOptions.environmentSwitches)

  func run() throws {
    let graph = try input.read(command: "bfs")
    let start = try graph.vertex(source, option: "--source")
    try output.write(.steps(BreadthFirstSearch.distances(graph.topology(), from: start)), of: graph, top: top.top)
  }
}
