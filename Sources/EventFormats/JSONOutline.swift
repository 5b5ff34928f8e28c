import FlatMemory

/// The fields of some lines of NDJSON, down to two objects deep, with values: what detection looks at.
///
/// Cost: a pass to check a line and one over its members; texts are made of a field's first values only.
struct JSONOutline {
  private(set) var fields: [SampledField] = []
  private(set) var objectCount = 0
  private(set) var lineCount = 0
  private var places: [[String]: Int] = [:]
  private static let depthMax = 3

  /// A key as it is written in an object: lines tend to have the same ones in the same order.
  private struct Member {
    /// Of the object that it stands in; -1: the line's own.
    let parent: Int
    /// In ``keyBytes``, escapes and all.
    let start: Int
    let byteCount: Int
    let keys: [String]
    /// In ``fields``; nil before its first value that is neither object nor array.
    var place: Int?
  }
  private var members: [Member] = []
  private var keyBytes: [UInt8] = []
  /// The member that is likely to be next.
  private var guess = 0
  /// More than these are found by their names instead.
  private static let membersMax = 256

  /// Adds one line; lines that are no JSON object are only counted.
  mutating func add(_ line: UnsafeRawBufferPointer) {
    let bytes = unsafe PaddedBytes(line, extra: 1)
    defer { bytes.deallocate() }
    unsafe bytes.base[bytes.count] = 10
    unsafe add(bytes.base, bytes.count)
  }

  /// Adds one line of `count` bytes, with its newline and ``bytePadding`` readable bytes behind them.
  mutating func add(_ b: UnsafePointer<UInt8>, _ count: Int) {
    var p = unsafe count >= 3 && load4(b) & 0xff_ffff == 0xbf_bbef ? 3 : 0
    p = unsafe JSONText.skipSpace(b, p)
    if p >= count { return }
    lineCount += 1
    guard unsafe b[p] == 123 else { return }
    let end = unsafe JSONText.nestedEnd(b, p)
    guard end >= 0, unsafe JSONText.skipSpace(b, end) == count else { return }
    objectCount += 1
    guess = 0
    _ = unsafe object(b, p + 1, parent: -1, [])
  }

  /// The members of an object already known to be well-formed; returns where its closing brace stands.
  private mutating func object(
    _ b: UnsafePointer<UInt8>, _ from: Int, parent: Int, _ path: [String]
  ) -> Int {
    var p = unsafe JSONText.skipSpace(b, from)
    while unsafe b[p] == 34 {
      var escaped = false
      let keyEnd = unsafe JSONText.stringEnd(b, p + 1, escaped: &escaped)
      let member = unsafe find(b, p + 1, keyEnd, parent, path)
      let keys = unsafe member.map { members[$0].keys } ?? (path + [text(b, p + 1, keyEnd)])
      p = unsafe JSONText.skipSpace(b, JSONText.skipSpace(b, keyEnd + 1) + 1)
      switch unsafe b[p] {
      case 123:
        if keys.count < JSONOutline.depthMax, let member {
          p = unsafe object(b, p + 1, parent: member, keys) + 1
        } else {
          if keys.count < JSONOutline.depthMax { _ = unsafe object(b, p + 1, parent: -2, keys) }
          p = unsafe JSONText.nestedEnd(b, p)
        }
      case 91:
        p = unsafe JSONText.nestedEnd(b, p)
      default:
        let isText = unsafe b[p] == 34
        let end =
          unsafe isText ? JSONText.stringEnd(b, p + 1, escaped: &escaped) : JSONText.bareEndInFull(b, p)
        let at = place(of: keys, member)
        if fields[at].values.count < SampledField.valuesMax, unsafe isText || !JSONText.isNull(b, p, end) {
          unsafe fields[at].values.append(
            isText
              ? text(b, p + 1, end)
              : String(decoding: UnsafeBufferPointer(start: b + p, count: end - p), as: UTF8.self))
        }
        p = isText ? end + 1 : end
      }
      p = unsafe JSONText.skipSpace(b, p)
      if unsafe b[p] == 44 { p = unsafe JSONText.skipSpace(b, p + 1) }
    }
    return p
  }

  /// The member whose key is written so in the object of `parent`; nil when there are too many to remember it.
  private mutating func find(
    _ b: UnsafePointer<UInt8>, _ from: Int, _ end: Int, _ parent: Int, _ path: [String]
  ) -> Int? {
    let n = end - from
    func matches(_ m: Member) -> Bool {
      unsafe m.parent == parent && m.byteCount == n
        && keyBytes[m.start..<m.start + n].elementsEqual(UnsafeBufferPointer(start: b + from, count: n))
    }
    if guess < members.count, matches(members[guess]) {
      guess += 1
      return guess - 1
    }
    // below -1: inside of one that is not remembered
    if parent < -1 { return nil }
    if let i = members.firstIndex(where: matches) {
      guess = i + 1
      return i
    }
    if members.count == JSONOutline.membersMax { return nil }
    members.append(
      Member(parent: parent, start: keyBytes.count, byteCount: n, keys: unsafe path + [text(b, from, end)]))
    unsafe keyBytes.append(contentsOf: UnsafeBufferPointer(start: b + from, count: n))
    guess = members.count
    return members.count - 1
  }

  /// The field of these keys; a new one if need be.
  private mutating func place(of keys: [String], _ member: Int?) -> Int {
    if let member, let known = members[member].place { return known }
    let at: Int
    if let known = places[keys] {
      at = known
    } else {
      at = fields.count
      places[keys] = at
      fields.append(SampledField(keys: keys, name: JSONFieldPaths.path(ofKeys: keys)))
    }
    if let member { members[member].place = at }
    return at
  }

  /// A string without its escapes.
  private func text(_ b: UnsafePointer<UInt8>, _ from: Int, _ end: Int) -> String {
    let n = end - from
    return unsafe String(unsafeUninitializedCapacity: n + bytePadding) { buffer in
      guard let to = buffer.baseAddress else { return 0 }
      return unsafe JSONText.unescape(b + from, n, to: to)
    }
  }
}
