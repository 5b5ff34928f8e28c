/// A list of the current key, in the order of appending. Each element lives as long as the TTL says.
///
/// Cost: appending is two look-ups; about 40 bytes an element besides its value.
public final class ListState<Key: StreamKey, Element: Codable & Sendable>: NamedState {
  @usableFromInline let scope: StateScope<Key>
  @usableFromInline var chain: ChainedEntries<Key, Int64, Element>

  init(_ scope: StateScope<Key>, _ schema: StateSchema<Element>, _ ttl: StateTTL?) {
    self.scope = scope
    chain = ChainedEntries(schema, ttl)
  }

  /// How many elements the current key has.
  @inlinable public var count: Int { Int(chain.head(scope)?.count ?? 0) }
  /// Whether it has any.
  @inlinable public var exists: Bool { count > 0 }
  /// The elements; set to replace all of them.
  @inlinable public var elements: [Element] {
    get {
      var list: [Element] = []
      list.reserveCapacity(count)
      chain.visit(scope) { list.append($1) }
      return list
    }
    set {
      clear()
      for element in newValue { append(element) }
    }
  }
  /// Calls `body` with each element, without making an array of them; the list may not be changed meanwhile.
  @inlinable public func visit(_ body: (Element) throws -> Void) rethrows { try chain.visit(scope) { try body($1) } }
  /// Puts an element at the end.
  @inlinable public func append(_ element: Element) { chain.append(scope, element) }
  /// Drops all elements of the current key.
  @inlinable public func clear() { chain.removeAll(scope) }

  var entryCount: Int { chain.entries.count }
  var byteCount: Int { chain.byteCount }
  func expire() { chain.expire(scope) }
  func snapshot(_ name: String, into snapshot: StateSnapshot) { chain.snapshot(name, into: snapshot) }
  func restore(_ name: String, from state: RestoredState) throws { try chain.restore(name, from: state) }
}
