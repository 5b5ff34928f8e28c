/// Timers of the current key, told apart by numbers (an enumeration's raw value, a window's end). Which time they count
/// in is decided by whom asks for the due ones: one ``KeyTimers`` for event time, one for processing time.
///
/// Guarantees: fire in the order of (due time, then when they were last set); carried by checkpoints.
/// Cost: a look-up more than ``TimerQueue``; a key without timers takes no memory.
public final class KeyTimers<Key: StreamKey>: NamedState {
  private let scope: StateScope<Key>
  /// The keys that have timers, and how many.
  private var owners = KeyedTable<Key, UInt32>()
  private var queue = TimerQueue()
  private let keys = StateCodec<Key>.automatic()

  init(_ scope: StateScope<Key>) { self.scope = scope }

  /// Sets a timer of the current key, or sets it anew.
  public func set(_ number: Int64 = 0, due: Int64) {
    let (owner, _) = unsafe owners.findOrInsert(scope.key, hash: scope.hash, 0)
    let former = queue.count
    queue.set(owner: owner, number: number, due: due)
    if queue.count > former { owners[owner] += 1 }
  }
  /// When a timer of the current key is due; nil if it is not set.
  public func due(_ number: Int64 = 0) -> Int64? {
    unsafe owners.find(scope.key, hash: scope.hash).flatMap { queue.due(owner: $0, number: number) }
  }
  /// Cancels a timer of the current key; false if it was not set.
  @discardableResult
  public func cancel(_ number: Int64 = 0) -> Bool {
    guard let owner = unsafe owners.find(scope.key, hash: scope.hash), queue.cancel(owner: owner, number: number) else {
      return false
    }
    release(owner)
    return true
  }
  /// Cancels all timers of the current key.
  public func clear() {
    guard let owner = unsafe owners.find(scope.key, hash: scope.hash) else { return }
    queue.cancelAll(owner: owner)
    unsafe owners.remove(at: owner, hash: scope.hash)
  }
  /// The timers of the current key, in the order in which they fire.
  public var all: [(number: Int64, due: Int64)] {
    guard let owner = unsafe owners.find(scope.key, hash: scope.hash) else { return [] }
    return queue.timers(of: owner).sorted { ($0.due, $0.number) < ($1.due, $1.number) }.map { ($0.number, $0.due) }
  }

  /// Takes the first timer of any key that is due at `time` or before; nil if there is none. For the operator, which
  /// selects the key and calls the user's function.
  public func popDue(at time: Int64) -> (key: Key, number: Int64, due: Int64)? {
    guard let fired = queue.popDue(at: time) else { return nil }
    let key = owners.key(at: fired.owner)
    release(fired.owner)
    return (key, fired.number, fired.due)
  }
  /// When the first timer of any key is due; nil if none is set.
  public var nextDue: Int64? { queue.nextDue() }

  private func release(_ owner: UInt32) {
    owners[owner] -= 1
    if owners[owner] == 0 { owners.remove(at: owner) }
  }

  var entryCount: Int { queue.count }
  var byteCount: Int { owners.byteCount + queue.byteCount }
  func expire() {}
  func snapshot(_ name: String, into snapshot: StateSnapshot) {
    owners.snapshot(name, into: snapshot, keys: keys, values: StateSchema())
    queue.snapshot(name + "/queue", into: snapshot)
  }
  func restore(_ name: String, from state: RestoredState) throws {
    guard state.contains(name + "/header") else { return }
    try owners.restore(name, from: state, keys: keys, values: StateSchema())
    try queue.restore(name + "/queue", from: state)
  }
}
