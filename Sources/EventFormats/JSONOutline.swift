import FlatMemory

/// The fields of some lines of NDJSON, down to two objects deep, with values: what detection looks at.
///
/// Control-plane code: some microseconds a line.
struct JSONOutline {
  private(set) var fields: [SampledField] = []
  private(set) var objectCount = 0
  private(set) var lineCount = 0
  private var places: [[String]: Int] = [:]
  private static let depthMax = 3

  /// Adds one line; lines that are no JSON object are only counted.
  mutating func add(_ line: UnsafeRawBufferPointer) {
    let bytes = unsafe PaddedBytes(line, extra: 1)
    defer { bytes.deallocate() }
    let b = unsafe bytes.base
    unsafe b[bytes.count] = 10
    var p = unsafe load4(b) & 0xff_ffff == 0xbf_bbef ? 3 : 0
    p = unsafe JSONText.skipSpace(b, p)
    if p >= bytes.count { return }
    lineCount += 1
    guard unsafe b[p] == 123 else { return }
    let end = unsafe JSONText.nestedEnd(b, p)
    guard end >= 0, unsafe JSONText.skipSpace(b, end) == bytes.count else { return }
    objectCount += 1
    unsafe object(b, p + 1, [])
  }

  /// The members of an object already known to be well-formed; returns what follows it.
  private mutating func object(_ b: UnsafePointer<UInt8>, _ from: Int, _ path: [String]) {
    var p = unsafe JSONText.skipSpace(b, from)
    while unsafe b[p] == 34 {
      let (key, keyEnd) = unsafe text(b, p)
      p = unsafe JSONText.skipSpace(b, JSONText.skipSpace(b, keyEnd) + 1)
      let keys = path + [key]
      switch unsafe b[p] {
      case 34:
        let (value, end) = unsafe text(b, p)
        add(keys, value)
        p = end
      case 123:
        if keys.count < JSONOutline.depthMax { unsafe object(b, p + 1, keys) }
        p = unsafe JSONText.nestedEnd(b, p)
      case 91:
        p = unsafe JSONText.nestedEnd(b, p)
      default:
        let end = unsafe JSONText.bareEndInFull(b, p)
        let value = unsafe String(decoding: UnsafeBufferPointer(start: b + p, count: end - p), as: UTF8.self)
        add(keys, value == "null" ? nil : value)
        p = end
      }
      p = unsafe JSONText.skipSpace(b, p)
      if unsafe b[p] == 44 { p = unsafe JSONText.skipSpace(b, p + 1) }
    }
  }

  private mutating func add(_ keys: [String], _ value: String?) {
    let at: Int
    if let known = places[keys] {
      at = known
    } else {
      at = fields.count
      places[keys] = at
      fields.append(SampledField(keys: keys, name: JSONFieldPaths.path(ofKeys: keys)))
    }
    if let value, fields[at].values.count < SampledField.valuesMax { fields[at].values.append(value) }
  }

  /// A string from its opening quote on, without escapes, and what follows it.
  private func text(_ b: UnsafePointer<UInt8>, _ quote: Int) -> (String, Int) {
    var escaped = false
    let end = unsafe JSONText.stringEnd(b, quote + 1, escaped: &escaped)
    let n = end - quote - 1
    let value = unsafe String(unsafeUninitializedCapacity: n + bytePadding) { buffer in
      guard let to = buffer.baseAddress else { return 0 }
      return unsafe JSONText.unescape(b + quote + 1, n, to: to)
    }
    return (value, end + 1)
  }
}
