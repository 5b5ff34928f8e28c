import ArgumentParser
import FlatMemory
import Foundation
import PropertyGraph
import Replay

/// Where results go.
struct GraphOutputOptions: ParsableArguments {
  @Option(help: ArgumentHelp("File to write, with .zst compressed. (default: stdout)", valueName: "path"))
  var output: String?

  static let environmentNames = "output"

  /// Creates the file, has it written line by line, publishes it.
  ///
  /// `body` is called with a function that takes the text gathered so far out of the buffer, to be called once a line.
  func write(_ body: (inout OutputBuffer, (inout OutputBuffer) throws -> Void) throws -> Void) throws {
    // `thalweg graph … | head` ends in silence, as other programs do
    signal(SIGPIPE, SIG_DFL)
    let file = PublishedFile(path: output ?? "-")
    var text = OutputBuffer(capacity: 1 << 16)
    defer { text.deallocate() }
    do {
      try file.create()
      try body(&text) { text in
        if text.count >= 1 << 15 {
          unsafe file.append(text.base, text.count)
          try file.flush()
          text.count = 0
        }
      }
      unsafe file.append(text.base, text.count)
      try file.publish()
    } catch {
      file.discard()
      throw error
    }
  }
}

/// How many of the vertices are printed.
struct GraphTopOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("Only this many vertices, those of the highest values; ties by id.", valueName: "count"))
  var top: Int?

  static let environmentNames = "top"

  func validate() throws {
    if let top, top < 0 { throw ValidationError("--top must be zero or more") }
  }
}

/// A value per vertex, as it is printed and compared.
enum GraphValues {
  case numbers([Double])
  case counts([UInt64])
  /// Numbers of steps; the highest 32-bit number for vertices out of reach, printed as LDBC Graphalytics does.
  case steps([UInt32])
  /// A vertex that stands for a group.
  case groups([VertexIndex])

  fileprivate func append(_ vertex: Int, _ vertices: VertexDictionary, to text: inout OutputBuffer) {
    switch self {
    case .numbers(let values):
      text.text(values[vertex].isInfinite ? "Infinity" : "\(values[vertex])")
    case .counts(let values): text.integer(Int64(clamping: values[vertex]))
    case .steps(let values): text.integer(values[vertex] == .max ? .max : Int64(values[vertex]))
    case .groups(let values): vertices.appendText(of: values[vertex], to: &text)
    }
  }

  /// What vertices are ranked by; nil when a vertex is out of reach.
  fileprivate func key(_ vertex: VertexIndex) -> Double? {
    switch self {
    case .numbers(let values): values[Int(vertex)].isInfinite ? nil : values[Int(vertex)]
    case .counts(let values): Double(values[Int(vertex)])
    case .steps(let values): values[Int(vertex)] == .max ? nil : Double(values[Int(vertex)])
    case .groups: 0
    }
  }
}

extension GraphOutputOptions {
  /// Prints `id value` lines by id, or the `top` highest values.
  func write(_ values: GraphValues, of graph: NamedGraph, top: Int? = nil) throws {
    var order = graph.vertices.sortedOrder()
    if let top {
      var keyed: [(key: Double, place: Int)] = []
      for (place, vertex) in order.enumerated() {
        if let key = values.key(vertex) { keyed.append((key, place)) }
      }
      keyed.sort { $0.key != $1.key ? $0.key > $1.key : $0.place < $1.place }
      order = keyed.prefix(top).map { order[$0.place] }
    }
    try write { text, drain in
      for vertex in order {
        graph.vertices.appendText(of: vertex, to: &text)
        text.reserve(32)
        text.byte(UInt8(ascii: " "))
        values.append(Int(vertex), graph.vertices, to: &text)
        text.reserve(1)
        text.byte(UInt8(ascii: "\n"))
        try drain(&text)
      }
    }
  }

  /// Prints a group's name for every vertex, which is that of its member with the lowest id; or with `top` the largest
  /// groups and how many members they have.
  func write(groups: [VertexIndex], of graph: NamedGraph, top: Int?) throws {
    var lowest: [VertexIndex] = groups
    for (vertex, group) in groups.enumerated()
    where lowest[Int(group)] == group && graph.vertices.precedes(VertexIndex(vertex), group)
      || lowest[Int(group)] != group && graph.vertices.precedes(VertexIndex(vertex), lowest[Int(group)])
    {
      lowest[Int(group)] = VertexIndex(vertex)
    }
    try write(labels: groups.map { lowest[Int($0)] }, of: graph, top: top)
  }

  /// Prints a label, which is a vertex, for every vertex; or with `top` the most frequent labels and how often each
  /// occurs.
  func write(labels: [VertexIndex], of graph: NamedGraph, top: Int?) throws {
    guard let top else { return try write(.groups(labels), of: graph) }
    var sizes = [UInt64](repeating: 0, count: labels.count)
    for label in labels { sizes[Int(label)] += 1 }
    try write(.counts(sizes), of: graph, top: min(top, sizes.count { $0 > 0 }))
  }
}
