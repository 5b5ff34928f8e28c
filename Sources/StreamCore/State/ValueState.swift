/// A value of the current key.
///
/// Cost: a look-up in a ``KeyedTable`` an access; with a TTL, a timer a write. Changed in place by ``update(default:_:)``, whose closure may
/// not use the same state again (Swift's exclusivity check stops the program).
public final class ValueState<Key: StreamKey, Value: Codable & Sendable>: NamedState {
  @usableFromInline let scope: StateScope<Key>
  @usableFromInline var table = KeyedTable<Key, Value>()
  @usableFromInline var expiry: ExpiryTimers
  private let keys = StateCodec<Key>.automatic()
  private let schema: StateSchema<Value>

  init(_ scope: StateScope<Key>, _ schema: StateSchema<Value>, _ ttl: StateTTL?) {
    self.scope = scope
    self.schema = schema
    expiry = ExpiryTimers(ttl)
  }

  /// The value, or nil if there is none; set nil to drop it.
  @inlinable
  public var value: Value? {
    get { unsafe table.find(scope.key, hash: scope.hash).map { table[$0] } }
    set { if let newValue { update(newValue) } else { clear() } }
  }
  /// Whether the current key has a value.
  @inlinable public var exists: Bool { unsafe table.find(scope.key, hash: scope.hash) != nil }

  /// Sets the value.
  @inlinable
  public func update(_ newValue: Value) {
    let (slot, isNew) = unsafe table.findOrInsert(scope.key, hash: scope.hash, newValue)
    if !isNew { table[slot] = newValue }
    if let ttl = expiry.ttl { expiry.wasWritten(slot, expiry: scope.expiry(ttl)) }
  }
  /// Changes the value in place, from `initial` if there is none.
  @inlinable
  public func update<Result>(
    default initial: @autoclosure () -> Value, _ body: (inout Value) throws -> Result
  ) rethrows -> Result {
    let (slot, _) = unsafe table.findOrInsert(scope.key, hash: scope.hash, initial())
    defer { if let ttl = expiry.ttl { expiry.wasWritten(slot, expiry: scope.expiry(ttl)) } }
    return try body(&table[slot])
  }
  /// Drops the value, if there is one.
  @inlinable
  public func clear() {
    guard let slot = unsafe table.find(scope.key, hash: scope.hash) else { return }
    unsafe table.remove(at: slot, hash: scope.hash)
    if expiry.ttl != nil { expiry.wasRemoved(slot) }
  }
  /// Calls `body` with every key's value, in the order of slots.
  public func visit(_ body: (Key, Value) throws -> Void) rethrows { try table.visit { try body($1, $2) } }

  var entryCount: Int { table.count }
  var byteCount: Int { table.byteCount + expiry.byteCount }

  func expire() {
    guard let ttl = expiry.ttl else { return }
    let time = scope.time(ttl.domain)
    if expiry.needsTimers(at: time) {
      var next = table.slot(from: 0)
      while let slot = next {
        expiry.setIfUntimed(slot, at: time)
        next = table.slot(from: slot + 1)
      }
      expiry.allAreTimed()
    }
    while let slot = expiry.next(at: time) { table.remove(at: slot) }
  }

  func snapshot(_ name: String, into snapshot: StateSnapshot) {
    table.snapshot(name, into: snapshot, keys: keys, values: schema)
    expiry.snapshot(name, into: snapshot)
  }
  func restore(_ name: String, from state: RestoredState) throws {
    guard state.contains(name + "/header") else { return }
    try table.restore(name, from: state, keys: keys, values: schema)
    try expiry.restore(name, from: state)
  }
}
