import ArgumentParser
import FlatMemory
import PropertyGraph

/// `thalweg graph generate`: seeded graphs as edge lists, the same bytes for the same options.
struct GraphGenerateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "generate",
    abstract: "Write a generated graph as an edge list.",
    discussion: """
      A line 'source target' per edge, vertices being named 0, 1, 2 and so on. The same options give the same bytes.

      Examples:
        thalweg graph generate rmat --scale 18 --seed 1 --output rmat.txt
        thalweg graph generate grid --rows 9 --columns 9 | thalweg graph core
      """,
    subcommands: [RMAT.self, LogNormal.self, Random.self, Grid.self, Star.self, Path.self])

  struct SeedOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Every random choice derives from it.", valueName: "number"))
    var seed: UInt64 = 1
  }

  /// Prints the edges in their order.
  static func write(_ graph: GeneratedGraph, to output: GraphOutputOptions) throws {
    try output.write { text, drain in
      let edges = graph.edges
      for i in 0..<edges.count {
        text.reserve(32)
        text.integer(Int64(edges.sources[i]))
        text.byte(UInt8(ascii: " "))
        text.integer(Int64(edges.targets[i]))
        text.byte(UInt8(ascii: "\n"))
        try drain(&text)
      }
    }
  }

  static func check(vertices: Int, edges: Int) throws {
    guard GraphGenerator.fits(vertexCount: vertices, edgeCount: edges) else {
      throw ValidationError("a graph has up to 4294967294 vertices and as many edges")
    }
  }

  struct RMAT: ParsableCommand, EnvironmentConfigurable {
    static let configuration = CommandConfiguration(
      commandName: "rmat", abstract: "Skewed degrees as in the web: R-MAT, as in the Graph 500 benchmark.")
    @Option(help: ArgumentHelp("The graph has 2^scale vertices.", valueName: "number"))
    var scale: Int
    @Option(help: ArgumentHelp("Edges per vertex.", valueName: "count"))
    var edgeFactor = 16
    @Option(help: ArgumentHelp("Chance of the upper left quarter of the matrix.", valueName: "share"))
    var a = 0.57
    @Option(help: ArgumentHelp("Chance of the upper right quarter.", valueName: "share"))
    var b = 0.19
    @Option(help: ArgumentHelp("Chance of the lower left quarter.", valueName: "share"))
    var c = 0.19
    @OptionGroup var seed: SeedOptions
    @OptionGroup var output: GraphOutputOptions
    static let environmentOptions = options("scale edge-factor a b c seed output")

    private var generator: RMATGenerator {
      RMATGenerator(scale: scale, edgeFactor: edgeFactor, a: a, b: b, c: c, seed: seed.seed)
    }
    func validate() throws {
      guard generator.isValid else {
        throw ValidationError(
          "--scale must be from 0 to 31 and the edges below 2^32; --a, --b and --c are chances that sum to 1 at most")
      }
    }
    func run() throws { try GraphGenerateCommand.write(generator.graph(), to: output) }
  }

  struct LogNormal: ParsableCommand, EnvironmentConfigurable {
    static let configuration = CommandConfiguration(
      commandName: "lognormal", abstract: "Out-degrees from a log-normal distribution, targets by chance.")
    @Option(help: ArgumentHelp("Number of vertices.", valueName: "count"))
    var vertices: Int
    @Option(help: ArgumentHelp("Mean of the logarithm of the degrees.", valueName: "number"))
    var mean = 4.0
    @Option(help: ArgumentHelp("Standard deviation of the logarithm of the degrees.", valueName: "number"))
    var deviation = 1.3
    @OptionGroup var seed: SeedOptions
    @OptionGroup var output: GraphOutputOptions
    static let environmentOptions = options("vertices mean deviation seed output")

    func validate() throws {
      try GraphGenerateCommand.check(vertices: vertices, edges: 0)
      if !(mean.isFinite && abs(mean) <= 20) { throw ValidationError("--mean must be from -20 to 20") }
      if !(deviation >= 0 && deviation <= 10) { throw ValidationError("--deviation must be from 0 to 10") }
    }
    func run() throws {
      try GraphGenerateCommand.write(
        GraphGenerator.logNormal(vertexCount: vertices, mean: mean, deviation: deviation, seed: seed.seed), to: output)
    }
  }

  struct Random: ParsableCommand, EnvironmentConfigurable {
    static let configuration = CommandConfiguration(
      commandName: "random", abstract: "Different edges by chance: G(n, m) after Erdős and Rényi, without loops.")
    @Option(help: ArgumentHelp("Number of vertices.", valueName: "count"))
    var vertices: Int
    @Option(help: ArgumentHelp("Number of edges.", valueName: "count"))
    var edges: Int
    @OptionGroup var seed: SeedOptions
    @OptionGroup var output: GraphOutputOptions
    static let environmentOptions = options("vertices edges seed output")

    func validate() throws {
      try GraphGenerateCommand.check(vertices: vertices, edges: edges)
      let edgesMax = GraphGenerator.randomEdgesMax(vertexCount: vertices)
      if edges > edgesMax {
        throw ValidationError("--edges must be at most \(edgesMax): half of all between \(vertices) vertices")
      }
    }
    func run() throws {
      try GraphGenerateCommand.write(
        GraphGenerator.random(vertexCount: vertices, edgeCount: edges, seed: seed.seed), to: output)
    }
  }

  struct Grid: ParsableCommand, EnvironmentConfigurable {
    static let configuration = CommandConfiguration(
      commandName: "grid", abstract: "A grid with edges to the right and down.")
    @Option(help: ArgumentHelp("Number of rows.", valueName: "count"))
    var rows: Int
    @Option(help: ArgumentHelp("Number of columns.", valueName: "count"))
    var columns: Int
    @OptionGroup var output: GraphOutputOptions
    static let environmentOptions = options("rows columns output")

    func validate() throws {
      if rows < 0 || columns < 0 { throw ValidationError("--rows and --columns must be zero or more") }
      let (vertices, isTooLarge) = rows.multipliedReportingOverflow(by: columns)
      try GraphGenerateCommand.check(vertices: vertices, edges: isTooLarge ? .max : vertices > 1 << 31 ? .max : 0)
    }
    func run() throws { try GraphGenerateCommand.write(GraphGenerator.grid(rows: rows, columns: columns), to: output) }
  }

  struct Star: ParsableCommand, EnvironmentConfigurable {
    static let configuration = CommandConfiguration(
      commandName: "star", abstract: "An edge from every other vertex to vertex 0.")
    @Option(help: ArgumentHelp("Number of vertices.", valueName: "count"))
    var vertices: Int
    @OptionGroup var output: GraphOutputOptions
    static let environmentOptions = options("vertices output")

    func validate() throws { try GraphGenerateCommand.check(vertices: vertices, edges: 0) }
    func run() throws { try GraphGenerateCommand.write(GraphGenerator.star(vertexCount: vertices), to: output) }
  }

  struct Path: ParsableCommand, EnvironmentConfigurable {
    static let configuration = CommandConfiguration(
      commandName: "path", abstract: "An edge from every vertex to the next.")
    @Option(help: ArgumentHelp("Number of vertices.", valueName: "count"))
    var vertices: Int
    @OptionGroup var output: GraphOutputOptions
    static let environmentOptions = options("vertices output")

    func validate() throws { try GraphGenerateCommand.check(vertices: vertices, edges: 0) }
    func run() throws { try GraphGenerateCommand.write(GraphGenerator.path(vertexCount: vertices), to: output) }
  }
}
