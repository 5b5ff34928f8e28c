import FlatMemory

/// The graph that a parser puts together: names, edges, and the tally of lines.
///
/// Edges gather in a batch that fits the second-level cache and go to the list in bulk.
struct GraphAssembly {
  var vertices = VertexDictionary()
  private(set) var edges: EdgeList
  var malformed: MalformedLines
  /// Lines read so far.
  var lineNumber = 0
  /// Of these, comments, blank lines and heads.
  var skippedLines = 0
  var warnings: [String] = []
  let source: String
  private let batch = EdgeBatch()

  init(source: String, weighted: Bool, timed: Bool, malformed: MalformedLines) {
    self.source = source
    self.malformed = malformed
    edges = EdgeList(weighted: weighted, timed: timed)
  }

  @inline(__always)
  mutating func add(_ source: VertexIndex, _ target: VertexIndex, weight: Double = 1, time: Int64 = 0) throws {
    let i = batch.count
    unsafe batch.sources[i] = source
    unsafe batch.targets[i] = target
    unsafe batch.weights[i] = weight
    unsafe batch.times[i] = time
    batch.count = i &+ 1
    if i &+ 1 == EdgeBatch.capacity { try flush() }
  }

  @inline(never)
  mutating func flush() throws {
    guard edges.count + batch.count <= EdgeList.edgesMax else {
      throw GraphFileError(.tooLarge, "\(source): more than \(EdgeList.edgesMax) edges, which is the limit")
    }
    unsafe edges.append(
      count: batch.count, sources: batch.sources, targets: batch.targets, weights: batch.weights, times: batch.times)
    batch.count = 0
  }

  /// Where a parser puts the names of up to ``namedEdgesMax`` edges, source and target in turn, and their weights, for
  /// ``addNamed(_:)``. Looked up together, their accesses to memory overlap.
  var names: UnsafeMutablePointer<UInt64> { unsafe batch.names }
  var namedWeights: UnsafeMutablePointer<Double> { unsafe batch.namedWeights }
  static var namedEdgesMax: Int { EdgeBatch.namedMax }

  /// Adds the edges whose names and weights were put aside; lines of theirs count as read.
  mutating func addNamed(_ count: Int) throws {
    if batch.count + count > EdgeBatch.capacity { try flush() }
    let (sources, targets, first) = unsafe (batch.sources, batch.targets, batch.count)
    let names = unsafe batch.names
    for i in 0..<count {
      unsafe sources[first &+ i] = unsafe vertices.insert(integer: Int64(bitPattern: names[2 &* i]))
      unsafe targets[first &+ i] = unsafe vertices.insert(integer: Int64(bitPattern: names[2 &* i &+ 1]))
    }
    if edges.weights != nil { unsafe (batch.weights + first).update(from: batch.namedWeights, count: count) }
    batch.count = first + count
    lineNumber += count
  }

  /// Makes room for as many edges as the rest of the input will give if it goes on as it began.
  mutating func reserve(bytesRead: UInt64, of total: UInt64?) {
    guard let total, bytesRead > 0, total > bytesRead else { return }
    let expected = Double(edges.count + batch.count) * Double(total) / Double(bytesRead) * 1.02
    if expected < 0x1p28 { edges.reserveCapacity(Int(expected)) }
  }

  /// Notes the current line as malformed.
  mutating func reject(_ line: TextLine, _ reason: MalformedLineReason, at place: Range<Int>) throws {
    try unsafe malformed.add(
      MalformedLine(
        lineNumber: lineNumber, offset: line.offset, reason: reason, place: place,
        bytes: Array(UnsafeBufferPointer(start: line.bytes, count: line.count))),
      linesRead: lineNumber - skippedLines)
  }
}

/// Flat memory for some edges.
@safe private final class EdgeBatch {
  static let capacity = 1 << 13
  static let namedMax = 1 << 11
  let sources = UnsafeMutablePointer<VertexIndex>.allocate(capacity: capacity)
  let targets = UnsafeMutablePointer<VertexIndex>.allocate(capacity: capacity)
  let weights = UnsafeMutablePointer<Double>.allocate(capacity: capacity)
  let times = UnsafeMutablePointer<Int64>.allocate(capacity: capacity)
  let names = UnsafeMutablePointer<UInt64>.allocate(capacity: 2 * namedMax)
  let namedWeights = UnsafeMutablePointer<Double>.allocate(capacity: namedMax)
  var count = 0

  deinit {
    unsafe names.deallocate()
    unsafe namedWeights.deallocate()
    unsafe sources.deallocate()
    unsafe targets.deallocate()
    unsafe weights.deallocate()
    unsafe times.deallocate()
  }
}

/// One line of a block, without its end.
@safe struct TextLine {
  let bytes: UnsafePointer<UInt8>
  let count: Int
  /// Of its first byte in the unpacked input.
  let offset: UInt64
  /// Where the next line begins.
  let next: UnsafePointer<UInt8>

  /// The line of a block that begins at `start`; the block ends with a newline.
  @inline(__always)
  init(at start: UnsafePointer<UInt8>, of block: LineBlock) {
    let end = unsafe LineScan.newline(from: start)
    unsafe next = unsafe end + 1
    var length = unsafe end - start
    if length > 0, unsafe start[length - 1] == UInt8(ascii: "\r") { length -= 1 }
    unsafe bytes = unsafe start
    count = length
    offset = unsafe block.offset + UInt64(start - block.bytes)
  }

  /// Blank, or a comment: it begins with `#` or `%`.
  var isSkipped: Bool {
    var i = 0
    while i < count, unsafe LineScan.isBlank(bytes[i]) { i += 1 }
    return unsafe i == count || bytes[i] == UInt8(ascii: "#") || bytes[i] == UInt8(ascii: "%")
  }

  /// The next run of bytes from `start` on that are no blanks (nor `separator`); nil at the end.
  @inline(__always)
  func token(from start: Int, separator: UInt8 = 32) -> Range<Int>? {
    var i = start
    while i < count, unsafe LineScan.isBlank(bytes[i]) || bytes[i] == separator { i &+= 1 }
    if i == count { return nil }
    let first = i
    while i < count, unsafe !LineScan.isBlank(bytes[i]), unsafe bytes[i] != separator { i &+= 1 }
    return unsafe Range(uncheckedBounds: (first, i))
  }

  func text(_ range: Range<Int>) -> String {
    unsafe String(decoding: UnsafeBufferPointer(start: bytes + range.lowerBound, count: range.count), as: UTF8.self)
  }
}

/// Steps over bytes of lines.
enum LineScan {
  @inline(__always)
  static func isBlank(_ byte: UInt8) -> Bool { byte == 32 || byte == 9 }

  /// The first newline at or behind `start`: there must be one. Reads up to 7 bytes past it.
  @inline(__always)
  static func newline(from start: UnsafePointer<UInt8>) -> UnsafePointer<UInt8> {
    var p = unsafe start
    while true {
      let word = unsafe load8(p) ^ 0x0a0a_0a0a_0a0a_0a0a
      let zeros = (word &- 0x0101_0101_0101_0101) & ~word & 0x8080_8080_8080_8080
      if zeros != 0 { return unsafe p + zeros.trailingZeroBitCount &>> 3 }
      unsafe p += 8
    }
  }
}
