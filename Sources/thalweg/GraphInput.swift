import ArgumentParser
import EventFormats
import FlatMemory
import Foundation
import PropertyGraph
import Replay

/// The graph a command works on, and how it is read.
struct GraphInputOptions: ParsableArguments {
  @Argument(help: "The file of edges; - or none is standard input.")
  var edges: String?
  @Option(help: "How the file holds the graph.")
  var format = Choice<GraphFormat>.auto
  @Flag(help: "Take every edge in both directions, as one edge however often it is given.")
  var undirected = false
  @Option(help: ArgumentHelp("A file of further vertices, the first field of each line.", valueName: "path"))
  var vertices: String?
  @Option(
    help: ArgumentHelp(
      "Stop when more lines than this are malformed. (default: 50% of the first 1,000)", valueName: "share"),
    transform: Percentage.init(argument:))
  var maxBad: Percentage?
  @Option(help: ArgumentHelp("Lines that were malformed, as NDJSON.", valueName: "path"))
  var deadLetters: String?
  @Flag(name: [.customShort("q"), .long], help: "Say nothing on stderr but warnings and errors.")
  var quiet = false

  static let environmentNames = "format vertices max-bad dead-letters"
  static let environmentSwitches = "undirected quiet"
}

/// A graph with the names of its vertices.
struct NamedGraph {
  var vertices: VertexDictionary
  var edges: EdgeList
  /// The input's name, for messages.
  var name: String
  /// Whether the file holds every edge in both directions, its format being undirected.
  var isSymmetric: Bool
  /// Whether edges were asked to have no direction.
  var isUndirected: Bool

  /// The edges as they are, or each of them in both directions.
  func topology(
    duplicates: Topology.DuplicateEdges = .merge, loops: Topology.SelfLoops = .drop
  ) -> Topology {
    let directed = Topology(edges, vertexCount: vertices.count)
    return isUndirected || isSymmetric ? directed.undirected(duplicates: duplicates, loops: loops) : directed
  }

  /// The vertex named on the command line.
  func vertex(_ id: String, option: String) throws -> VertexIndex {
    guard let vertex = vertices.find(VertexID(id)) else {
      throw CommandFailure(.usage, "\(option) \(id): there is no such vertex in \(name)")
    }
    return vertex
  }
}

extension GraphInputOptions {
  /// Reads the graph; says on stderr what it is and what was left out.
  func read(command: String, weighted: Bool = false) throws -> NamedGraph {
    if edges == nil, Terminal.isInput {
      throw CommandFailure(
        .usage,
        "no input: name a file, or pipe edges to standard input\n"
          + "See 'thalweg graph \(command) --help' for more information.")
    }
    if let vertices, vertices == "-", edges ?? "-" == "-" {
      throw CommandFailure(.usage, "--vertices -: standard input already gives the edges; name a file")
    }
    let letters = deadLetters.map { PublishedFile(path: $0) }
    do {
      let loaded = try load(weighted: weighted, letters)
      try letters?.publish()
      return loaded
    } catch {
      letters?.discard()
      throw error
    }
  }

  private func load(weighted: Bool, _ letters: PublishedFile?) throws -> NamedGraph {
    let path = edges ?? "-"
    let name = path == "-" ? "stdin" : path
    let input = try openInput(path: path)
    try letters?.create()
    let writer = letters.map { GraphDeadLetters(file: $0) }
    let options = GraphFileOptions(format: format.value, readsWeights: weighted, badPercentMax: maxBad?.percent)
    var graph = try GraphFile.read(input, options: options) { try writer?.write($0, source: name) }
    if !quiet {
      Terminal.say(
        "\(name): \(graph.format.description), \(Terminal.counted(graph.vertices.count, "vertex", "vertices")), "
          + Terminal.counted(graph.edges.count, "edge", "edges"))
    }
    for warning in graph.warnings { Terminal.say("warning: \(warning)") }
    tell(graph.malformedLines, name)
    if let vertices {
      let known = graph.malformedLines.count
      try GraphFile.addVertices(path: vertices, to: &graph, badPercentMax: maxBad?.percent) {
        try writer?.write($0, source: vertices)
      }
      tell(Array(graph.malformedLines.dropFirst(known)), vertices)
    }
    if graph.malformedLineCount > 0, !quiet {
      let kept = deadLetters.map { "they are in '\($0)'" } ?? "keep such with --dead-letters FILE"
      Terminal.say(
        "\(Terminal.counted(graph.malformedLineCount, "malformed line", "malformed lines")) left out: \(kept)")
    }
    return NamedGraph(
      vertices: graph.vertices, edges: graph.edges, name: name, isSymmetric: graph.isUndirected,
      isUndirected: undirected)
  }

  /// The first malformed lines, since results without them may not be what was wanted.
  private func tell(_ lines: [MalformedLine], _ name: String) {
    for line in lines.prefix(3) {
      Terminal.say("\(name): line \(line.lineNumber): \(line.explanation)\n\(line.excerpt())")
    }
  }
}

/// Writes malformed lines to a file, one JSON object each.
private final class GraphDeadLetters {
  private let file: PublishedFile
  private var text = OutputBuffer(capacity: 1 << 12)

  init(file: PublishedFile) { self.file = file }
  deinit { text.deallocate() }

  func write(_ line: MalformedLine, source: String) throws {
    let count = line.bytes.count
    let raw = line.bytes + [UInt8](repeating: 0, count: bytePadding)
    text.count = 0
    unsafe raw.withUnsafeBufferPointer {
      guard let base = $0.baseAddress else { return }
      unsafe appendDeadLetter(
        to: &text, source: source, line: line.lineNumber, offset: line.offset, reason: line.reason.rawValue, raw: base,
        rawLength: count)
    }
    unsafe file.append(text.base, text.count)
    try file.flush()
  }
}
