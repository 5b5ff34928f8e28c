import FlatMemory

/// A table in checkpoints: `header` (see ``KeyedTableHeader``), `layouts` (two lines, of key and value), `slots` (a bit a
/// slot) and `entries`.
///
/// Guarantees: a restored table has the same entries in the same slots, so it goes on exactly as the one that was
/// written. Values of another version or layout go through the schema's migration or are refused.
/// Cost: trivial entries: the mark takes some 0.1 µs a page of 64 KiB (and a bit a slot copied); the entries are copied
/// by the checkpoint's writer, and a page that is written to before that is copied on the path of processing, 10 µs.
/// Other entries are encoded at the mark, 20 ns a text and more for JSON. Restoring takes about 100 ns a key.
extension KeyedTable {
  /// Adds the table to a checkpoint, as sections `name/…`. The table may be changed or go away as soon as this returns.
  public mutating func snapshot(
    _ name: String, into snapshot: StateSnapshot, keys: StateCodec<Key>, values: StateSchema<Value>
  ) {
    let isPaged = _isPOD(Entry.self) && keys.form == .raw && values.codec.form == .raw
    let header = KeyedTableHeader(
      count: Int64(slots.count), slotBound: Int64(slots.top), schemaVersion: Int64(values.version),
      keyForm: keys.form.rawValue, valueForm: values.codec.form.rawValue, isPaged: isPaged ? 1 : 0,
      stride: Int64(MemoryLayout<Entry>.stride), valueOffset: Int64(KeyedTable.valueOffset),
      valueByteCount: Int64(MemoryLayout<Value>.size))
    unsafe withUnsafeBytes(of: header) { unsafe snapshot.add(name + "/header", $0) }
    let first = unsafe slots.next(from: 0).map { unsafe entries.pointer(UInt32($0)) }
    let layouts = unsafe [
      keys.form == .raw ? "\(StateLayout(of: Key.self, example: first?.pointee.key))" : "",
      values.codec.form == .raw ? "\(StateLayout(of: Value.self, example: first?.pointee.value))" : "",
    ]
    snapshot.add(name + "/layouts") { $0.text(layouts.joined(separator: "\n")) }
    unsafe snapshot.add(name + "/slots", slots.usedWords)
    if isPaged {
      let frozen = entries.freeze(count: slots.top)
      unsafe snapshot.addDeferred(name + "/entries", byteCount: frozen.byteCount) { unsafe frozen.write(into: $0) }
    } else {
      encodeEntries(name, into: snapshot, keys, values.codec)
    }
  }

  static var valueOffset: Int {
    let alignment = MemoryLayout<Value>.alignment
    return (MemoryLayout<Key>.size + alignment - 1) / alignment * alignment
  }

  private func encodeEntries(
    _ name: String, into snapshot: StateSnapshot, _ keys: StateCodec<Key>, _ values: StateCodec<Value>
  ) {
    snapshot.add(name + "/entries") { buffer in
      do {
        var next = slots.next(from: 0)
        while let i = next {
          let entry = unsafe entries.pointer(UInt32(i))
          try buffer.appendSized { try keys.encode(unsafe entry.pointee.key, &$0) }
          try buffer.appendSized { try values.encode(unsafe entry.pointee.value, &$0) }
          next = slots.next(from: i + 1)
        }
      } catch {
        snapshot.fail(error)
      }
    }
  }

  /// Puts back what ``snapshot(_:into:keys:values:)`` wrote, in place of what the table holds.
  ///
  /// Throws ``StateError`` when the checkpoint has no such table, holds another layout or version, or what the
  /// migration throws; the table is then as it was.
  public mutating func restore(
    _ name: String, from state: RestoredState, keys: StateCodec<Key>, values: StateSchema<Value>
  ) throws {
    let path = "\(state.prefix)/\(name)"
    let header = unsafe try KeyedTableHeader(try unsafe state.section(name + "/header"), path)
    let layouts = unsafe String(decoding: unsafe try state.section(name + "/layouts"), as: UTF8.self)
      .split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    guard layouts.count == 2 else { throw StateError.undecodable(path, "it has \(layouts.count) layouts") }
    var fresh = KeyedTable()
    let taken = try state.values(name + "/slots", of: UInt64.self)
    let bytes = try unsafe state.section(name + "/entries")
    let reader = unsafe StoredEntries(bytes: bytes, header: header, path: path)
    let found = taken.reduce(0) { $0 + $1.nonzeroBitCount }
    guard taken.count == (header.bound + 63) / 64, found == Int(header.count),
      header.bound == 0 || taken[(header.bound - 1) / 64] >> UInt64((header.bound - 1) % 64) == 1,
      !reader.isPaged || bytes.count == header.bound * Int(header.stride)
    else { throw StateError.size(path, bytes.count) }
    let first = taken.indices.first { taken[$0] != 0 }.map { $0 * 64 + taken[$0].trailingZeroBitCount }
    let example = unsafe try first.map { try unsafe reader.entry($0, at: 0) }
    let keySchema = StateSchema(version: 1, codec: keys)
    let decodeKey = try unsafe keySchema.reader(
      path + " (keys)", version: 1, form: header.keyForm, layout: layouts[0], example: example?.key)
    let decodeValue = try unsafe values.reader(
      path, version: Int(header.schemaVersion), form: header.valueForm, layout: layouts[1], example: example?.value)
    if reader.isPaged, decodeKey.isAsStored && decodeValue.isAsStored,
      header.stride == MemoryLayout<Entry>.stride, header.valueOffset == KeyedTable.valueOffset
    {
      unsafe fresh.fill(taken, bytes)
    } else {
      try unsafe fresh.decode(taken, reader, decodeKey.decode, decodeValue.decode)
    }
    self = fresh
  }

  /// Takes over pages as they were written.
  private mutating func fill(_ taken: [UInt64], _ bytes: UnsafeRawBufferPointer) {
    for (w, word) in taken.enumerated() {
      var left = word
      while left != 0 {
        slots.take(w * 64 + left.trailingZeroBitCount)
        left &= left - 1
      }
    }
    let stride = MemoryLayout<Entry>.stride
    unsafe entries.fill(count: slots.top, slots) { range, page in
      unsafe page.copyMemory(
        from: bytes.baseAddress! + range.lowerBound * stride, byteCount: range.count * stride)
    }
    var next = slots.next(from: 0)
    while let i = next {
      let hash = unsafe entries.pointer(UInt32(i)).pointee.key.stableHash
      index.insert(UInt32(truncatingIfNeeded: hash), slot: UInt32(i))
      next = slots.next(from: i + 1)
    }
  }

  private mutating func decode(
    _ taken: [UInt64], _ stored: StoredEntries, _ decodeKey: (UnsafeRawBufferPointer) throws -> Key,
    _ decodeValue: (UnsafeRawBufferPointer) throws -> Value
  ) throws {
    var offset = 0
    for (w, word) in taken.enumerated() {
      var left = word
      while left != 0 {
        let slot = w * 64 + left.trailingZeroBitCount
        left &= left - 1
        let entry = try unsafe stored.entry(slot, at: offset)
        offset = unsafe entry.end
        let key = try unsafe decodeKey(entry.key)
        let value = try unsafe decodeValue(entry.value)
        slots.take(slot)
        unsafe entries.place(UInt32(slot), slots).initialize(to: Entry(key: key, value: value))
        index.insert(UInt32(truncatingIfNeeded: key.stableHash), slot: UInt32(slot))
      }
    }
  }
}
