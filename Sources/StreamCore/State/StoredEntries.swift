import FlatMemory

/// What a checkpoint says of a table: eleven little-endian words.
struct KeyedTableHeader: BitwiseCopyable {
  static var current: Int64 { 1 }
  var format = KeyedTableHeader.current
  var count: Int64
  var slotBound: Int64
  var schemaVersion: Int64
  /// Raw values of ``StateCodec/Form``.
  var keyForm: Int64
  var valueForm: Int64
  /// 1: `entries` are the entries of all slots as they lay in memory, `stride` bytes each; 0: those of the slots in use,
  /// key and value each behind a length of four bytes.
  var isPaged: Int64
  var stride: Int64
  var valueOffset: Int64
  var valueByteCount: Int64
  var reserved: Int64 = 0

  var bound: Int { Int(slotBound) }
}

extension KeyedTableHeader {
  /// From a section. Throws when it has another size or version, or numbers that cannot be.
  init(_ bytes: UnsafeRawBufferPointer, _ path: String) throws {
    guard bytes.count >= 8 else { throw StateError.size(path + "/header", bytes.count) }
    let format = unsafe bytes.loadUnaligned(as: Int64.self)
    guard format == KeyedTableHeader.current else {
      throw StateError.version(path, found: Int(format), readable: Int(KeyedTableHeader.current))
    }
    guard bytes.count == MemoryLayout<KeyedTableHeader>.size else {
      throw StateError.size(path + "/header", bytes.count)
    }
    self = unsafe bytes.loadUnaligned(as: KeyedTableHeader.self)
    guard count >= 0, slotBound >= count, slotBound <= Int64(UInt32.max), stride >= 0, stride < 1 << 32,
      valueOffset >= 0, valueByteCount >= 0, valueOffset + valueByteCount <= stride
    else { throw StateError.undecodable(path, "its header has impossible numbers") }
  }
}

/// The entries of a table as a checkpoint holds them, one at a time.
@safe struct StoredEntries {
  let bytes: UnsafeRawBufferPointer
  let header: KeyedTableHeader
  let path: String

  init(bytes: UnsafeRawBufferPointer, header: KeyedTableHeader, path: String) {
    unsafe self.bytes = unsafe bytes
    self.header = header
    self.path = path
  }
  var isPaged: Bool { header.isPaged != 0 }

  /// Key and value of a slot in use. `offset`: where the entry begins if they are not paged; `end`: where the next does.
  func entry(
    _ slot: Int, at offset: Int
  ) throws -> (key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer, end: Int) {
    if isPaged {
      let start = slot * Int(header.stride)
      let whole = unsafe UnsafeRawBufferPointer(rebasing: bytes[start..<start + Int(header.stride)])
      let value = Int(header.valueOffset)
      return unsafe (
        UnsafeRawBufferPointer(rebasing: whole[..<value]),
        UnsafeRawBufferPointer(rebasing: whole[value..<value + Int(header.valueByteCount)]), 0
      )
    }
    let key = try unsafe run(offset)
    let value = try unsafe run(offset + 4 + key.count)
    return unsafe (key, value, offset + 8 + key.count + value.count)
  }
  private func run(_ offset: Int) throws -> UnsafeRawBufferPointer {
    guard unsafe offset + 4 <= bytes.count else { throw unsafe StateError.size(path + "/entries", bytes.count) }
    let n = unsafe Int(bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
    guard unsafe offset + 4 + n <= bytes.count else { throw unsafe StateError.size(path + "/entries", bytes.count) }
    return unsafe UnsafeRawBufferPointer(rebasing: bytes[offset + 4..<offset + 4 + n])
  }
}

extension OutputBuffer {
  /// What `fill` appends, behind its length in four bytes.
  mutating func appendSized(_ fill: (inout OutputBuffer) throws -> Void) throws {
    reserve(4)
    let start = count
    count += 4
    try fill(&self)
    let n = count - start - 4
    guard let length = UInt32(exactly: n) else {
      throw StateError.undecodable("a key or value", "\(n) bytes are more than a checkpoint takes for one")
    }
    unsafe UnsafeMutableRawPointer(base).storeBytes(of: length, toByteOffset: start, as: UInt32.self)
  }
}

extension StateSchema {
  /// How stored values are read. `isAsStored`: their bytes are those of the value in memory.
  @safe struct Reader {
    let isAsStored: Bool
    let decode: (UnsafeRawBufferPointer) throws -> Value
  }

  /// How values of the given version, form and layout are read. Throws if they cannot be.
  func reader(
    _ path: String, version found: Int, form: Int64, layout: String, example: UnsafeRawBufferPointer?
  ) throws -> Reader {
    let isRaw = codec.form == .raw
    let isReadable = unsafe example == nil || !isRaw || isSame(layout, example)
    if found == version, form == codec.form.rawValue, isReadable {
      return unsafe Reader(isAsStored: isRaw, decode: codec.decode)
    }
    if let migrate {
      return unsafe Reader(isAsStored: false) { try unsafe migrate(found, [UInt8]($0)) }
    }
    if found != version { throw StateError.version(path, found: found, readable: version) }
    let readable = isRaw ? "\(StateLayout(of: Value.self, example: nil))" : "the form \(codec.form)"
    let name = StateCodec<Value>.Form(rawValue: form).map { "\($0)" } ?? "\(form)"
    throw StateError.layout(path, found: layout.isEmpty ? "the form \(name)" : layout, readable: readable)
  }

  private func isSame(_ layout: String, _ example: UnsafeRawBufferPointer?) -> Bool {
    let shape = StateLayout(of: Value.self, example: nil).description
    // the fields are looked at only in bytes that are surely long enough
    guard layout.hasPrefix(shape), let example = unsafe example, let value = try? unsafe codec.decode(example) else {
      return false
    }
    return StateLayout(of: Value.self, example: value).description == layout
  }
}
