public import FlatMemory

/// The first and last entry of a key's chain: slot + 1, or 0.
@usableFromInline struct ChainHead: Codable, Sendable, BitwiseCopyable {
  @usableFromInline var first: UInt32 = 0
  @usableFromInline var last: UInt32 = 0
  @usableFromInline var count: UInt32 = 0
  /// The number of the next element of a list.
  @usableFromInline var nextNumber: Int64 = 0
  @inlinable init() {}
}

/// Several entries a key, each under a key of its own: the storage of lists and maps.
///
/// Guarantees: a key's entries keep the order in which they were first written.
/// Cost: two look-ups an access. The entries of all keys lie in one ``KeyedTable`` under (slot of the key, own key), so
/// trivial ones are written to checkpoints in the background; the links between them, 8 bytes an entry, are copied at
/// the mark. An entry takes about 40 bytes besides its value.
@safe @usableFromInline struct ChainedEntries<Key: StreamKey, Own: StreamKey, Value: Codable & Sendable>: ~Copyable {
  @usableFromInline struct Link: BitwiseCopyable {
    @usableFromInline var next: UInt32
    @usableFromInline var previous: UInt32
    @inlinable init(next: UInt32, previous: UInt32) {
      self.next = next
      self.previous = previous
    }
  }
  @usableFromInline var heads = KeyedTable<Key, ChainHead>()
  @usableFromInline var entries = KeyedTable<PairKey<UInt32, Own>, Value>()
  /// By slot of `entries`.
  @usableFromInline var links = FlatArray<Link>(capacity: 4)
  @usableFromInline var expiry: ExpiryTimers
  private let keys = StateCodec<Key>.automatic()
  private let owns = StateCodec<PairKey<UInt32, Own>>.automatic()
  private let schema: StateSchema<Value>

  init(_ schema: StateSchema<Value>, _ ttl: StateTTL?) {
    self.schema = schema
    expiry = ExpiryTimers(ttl)
  }
  @inlinable deinit { links.deallocate() }

  var byteCount: Int {
    heads.byteCount + entries.byteCount + links.capacity * MemoryLayout<Link>.stride + expiry.byteCount
  }

  // MARK: reading

  @inlinable
  func head(_ scope: StateScope<Key>) -> ChainHead? { unsafe heads.find(scope.key, hash: scope.hash).map { heads[$0] } }
  @inlinable
  func find(_ scope: StateScope<Key>, _ own: Own) -> UInt32? {
    guard let head = unsafe heads.find(scope.key, hash: scope.hash) else { return nil }
    return entries.find(PairKey(head, own))
  }
  @inlinable
  func next(_ slot: UInt32) -> UInt32? {
    let next = links[Int(slot)].next
    return next == 0 ? nil : next - 1
  }
  @inlinable
  func visit(_ scope: StateScope<Key>, _ body: (Own, Value) throws -> Void) rethrows {
    var next = head(scope).map { $0.first - 1 }
    while let slot = next {
      try body(entries.key(at: slot).second, entries[slot])
      next = self.next(slot)
    }
  }

  // MARK: writing

  @inlinable
  mutating func set(_ scope: StateScope<Key>, _ own: Own, _ value: Value) {
    let (head, _) = unsafe heads.findOrInsert(scope.key, hash: scope.hash, ChainHead())
    set(scope, head, own, value)
  }
  /// Adds an element under the next number of its key.
  @inlinable
  mutating func append(_ scope: StateScope<Key>, _ value: Value) where Own == Int64 {
    let (head, _) = unsafe heads.findOrInsert(scope.key, hash: scope.hash, ChainHead())
    let number = heads[head].nextNumber
    heads[head].nextNumber = number + 1
    set(scope, head, number, value)
  }
  @inlinable
  mutating func set(_ scope: StateScope<Key>, _ head: UInt32, _ own: Own, _ value: Value) {
    let (slot, isNew) = entries.findOrInsert(PairKey(head, own), value)
    if isNew { link(slot, head) } else { entries[slot] = value }
    if let ttl = expiry.ttl { expiry.wasWritten(slot, expiry: scope.expiry(ttl)) }
  }
  @inlinable
  mutating func link(_ slot: UInt32, _ head: UInt32) {
    let last = heads[head].last
    while links.count <= Int(slot) { links.append(Link(next: 0, previous: 0)) }
    links[Int(slot)] = Link(next: 0, previous: last)
    if last == 0 { heads[head].first = slot + 1 } else { links[Int(last - 1)].next = slot + 1 }
    heads[head].last = slot + 1
    heads[head].count += 1
  }

  /// Removes an entry; with the last one its key goes too.
  @inlinable
  mutating func remove(_ slot: UInt32) {
    let head = entries.key(at: slot).first
    let link = links[Int(slot)]
    if link.previous == 0 { heads[head].first = link.next } else { links[Int(link.previous - 1)].next = link.next }
    if link.next == 0 { heads[head].last = link.previous } else { links[Int(link.next - 1)].previous = link.previous }
    heads[head].count -= 1
    if heads[head].count == 0 { heads.remove(at: head) }
    entries.remove(at: slot)
    if expiry.ttl != nil { expiry.wasRemoved(slot) }
  }
  @inlinable
  mutating func removeAll(_ scope: StateScope<Key>) {
    var next = head(scope).map { $0.first - 1 }
    while let slot = next {
      next = self.next(slot)
      remove(slot)
    }
  }

  mutating func expire(_ scope: StateScope<Key>) {
    guard let ttl = expiry.ttl else { return }
    let time = scope.time(ttl.domain)
    if expiry.needsTimers(at: time) {
      var next = entries.slot(from: 0)
      while let slot = next {
        expiry.setIfUntimed(slot, at: time)
        next = entries.slot(from: slot + 1)
      }
      expiry.allAreTimed()
    }
    while let slot = expiry.next(at: time) { remove(slot) }
  }

  // MARK: checkpoints

  mutating func snapshot(_ name: String, into snapshot: StateSnapshot) {
    heads.snapshot(name + "/keys", into: snapshot, keys: keys, values: StateSchema())
    entries.snapshot(name, into: snapshot, keys: owns, values: schema)
    unsafe snapshot.add(
      name + "/links", values: UnsafeBufferPointer(start: links.base, count: Int(entries.slotBound)))
    expiry.snapshot(name, into: snapshot)
  }
  mutating func restore(_ name: String, from state: RestoredState) throws {
    guard state.contains(name + "/header") else { return }
    let path = "\(state.prefix)/\(name)/links"
    var fresh = ChainedEntries(schema, expiry.ttl)
    try fresh.heads.restore(name + "/keys", from: state, keys: keys, values: StateSchema())
    try fresh.entries.restore(name, from: state, keys: owns, values: schema)
    for link in try state.values(name + "/links", of: Link.self) { fresh.links.append(link) }
    guard fresh.links.count == Int(fresh.entries.slotBound) else { throw StateError.size(path, fresh.links.count * 8) }
    var next = fresh.entries.slot(from: 0)
    while let slot = next {
      let link = fresh.links[Int(slot)]
      let isWhole = [link.next, link.previous].allSatisfy { $0 == 0 || fresh.entries.contains(slot: $0 - 1) }
      guard isWhole, fresh.heads.contains(slot: fresh.entries.key(at: slot).first) else {
        throw StateError.undecodable(path, "entry \(slot) is linked to one that does not exist")
      }
      next = fresh.entries.slot(from: slot + 1)
    }
    try fresh.expiry.restore(name, from: state)
    self = fresh
  }
}
