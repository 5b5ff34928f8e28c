/// How long state lives after it was last written.
public struct StateTTL: Sendable, Equatable {
  /// Which time counts.
  public enum Domain: Sendable, Equatable {
    /// The clock: gone when processing time reaches the time of writing plus the duration.
    case processingTime
    /// The events' times: gone when the watermark reaches the writing event's time plus the duration.
    case eventTime
  }
  /// How long after it was last written.
  public var milliseconds: Int64
  /// By which time.
  public var domain: Domain
  /// Precondition: positive.
  public init(milliseconds: Int64, domain: Domain = .processingTime) {
    precondition(milliseconds > 0, "a TTL of \(milliseconds) ms would keep nothing")
    self.milliseconds = milliseconds
    self.domain = domain
  }
}

/// The key at hand and the time: what all handles of one operator's partition look at.
public final class StateScope<Key: StreamKey> {
  @exclusivity(unchecked) @usableFromInline var current: Key?
  @exclusivity(unchecked) @usableFromInline var hash: UInt64 = 0
  @exclusivity(unchecked) @usableFromInline var eventTime = Int64.min
  @exclusivity(unchecked) @usableFromInline var watermark = Int64.min
  @exclusivity(unchecked) @usableFromInline var processingTime = Int64.min
  init() {}

  @inlinable
  var key: Key {
    guard let key = unsafe current else { preconditionFailure("state was asked for while no key is selected") }
    return key
  }
  /// Up to when state has expired.
  func time(_ domain: StateTTL.Domain) -> Int64 { unsafe domain == .eventTime ? watermark : processingTime }
  /// When state that is written now expires; nil as long as nothing is known of the time.
  @usableFromInline
  func expiry(_ ttl: StateTTL) -> Int64? {
    let written = unsafe ttl.domain == .eventTime ? max(eventTime, watermark) : processingTime
    if written == .min { return nil }
    let (sum, overflows) = written.addingReportingOverflow(ttl.milliseconds)
    return overflows ? .max : sum
  }
}

/// One named state of ``KeyedStates``.
protocol NamedState: AnyObject {
  /// Entries held, of all keys.
  var entryCount: Int { get }
  var byteCount: Int { get }
  /// Drops what has expired.
  func expire()
  func snapshot(_ name: String, into snapshot: StateSnapshot)
  func restore(_ name: String, from state: RestoredState) throws
}

/// The named states of one operator on one partition: what `processKeyed` hands to a user's function as
/// ``ValueState``, ``ListState``, ``MapState`` and ``KeyTimers`` of the current key (the states of Spark's
/// `transformWithState`).
///
/// The operator declares the states once, in any order, selects a key before it calls the user's function, and tells
/// the time. States keep their names over releases: one that the checkpoint does not know begins empty, one that is
/// no longer declared is dropped with it.
/// Guarantees: expired state is never seen: ``advance(watermark:processingTime:)`` drops it, by timers, before anything
/// else happens. Cost: a look-up an access; nothing is retained or allocated for trivial keys and values.
public final class KeyedStates<Key: StreamKey>: CheckpointedState {
  public let scope = StateScope<Key>()
  private var states: [(name: String, state: any NamedState)] = []
  /// Whether some state expires by the clock.
  private(set) var usesProcessingTime = false

  public init() {}

  // MARK: declaring

  /// A value a key.
  public func value<Value: Codable & Sendable>(
    _ name: String, _ schema: StateSchema<Value> = StateSchema(), ttl: StateTTL? = nil
  ) -> ValueState<Key, Value> {
    declare(name, ValueState(scope, schema, ttl), ttl)
  }
  /// A list a key; each element has its own TTL.
  public func list<Element: Codable & Sendable>(
    _ name: String, _ schema: StateSchema<Element> = StateSchema(), ttl: StateTTL? = nil
  ) -> ListState<Key, Element> {
    declare(name, ListState(scope, schema, ttl), ttl)
  }
  /// A map a key; each entry has its own TTL.
  public func map<MapKey: StreamKey, Value: Codable & Sendable>(
    _ name: String, of keys: MapKey.Type = MapKey.self, _ schema: StateSchema<Value> = StateSchema(),
    ttl: StateTTL? = nil
  ) -> MapState<Key, MapKey, Value> {
    declare(name, MapState(scope, schema, ttl), ttl)
  }
  /// Timers of a key.
  public func timers(_ name: String) -> KeyTimers<Key> { declare(name, KeyTimers(scope)) }

  private func declare<State: NamedState>(_ name: String, _ state: State, _ ttl: StateTTL? = nil) -> State {
    precondition(
      !name.isEmpty && name != "." && name != ".."
        && !name.utf8.contains { $0 < 33 || $0 == 47 || $0 == 92 || $0 == 127 },
      "'\(name)' cannot name a state: give it a name without spaces and slashes")
    precondition(!states.contains { $0.name == name }, "two states are called '\(name)'")
    states.append((name, state))
    if ttl?.domain == .processingTime { usesProcessingTime = true }
    return state
  }

  // MARK: running

  /// Makes a key the current one. `hash` is its ``StreamKey/stableHash``; `eventTime` that of the event at hand.
  @inlinable
  public func select(_ key: Key, hash: UInt64, eventTime: Int64 = .min) {
    unsafe scope.current = key
    unsafe scope.hash = hash
    unsafe scope.eventTime = eventTime
  }
  @inlinable
  public func select(_ key: Key, eventTime: Int64 = .min) { select(key, hash: key.stableHash, eventTime: eventTime) }

  /// Tells the time (neither goes back) and drops the state that has expired.
  public func advance(watermark: Int64, processingTime: Int64) {
    unsafe scope.watermark = unsafe max(scope.watermark, watermark)
    unsafe scope.processingTime = unsafe max(scope.processingTime, processingTime)
    for (_, state) in states { state.expire() }
  }

  /// Entries of all states: values, list elements, map entries, timers.
  public var entryCount: Int { states.reduce(0) { $0 + $1.state.entryCount } }
  /// Bytes that all states take.
  public var byteCount: Int { states.reduce(0) { $0 + $1.state.byteCount } }

  // MARK: checkpoints

  public var stateSize: StateSize { StateSize(rows: entryCount, bytes: byteCount) }
  public func snapshot(into snapshot: StateSnapshot) {
    unsafe [scope.watermark, scope.processingTime].withUnsafeBufferPointer { unsafe snapshot.add("time", values: $0) }
    for (name, state) in states { state.snapshot(name, into: snapshot) }
  }
  public func restore(from snapshot: RestoredState) throws {
    if snapshot.contains("time") {
      let times = try snapshot.values("time", of: Int64.self)
      guard times.count == 2 else { throw StateError.size(snapshot.prefix + "/time", times.count * 8) }
      unsafe scope.watermark = times[0]
      unsafe scope.processingTime = times[1]
    }
    for (name, state) in states { try state.restore(name, from: snapshot) }
  }
}
