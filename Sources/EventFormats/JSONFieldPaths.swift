import FlatMemory

/// The paths a plan wants from an object, as a small tree: which keys matter inside which object.
///
/// Invariants: context 0 is the line's own object; an entry with a child context is an object that holds wanted keys.
/// Cost: one compare per wanted key of the context; a handful. Keys are kept padded, so that they compare in words.
struct JSONFieldPaths {
  struct Entry {
    var key: Int
    var keyLength: Int
    /// Position in the row, or ``FieldRow/ignored``.
    var slot: Int
    /// Context of the object behind this key, or -1.
    var child: Int
    /// Positions in the row that this key and all below it fill.
    var subtree: UInt16
  }

  private(set) var contexts: [[Entry]] = [[]]
  private var keys: UnsafeMutablePointer<UInt8>
  /// Roles that share their path with an earlier one.
  private(set) var aliases: [(from: Int, to: Int)] = []

  init(_ fields: [FieldRole: String]) {
    var bytes: [UInt8] = []
    var owners: [[String]: Int] = [:]
    for role in FieldRole.allCases {
      guard let path = fields[role] else { continue }
      let parts = JSONFieldPaths.keys(ofPath: path)
      if let owner = owners[parts] {
        aliases.append((owner, role.index))
        continue
      }
      owners[parts] = role.index
      var context = 0
      for (depth, part) in parts.enumerated() {
        let key = Array(part.utf8)
        var at = contexts[context].firstIndex { entry in
          bytes[entry.key..<entry.key + entry.keyLength].elementsEqual(key)
        }
        if at == nil {
          contexts[context].append(
            Entry(key: bytes.count, keyLength: key.count, slot: FieldRow.ignored, child: -1, subtree: 0))
          bytes.append(contentsOf: key)
          at = contexts[context].count - 1
        }
        contexts[context][at!].subtree |= 1 << UInt16(role.index)
        if depth == parts.count - 1 {
          contexts[context][at!].slot = role.index
        } else {
          if contexts[context][at!].child < 0 {
            contexts[context][at!].child = contexts.count
            contexts.append([])
          }
          context = contexts[context][at!].child
        }
      }
    }
    keys = .allocate(capacity: bytes.count + bytePadding)
    keys.initialize(repeating: 0, count: bytes.count + bytePadding)
    keys.update(from: bytes, count: bytes.count)
  }
  func deallocate() { keys.deallocate() }

  /// The entry of a key (without escapes) in a context; nil when nobody wants it. Reads up to 7 bytes past the key.
  func entry(_ context: Int, _ key: UnsafePointer<UInt8>, _ n: Int) -> Entry? {
    for entry in contexts[context] where entry.keyLength == n && equalBytes(keys + entry.key, key, n) { return entry }
    return nil
  }

  /// Splits a path at its dots; `\.` is a dot inside a key, `\\` a backslash, and any other backslash stands for itself.
  static func keys(ofPath path: String) -> [String] {
    var keys: [[UInt8]] = [[]]
    var escaped = false
    for byte in path.utf8 {
      if escaped {
        if byte != 46, byte != 92 { keys[keys.count - 1].append(92) }
        keys[keys.count - 1].append(byte)
        escaped = false
      } else if byte == 92 {
        escaped = true
      } else if byte == 46 {
        keys.append([])
      } else {
        keys[keys.count - 1].append(byte)
      }
    }
    if escaped { keys[keys.count - 1].append(92) }
    return keys.map { String(decoding: $0, as: UTF8.self) }
  }
  /// The path of keys, dots and backslashes inside them escaped.
  static func path(ofKeys keys: [String]) -> String {
    var path: [UInt8] = []
    for (i, key) in keys.enumerated() {
      if i > 0 { path.append(46) }
      for byte in key.utf8 {
        if byte == 46 || byte == 92 { path.append(92) }
        path.append(byte)
      }
    }
    return String(decoding: path, as: UTF8.self)
  }
}

/// A line's wanted fields, by ``FieldRole/index``; one more place takes what nobody wants.
enum FieldRow {
  static let ignored = 8
  static let count = 9

  static func allocate() -> UnsafeMutablePointer<ByteSpan> {
    let row = UnsafeMutablePointer<ByteSpan>.allocate(capacity: count)
    row.initialize(repeating: .absent, count: count)
    return row
  }
  @inline(__always)
  static func clear(_ row: UnsafeMutablePointer<ByteSpan>) {
    for i in 0..<ignored { row[i] = .absent }
  }
  @inline(__always)
  static func clear(_ row: UnsafeMutablePointer<ByteSpan>, _ mask: UInt16) {
    var m = mask
    while m != 0 {
      row[m.trailingZeroBitCount] = .absent
      m &= m &- 1
    }
  }
}
