import ArgumentParser
import PropertyGraph

/// `thalweg graph triangles`.
struct GraphTrianglesCommand: ParsableCommand, EnvironmentConfigurable {
  static let configuration = CommandConfiguration(
    commandName: "triangles",
    abstract: "How many triangles every vertex is part of.",
    discussion: """
      Edges are taken without direction; loops and repeated edges do not count.

      Example:
        thalweg graph triangles friends.txt --top 10
      """)

  @OptionGroup(title: "Input") var input: GraphInputOptions
  @OptionGroup(title: "Output") var top: GraphTopOptions
  @OptionGroup(title: "Output") var output: GraphOutputOptions

  static let environmentOptions = options(
    "\(GraphInputOptions.environmentNames) top output", switches: GraphInputOptions.environmentSwitches)

  func run() throws {
    let graph = try input.read(command: "triangles")
    let counts = TriangleCount.counts(Topology(graph.edges, vertexCount: graph.vertices.count))
    if !input.quiet { Terminal.say("triangles in all: \(TriangleCount.total(counts))") }
    try output.write(.counts(counts), of: graph, top: top.top)
  }
}
