/// A map of the current key, in the order in which its keys were first written. Each entry lives as long as the TTL
/// says.
///
/// Cost: two look-ups an access; about 40 bytes an entry besides key and value.
public final class MapState<Key: StreamKey, MapKey: StreamKey, Value: Codable & Sendable>: NamedState {
  @usableFromInline let scope: StateScope<Key>
  @usableFromInline var chain: ChainedEntries<Key, MapKey, Value>

  init(_ scope: StateScope<Key>, _ schema: StateSchema<Value>, _ ttl: StateTTL?) {
    self.scope = scope
    chain = ChainedEntries(schema, ttl)
  }

  /// How many entries the current key has.
  @inlinable public var count: Int { Int(chain.head(scope)?.count ?? 0) }
  /// Whether it has any.
  @inlinable public var exists: Bool { count > 0 }
  /// The value under a key of the map; set nil to remove it.
  @inlinable public subscript(key: MapKey) -> Value? {
    get { chain.find(scope, key).map { chain.entries[$0] } }
    set {
      if let newValue {
        chain.set(scope, key, newValue)
      } else if let slot = chain.find(scope, key) {
        chain.remove(slot)
      }
    }
  }
  /// Whether there is an entry under a key of the map.
  @inlinable public func contains(_ key: MapKey) -> Bool { chain.find(scope, key) != nil }
  /// Drops an entry, if there is one.
  @inlinable public func removeValue(forKey key: MapKey) { self[key] = nil }
  /// Calls `body` with each entry; the map may not be changed meanwhile (go over ``keys`` for that).
  @inlinable public func visit(_ body: (MapKey, Value) throws -> Void) rethrows { try chain.visit(scope, body) }
  /// The keys of the map, in the order in which they were first written.
  @inlinable public var keys: [MapKey] {
    var list: [MapKey] = []
    chain.visit(scope) { key, _ in list.append(key) }
    return list
  }
  /// The values, in the same order.
  @inlinable public var values: [Value] {
    var list: [Value] = []
    chain.visit(scope) { list.append($1) }
    return list
  }
  /// Drops all entries of the current key.
  @inlinable public func clear() { chain.removeAll(scope) }

  var entryCount: Int { chain.entries.count }
  var byteCount: Int { chain.byteCount }
  func expire() { chain.expire(scope) }
  func snapshot(_ name: String, into snapshot: StateSnapshot) { chain.snapshot(name, into: snapshot) }
  func restore(_ name: String, from state: RestoredState) throws { try chain.restore(name, from: state) }
}
