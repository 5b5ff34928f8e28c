public import FlatMemory

/// Both directions of the map between the names of vertices outside (64-bit integers or texts) and their dense numbers
/// inside, which follow the order of first appearance.
///
/// Guarantees: a name has one vertex for ever; bytes that are a canonical decimal integer of 64 bits are that integer
/// (see ``VertexID``). A value type.
/// Cost: a look-up is one access to memory for integers that are mostly small (a table of at most 8 entries a vertex
/// indexed by the integer), two for other integers, three for texts. 8 bytes a vertex and 16 to 32 for a hashed one
/// (open addressing, linear probing, at most half full), and the bytes of the texts with 4 more each. The identity
/// 0 ..< n takes no memory.
public struct VertexDictionary: Sendable {
  /// The most vertices a graph has.
  public static let verticesMax = Int(VertexIndex.max) - 1

  /// The vertices below are named by their own number and stand in no table.
  private let identityCount: Int
  /// By vertex: the integer, or where the text's record begins.
  private var values: [UInt64] = []
  /// A bit per vertex, set for texts; it ends with the last text.
  private var textBits: [UInt64] = []
  /// Records of texts, each its length in 4 bytes and its bytes; then room that wide loads may read.
  private var texts: [UInt8] = []
  private var textsEnd = 0
  /// By small integer: its vertex + 1, or 0.
  private var small: [UInt32] = []
  /// Open addressing: hash << 32 | (vertex + 1), or 0.
  private var hashed = [UInt64](repeating: 0, count: 1024)
  private var hashedCount = 0

  /// No vertices yet.
  public init() { identityCount = 0 }

  /// The vertices 0 ..< `count`, named by their numbers.
  public init(identity count: Int) {
    precondition(count <= VertexDictionary.verticesMax, "\(count) vertices: a graph has 4294967294 at most")
    identityCount = count
  }

  public var count: Int { identityCount + values.count }
  /// Whether every vertex is named by its own number.
  public var isIdentity: Bool { values.isEmpty }

  // MARK: From names to vertices

  /// The vertex of a name, made if there is none. Reads up to 15 bytes past the name.
  @inline(__always)
  public mutating func insert(_ bytes: UnsafePointer<UInt8>, _ byteCount: Int) -> VertexIndex {
    if let integer = unsafe VertexID.canonicalInteger(bytes, byteCount) { return insert(integer: integer) }
    return unsafe insertText(bytes, byteCount)
  }

  /// The vertex of an integer, made if there is none.
  @inline(__always)
  public mutating func insert(integer: Int64) -> VertexIndex {
    let value = UInt64(bitPattern: integer)
    if value < UInt64(small.count) {
      let found = small[Int(truncatingIfNeeded: value)]
      if found != 0 { return found &- 1 }
    }
    return insertRareInteger(value)
  }

  /// The vertex of an id, made if there is none.
  public mutating func insert(_ id: VertexID) -> VertexIndex {
    switch id {
    case .integer(let integer): return insert(integer: integer)
    case .text(let text): return unsafe VertexDictionary.withPaddedBytes(text) { unsafe insert($0, $1) }
    }
  }

  /// The vertex of a name, if there is one. Reads up to 15 bytes past the name.
  public func find(_ bytes: UnsafePointer<UInt8>, _ byteCount: Int) -> VertexIndex? {
    if let integer = unsafe VertexID.canonicalInteger(bytes, byteCount) { return find(integer: integer) }
    return unsafe findText(bytes, byteCount, VertexDictionary.hash(bytes, byteCount))
  }

  /// The vertex of an integer, if there is one.
  public func find(integer: Int64) -> VertexIndex? { findInteger(UInt64(bitPattern: integer)) }

  /// The vertex of an id, if there is one.
  public func find(_ id: VertexID) -> VertexIndex? {
    switch id {
    case .integer(let integer): return find(integer: integer)
    case .text(let text): return unsafe VertexDictionary.withPaddedBytes(text) { unsafe find($0, $1) }
    }
  }

  // MARK: From vertices to names

  /// Whether the vertex is named by a text.
  public func isText(_ vertex: VertexIndex) -> Bool {
    let i = Int(vertex) - identityCount
    return i >= 0 && i >> 6 < textBits.count && textBits[i >> 6] >> UInt64(i & 63) & 1 == 1
  }

  /// The integer that names the vertex, or nil when it is a text.
  public func integer(of vertex: VertexIndex) -> Int64? {
    precondition(Int(vertex) < count, "vertex \(vertex) is outside 0 ..< \(count)")
    if Int(vertex) < identityCount { return Int64(vertex) }
    return isText(vertex) ? nil : Int64(bitPattern: values[Int(vertex) - identityCount])
  }

  /// The name of a vertex.
  public func id(of vertex: VertexIndex) -> VertexID {
    if let integer = integer(of: vertex) { return .integer(integer) }
    return unsafe .text(withBytes(of: vertex) { unsafe String(decoding: $0, as: UTF8.self) })
  }

  /// The name of a vertex as text, byte for byte what was inserted.
  public func text(of vertex: VertexIndex) -> String { id(of: vertex).description }

  /// Appends the name of a vertex; makes room for it.
  public func appendText(of vertex: VertexIndex, to out: inout OutputBuffer) {
    if let integer = integer(of: vertex) {
      out.reserve(20)
      out.integer(integer)
    } else {
      unsafe withBytes(of: vertex) { bytes in
        out.reserve(bytes.count)
        if let base = bytes.baseAddress { unsafe out.bytesExact(base, bytes.count) }
      }
    }
  }

  /// The bytes of a vertex that is named by a text; 15 more may be read.
  func withBytes<Result>(of vertex: VertexIndex, _ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
    let record = Int(values[Int(vertex) - identityCount])
    return unsafe texts.withUnsafeBufferPointer { texts in
      let length = unsafe Int(load4(texts.baseAddress.unsafelyUnwrapped + record))
      return unsafe body(UnsafeBufferPointer(rebasing: texts[record + 4..<record + 4 + length]))
    }
  }

  // MARK: Look-ups

  @inline(never)
  private mutating func insertRareInteger(_ value: UInt64) -> VertexIndex {
    if let found = findInteger(value) { return found }
    // the table of small integers follows the number of vertices, by doubling
    if value >= UInt64(small.count), value < UInt64(4 * (values.count + 256)) { growSmall(toHold: Int(value)) }
    let vertex = append(value)
    if value < UInt64(small.count) {
      small[Int(value)] = vertex + 1
    } else {
      addHashed(VertexDictionary.hash(value), vertex)
    }
    return vertex
  }

  private func findInteger(_ value: UInt64) -> VertexIndex? {
    if value < UInt64(identityCount) { return VertexIndex(value) }
    if value < UInt64(small.count) {
      let found = small[Int(value)]
      return found == 0 ? nil : found - 1
    }
    let hash = VertexDictionary.hash(value)
    return findHashed(hash) { values[Int($0) - identityCount] == value && !isText($0) }
  }

  private mutating func growSmall(toHold value: Int) {
    let old = small.count
    let size = (value + 1).nextPowerOfTwo
    small.append(contentsOf: repeatElement(0, count: size - old))
    // those that were hashed move; their entries in the index are not asked for any more
    for (i, known) in values.enumerated() where known >= UInt64(old) && known < UInt64(size) {
      let vertex = VertexIndex(identityCount + i)
      if !isText(vertex) { small[Int(known)] = vertex + 1 }
    }
  }

  @inline(never)
  private mutating func insertText(_ bytes: UnsafePointer<UInt8>, _ byteCount: Int) -> VertexIndex {
    let hash = unsafe VertexDictionary.hash(bytes, byteCount)
    if let found = unsafe findText(bytes, byteCount, hash) { return found }
    let record = textsEnd
    textsEnd += 4 + byteCount
    if textsEnd + bytePadding > texts.count {
      texts.append(contentsOf: repeatElement(0, count: max(texts.count, textsEnd + bytePadding)))
    }
    unsafe texts.withUnsafeMutableBytes { texts in
      let base = unsafe texts.baseAddress.unsafelyUnwrapped + record
      unsafe base.storeBytes(of: UInt32(byteCount), as: UInt32.self)
      unsafe (base + 4).copyMemory(from: bytes, byteCount: byteCount)
    }
    let vertex = append(UInt64(record))
    let i = values.count - 1
    while textBits.count <= i >> 6 { textBits.append(0) }
    textBits[i >> 6] |= 1 << UInt64(i & 63)
    addHashed(hash, vertex)
    return vertex
  }

  private func findText(_ bytes: UnsafePointer<UInt8>, _ byteCount: Int, _ hash: UInt32) -> VertexIndex? {
    findHashed(hash) { vertex in
      unsafe isText(vertex)
        && withBytes(of: vertex) { known in
          unsafe known.count == byteCount
            && (byteCount == 0 || equalBytes(known.baseAddress.unsafelyUnwrapped, bytes, byteCount))
        }
    }
  }

  @inline(__always)
  private func findHashed(_ hash: UInt32, _ matches: (VertexIndex) -> Bool) -> VertexIndex? {
    let mask = hashed.count - 1
    var i = Int(hash) & mask
    while true {
      let entry = hashed[i]
      if entry == 0 { return nil }
      if UInt32(truncatingIfNeeded: entry >> 32) == hash {
        let vertex = UInt32(truncatingIfNeeded: entry) &- 1
        if matches(vertex) { return vertex }
      }
      i = (i &+ 1) & mask
    }
  }

  private mutating func append(_ value: UInt64) -> VertexIndex {
    precondition(count < VertexDictionary.verticesMax, "more than 4294967294 vertices")
    values.append(value)
    return VertexIndex(count - 1)
  }

  private mutating func addHashed(_ hash: UInt32, _ vertex: VertexIndex) {
    if (hashedCount + 1) * 2 > hashed.count {
      let old = hashed
      hashed = [UInt64](repeating: 0, count: old.count * 2)
      for entry in old where entry != 0 { place(entry) }
    }
    place(UInt64(hash) << 32 | UInt64(vertex + 1))
    hashedCount += 1
  }

  private mutating func place(_ entry: UInt64) {
    let mask = hashed.count - 1
    var i = Int(entry >> 32) & mask
    while hashed[i] != 0 { i = (i &+ 1) & mask }
    hashed[i] = entry
  }

  private static func hash(_ value: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: hashWords(value, 0, 8)) }

  private static func hash(_ bytes: UnsafePointer<UInt8>, _ byteCount: Int) -> UInt32 {
    unsafe UInt32(truncatingIfNeeded: hashBytes(bytes, byteCount) >> 16)
  }

  /// The bytes of a string with room after them for wide loads.
  private static func withPaddedBytes<Result>(
    _ text: String, _ body: (UnsafePointer<UInt8>, Int) -> Result
  ) -> Result {
    var bytes = Array(text.utf8)
    let count = bytes.count
    bytes.append(contentsOf: repeatElement(0, count: bytePadding))
    return unsafe bytes.withUnsafeBufferPointer { unsafe body($0.baseAddress.unsafelyUnwrapped, count) }
  }
}
