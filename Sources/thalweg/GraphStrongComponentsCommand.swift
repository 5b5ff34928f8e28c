import ArgumentParser
import PropertyGraph

/// `thalweg graph strong-components`.
struct GraphStrongComponentsCommand: ParsableCommand, EnvironmentConfigurable {
  static let configuration = CommandConfiguration(
    commandName: "strong-components",
    abstract: "Strongly connected components: vertices that reach each other.",
    discussion: """
      Prints the component of every vertex, named by its member with the lowest id. With --top, the largest components \
      and how many vertices they have.

      Example:
        thalweg graph strong-components follows.csv --output groups.txt
      """)

  @OptionGroup(title: "Input") var input: GraphInputOptions
  @OptionGroup(title: "Output") var top: GraphTopOptions
  @OptionGroup(title: "Output") var output: GraphOutputOptions

  static let environmentOptions = options(
    "\(GraphInputOptions.environmentNames) top output", switches: GraphInputOptions.environmentSwitches)

  func run() throws {
    let graph = try input.read(command: "strong-components")
    try output.write(groups: StronglyConnectedComponents.labels(graph.topology()), of: graph, top: top.top)
  }
}
