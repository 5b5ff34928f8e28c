/// A key and its value as they lie in a table.
@frozen public struct KeyedEntry<Key, Value> {
  public var key: Key
  public var value: Value
  @inlinable @inline(__always)
  init(key: Key, value: Value) {
    self.key = key
    self.value = value
  }
}

/// The keyed state of one operator on one partition: a hash table whose entries have **slots**, small integers that stay
/// the same until the entry is removed.
///
/// Guarantees: the order of iteration is the order of slots and depends on the sequence of operations alone: an insertion
/// takes the lowest free slot, so without removals it is insertion order. A restored table has the same slots. Trivial
/// keys and values are written to checkpoints in the background (``snapshot(_:into:keys:values:)``).
/// Cost: entries lie in pages of 64 KiB that never move (`EntryPages`), slots are found through segments of 32 KiB
/// that split (`KeyIndex`): two cache misses a look-up, 15 bytes a key over the entry, and no growth that stalls
/// or needs the memory twice. Neither retains nor releases anything but what key and value hold.
/// Not copyable: one owner, one task at a time. Keep it in a class field marked `@exclusivity(unchecked)`.
@safe public struct KeyedTable<Key: StreamKey, Value>: ~Copyable {
  @usableFromInline typealias Entry = KeyedEntry<Key, Value>
  @usableFromInline var index = KeyIndex()
  @usableFromInline var slots = SlotSet()
  @usableFromInline var entries = EntryPages<KeyedEntry<Key, Value>>()

  public init() {}
  @inlinable deinit { deinitialiseEntries() }
  @inline(never) @usableFromInline
  func deinitialiseEntries() {
    if _isPOD(Entry.self) { return }
    var next = slots.next(from: 0)
    while let i = next {
      unsafe entries.pointer(UInt32(i)).deinitialize(count: 1)
      next = slots.next(from: i + 1)
    }
  }

  @inlinable public var count: Int { slots.count }
  @inlinable public var isEmpty: Bool { slots.count == 0 }
  /// One more than the highest slot in use.
  @inlinable public var slotBound: UInt32 { UInt32(truncatingIfNeeded: slots.top) }
  /// Memory of the table itself; what texts and arrays in it hold elsewhere is not counted.
  public var byteCount: Int { index.byteCount + slots.byteCount + entries.byteCount }
  /// Pages that had to be copied on the path of processing because a checkpoint's writer had not come to them.
  public var copiedPageCount: Int { entries.copiedPageCount }

  // MARK: look-up

  /// The slot of a key, or nil. `hash` is the key's ``StreamKey/stableHash``.
  @inlinable @inline(__always)
  public func find(_ key: Key, hash: UInt64) -> UInt32? {
    let hash = UInt32(truncatingIfNeeded: hash)
    let segment = index.segment(hash)
    let mask = Int(segment.mask)
    var i = Int(hash) & mask
    while true {
      let word = unsafe segment.words[i]
      if word == 0 { return nil }
      if UInt32(truncatingIfNeeded: word &>> 32) == hash {
        let slot = UInt32(truncatingIfNeeded: word) &- 1
        if unsafe entries.pointer(slot).pointee.key == key { return slot }
      }
      i = (i &+ 1) & mask
    }
  }
  @inlinable @inline(__always)
  public func find(_ key: Key) -> UInt32? { find(key, hash: key.stableHash) }

  /// The slot of a key; if there is none, one is made with the given value.
  @inlinable @inline(__always)
  public mutating func findOrInsert(
    _ key: Key, hash: UInt64, _ makeValue: @autoclosure () -> Value
  ) -> (slot: UInt32, isNew: Bool) {
    if let slot = find(key, hash: hash) { return (slot, false) }
    return (insertNew(key, hash: hash, makeValue()), true)
  }
  @inlinable @inline(__always)
  public mutating func findOrInsert(
    _ key: Key, _ makeValue: @autoclosure () -> Value
  ) -> (slot: UInt32, isNew: Bool) {
    findOrInsert(key, hash: key.stableHash, makeValue())
  }

  /// Precondition: the table does not have the key.
  @inlinable
  mutating func insertNew(_ key: Key, hash: UInt64, _ value: Value) -> UInt32 {
    let i = slots.takeLowestFree()
    precondition(i < UInt32.max, "a table holds at most 4,294,967,295 keys; use more partitions")
    let slot = UInt32(truncatingIfNeeded: i)
    unsafe entries.place(slot, slots).initialize(to: Entry(key: key, value: value))
    index.insert(UInt32(truncatingIfNeeded: hash), slot: slot)
    return slot
  }

  // MARK: entries

  /// The value of a slot in use; changed in place.
  @inlinable
  public subscript(slot: UInt32) -> Value {
    @inline(__always) _read {
      assert(slots.contains(Int(slot)), "slot \(slot) is free")
      yield unsafe entries.pointer(slot).pointee.value
    }
    @inline(__always) _modify {
      assert(slots.contains(Int(slot)), "slot \(slot) is free")
      yield unsafe &entries.writable(slot).pointee.value
    }
  }
  /// The key of a slot in use.
  @inlinable @inline(__always)
  public func key(at slot: UInt32) -> Key {
    assert(slots.contains(Int(slot)), "slot \(slot) is free")
    return unsafe entries.pointer(slot).pointee.key
  }
  /// The value of a key; set nil to remove it.
  @inlinable
  public subscript(key key: Key) -> Value? {
    get { find(key).map { self[$0] } }
    set {
      let hash = key.stableHash
      if let slot = find(key, hash: hash) {
        if let newValue { self[slot] = newValue } else { remove(at: slot, hash: hash) }
      } else if let newValue {
        _ = insertNew(key, hash: hash, newValue)
      }
    }
  }
  @inlinable @inline(__always)
  public func contains(slot: UInt32) -> Bool { slots.contains(Int(slot)) }

  /// Removes the entry of a slot in use. `hash` is its key's.
  @inlinable
  public mutating func remove(at slot: UInt32, hash: UInt64) {
    precondition(slots.contains(Int(slot)), "slot \(slot) is free")
    index.remove(UInt32(truncatingIfNeeded: hash), slot: slot)
    // trivial entries stay as they are, so that a frozen page need not be copied
    if !_isPOD(Entry.self) { unsafe entries.pointer(slot).deinitialize(count: 1) }
    slots.release(Int(slot))
    entries.vacate(slot)
  }
  @inlinable
  public mutating func remove(at slot: UInt32) { remove(at: slot, hash: key(at: slot).stableHash) }
  /// Removes a key; gives its value, or nil if there was none.
  @inlinable @discardableResult
  public mutating func removeValue(forKey key: Key) -> Value? {
    let hash = key.stableHash
    guard let slot = find(key, hash: hash) else { return nil }
    let value = self[slot]
    remove(at: slot, hash: hash)
    return value
  }
  public mutating func removeAll() { self = KeyedTable() }

  // MARK: iteration

  /// The lowest slot in use that is not below `slot`, or nil. The entry just visited may be removed; entries inserted
  /// meanwhile may be visited or not, the same way every time.
  ///
  /// ```swift
  /// var next = table.slot(from: 0)
  /// while let slot = next { …; next = table.slot(from: slot + 1) }
  /// ```
  @inlinable
  public func slot(from slot: UInt32) -> UInt32? { slots.next(from: Int(slot)).map { UInt32(truncatingIfNeeded: $0) } }

  /// Calls `body` for every entry, in the order of slots.
  @inlinable
  public func visit(_ body: (_ slot: UInt32, _ key: Key, _ value: Value) throws -> Void) rethrows {
    var next = slots.next(from: 0)
    while let i = next {
      let entry = unsafe entries.pointer(UInt32(truncatingIfNeeded: i))
      try unsafe body(UInt32(truncatingIfNeeded: i), entry.pointee.key, entry.pointee.value)
      next = slots.next(from: i &+ 1)
    }
  }
}
