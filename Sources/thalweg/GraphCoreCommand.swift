import ArgumentParser
import PropertyGraph

/// `thalweg graph core`.
struct GraphCoreCommand: ParsableCommand, EnvironmentConfigurable {
  static let configuration = CommandConfiguration(
    commandName: "core",
    abstract: "Core numbers: the densest part of the graph a vertex belongs to.",
    discussion: """
      The largest k for which the vertex is one of a set that all have k neighbours in the set. Edges are taken without \
      direction; loops and repeated edges do not count.

      Example:
        thalweg graph core friends.txt --top 10
      """)

  @OptionGroup(title: "Input") var input: GraphInputOptions
  @OptionGroup(title: "Output") var top: GraphTopOptions
  @OptionGroup(title: "Output") var output: GraphOutputOptions

  static let environmentOptions = options(
    "\(GraphInputOptions.environmentNames) top output", switches: GraphInputOptions.environmentSwitches)

  func run() throws {
    let graph = try input.read(command: "core")
    let numbers = CoreNumbers.numbers(Topology(graph.edges, vertexCount: graph.vertices.count))
    try output.write(.steps(numbers), of: graph, top: top.top)
  }
}
