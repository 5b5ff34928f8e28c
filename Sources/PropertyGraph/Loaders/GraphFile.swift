public import EventFormats

/// A graph as a file holds it.
public struct LoadedGraph: Sendable {
  /// The names of the vertices, those without edges included.
  public var vertices: VertexDictionary
  /// In the order of the file. Undirected formats give every edge in both directions.
  public var edges: EdgeList
  public var format: GraphFormat
  /// Whether the format says that edges have no direction: METIS and symmetric matrices.
  public var isUndirected: Bool
  public var lineCount: Int
  public var malformedLineCount: Int
  /// The first malformed lines, 100 at most.
  public var malformedLines: [MalformedLine]
  /// What is odd about the file but does not keep it from being read.
  public var warnings: [String]
}

/// What is read of a graph file, and how.
public struct GraphFileOptions: Sendable {
  /// Nil: find out from the content.
  public var format: GraphFormat?
  /// Whether edges get the weights in the file. Otherwise these are not looked at.
  public var readsWeights: Bool
  /// Whether edges get the times in the file; edge lists only.
  public var readsTimes: Bool
  /// The highest share of malformed lines in percent; nil: half of the first 1,000 lines.
  public var badPercentMax: Double?

  public init(
    format: GraphFormat? = nil, readsWeights: Bool = false, readsTimes: Bool = false, badPercentMax: Double? = nil
  ) {
    (self.format, self.readsWeights, self.readsTimes) = (format, readsWeights, readsTimes)
    self.badPercentMax = badPercentMax
  }
}

/// Reads graphs from text files, plain or compressed with zstd or gzip.
///
/// Guarantees: vertices are numbered in the order of their first appearance; a malformed line gives nothing and is
/// counted and handed on with its place and its bytes; nothing else is dropped but comments (`#`, `%`) and blank lines.
/// Cost: read in blocks of 1 MiB on one thread; some 25 ns a line of two plain integers. Memory: the edges and names,
/// and a block.
public enum GraphFile {
  /// Reads a file, `-` being stdin.
  ///
  /// Throws `InputError` when it cannot be read, ``GraphFileError`` when it holds no graph or too many malformed lines,
  /// and what `malformed` throws.
  public static func read(
    path: String, options: GraphFileOptions = GraphFileOptions(),
    malformed: @escaping (MalformedLine) throws -> Void = { _ in }
  ) throws -> LoadedGraph {
    try read(try openInput(path: path), options: options, malformed: malformed)
  }

  /// Reads an input to its end.
  public static func read(
    _ input: any ByteInput, options: GraphFileOptions = GraphFileOptions(),
    malformed: @escaping (MalformedLine) throws -> Void = { _ in }
  ) throws -> LoadedGraph {
    let blocks = LineBlocks(input)
    var graph = GraphAssembly(
      source: input.name, weighted: options.readsWeights, timed: options.readsTimes,
      malformed: MalformedLines(source: input.name, percentMax: options.badPercentMax, handler: malformed))
    guard let first = try blocks.next() else {
      throw GraphFileError(.malformed, "\(input.name): the input is empty; there is no graph in it")
    }
    let (format, parser) = try makeParser(first, input.name, options)
    try run(parser, input, from: first, blocks, &graph)
    return LoadedGraph(
      vertices: graph.vertices, edges: graph.edges, format: format,
      isUndirected: format == .metis || (parser as? MatrixMarketParser).map { $0.symmetry != .general } ?? false,
      lineCount: graph.lineNumber, malformedLineCount: graph.malformed.count, malformedLines: graph.malformed.kept,
      warnings: graph.warnings)
  }

  /// Adds the vertices of a list to a graph: the first field of every line. Those that are there already stay.
  ///
  /// Throws as ``read(path:options:malformed:)`` does. The counts of lines are those of both files.
  public static func addVertices(
    path: String, to loaded: inout LoadedGraph, badPercentMax: Double? = nil,
    malformed: @escaping (MalformedLine) throws -> Void = { _ in }
  ) throws {
    let input = try openInput(path: path)
    let blocks = LineBlocks(input)
    var graph = GraphAssembly(
      source: input.name, weighted: false, timed: false,
      malformed: MalformedLines(source: input.name, percentMax: badPercentMax, handler: malformed))
    swap(&graph.vertices, &loaded.vertices)
    defer { swap(&graph.vertices, &loaded.vertices) }
    guard let first = try blocks.next() else { return }
    try run(VertexListParser(firstLines(of: first)), input, from: first, blocks, &graph)
    loaded.lineCount += graph.lineNumber
    loaded.malformedLineCount += graph.malformed.count
    loaded.malformedLines += graph.malformed.kept
  }

  private static func run(
    _ parser: any GraphParser, _ input: any ByteInput, from first: LineBlock, _ blocks: LineBlocks,
    _ graph: inout GraphAssembly
  ) throws {
    var parser = parser
    var next: LineBlock? = first
    while let block = next {
      try parser.parse(block, into: &graph)
      if block.offset == first.offset { graph.reserve(bytesRead: input.bytesConsumed, of: input.sizeInBytes) }
      try graph.malformed.check(linesRead: graph.lineNumber - graph.skippedLines, isAtEnd: false)
      next = try blocks.next()
    }
    try graph.malformed.check(linesRead: graph.lineNumber - graph.skippedLines, isAtEnd: true)
    try parser.finish(&graph)
    try graph.flush()
  }

  private static func makeParser(
    _ block: LineBlock, _ name: String, _ options: GraphFileOptions
  ) throws -> (GraphFormat, any GraphParser) {
    let banner = unsafe TextLine(at: block.bytes, of: block)
    let lines = firstLines(of: block)
    let format = options.format ?? GraphFormatDetector.format(banner: banner, lines: lines, name: name)
    if options.readsTimes, format != .edges {
      throw GraphFileError(.badOption, "\(name) is \(format.description), which has no times")
    }
    switch format {
    case .edges:
      return (
        format,
        EdgeListParser(
          try EdgeColumns(
            lines, wantsWeights: options.readsWeights, wantsTimes: options.readsTimes, sourceName: name))
      )
    case .adjacency:
      if options.readsWeights {
        throw GraphFileError(
          .badOption,
          "\(name) is read as adjacency lists, which have no weights; leave out --weighted, or say --format edges")
      }
      return (format, AdjacencyParser(separator: EdgeColumns.delimiter(of: lines)))
    case .matrixMarket:
      return (format, try MatrixMarketParser(banner: banner, readsWeights: options.readsWeights, sourceName: name))
    case .metis:
      return (format, MetisParser(readsWeights: options.readsWeights))
    }
  }

  /// Up to 1,000 lines of a block that are neither blank nor comments, within its first 64 KiB.
  static func firstLines(of block: LineBlock) -> [TextLine] {
    var lines: [TextLine] = []
    var p = unsafe block.bytes
    while unsafe p < block.bytes + min(block.count, 1 << 16), lines.count < 1000 {
      let line = unsafe TextLine(at: p, of: block)
      if !line.isSkipped { lines.append(line) }
      unsafe p = unsafe line.next
    }
    return lines
  }
}
