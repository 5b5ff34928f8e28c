import ArgumentParser
import PropertyGraph

/// `thalweg graph components`.
struct GraphComponentsCommand: ParsableCommand, EnvironmentConfigurable {
  static let configuration = CommandConfiguration(
    commandName: "components",
    abstract: "Connected components, edges taken without direction.",
    discussion: """
      Prints the component of every vertex, named by its member with the lowest id. With --top, the largest components \
      and how many vertices they have.

      Examples:
        thalweg graph components links.txt
        thalweg graph components links.txt --top 3
      """)

  @OptionGroup(title: "Input") var input: GraphInputOptions
  @OptionGroup(title: "Output") var top: GraphTopOptions
  @OptionGroup(title: "Output") var output: GraphOutputOptions

  static let environmentOptions = options(
    "\(GraphInputOptions.environmentNames) top output", switches: GraphInputOptions.environmentSwitches)

  func run() throws {
    let graph = try input.read(command: "components")
    let labels = ConnectedComponents.labels(Topology(graph.edges, vertexCount: graph.vertices.count))
    try output.write(groups: labels, of: graph, top: top.top)
  }
}
