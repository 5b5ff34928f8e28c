public import FlatMemory

/// One partition of one batch: a contiguous array of elements and the byte arena their offsets point into.
///
/// Guarantees: elements stay where they are until the buffer is cleared; clearing keeps the memory.
/// Cost: an append is a compare and a store. Elements of any type are allowed; trivial ones cost nothing to clear.
/// Ownership: a buffer is filled by one task and read by others only after that task is done (the scheduler's lock
/// orders them), so it carries no synchronisation of its own.
@safe public final class PartitionBuffer<Element>: @unchecked Sendable {
  // a buffer belongs to one task at a time, so the run-time exclusivity checks on its fields are left out
  @exclusivity(unchecked) public private(set) var base: UnsafeMutablePointer<Element>
  @exclusivity(unchecked) public private(set) var count = 0
  @exclusivity(unchecked) @usableFromInline var capacity: Int
  /// For streams with event time: the highest event time of the source block up to and including element i,
  /// whichever partition those events went to. As long as the elements, or empty.
  @exclusivity(unchecked) public var runningMaxima = FlatArray<Int64>(capacity: 1)
  /// For streams of the general operators: event time and number of each element (see ``Position``), beside
  /// ``runningMaxima``. As long as the elements, or empty.
  @exclusivity(unchecked) public var stamps = FlatArray<EventStamp>(capacity: 1)
  /// For elements without event time, where their order is asked for: the number of each in the block it comes from. As
  /// long as the elements, or of no account.
  @exclusivity(unchecked) public var ordinals = FlatArray<UInt32>(capacity: 1)
  /// Bytes the elements' spans point into.
  @exclusivity(unchecked) public var arena = OutputBuffer(capacity: 64)
  /// ``arena`` by value, to append to and put back: the field itself has run-time checks where other modules use it.
  @inlinable
  public var arenaValue: OutputBuffer {
    @inline(__always) get { unsafe arena }
    @inline(__always) set { unsafe arena = newValue }
  }
  /// When set, spans point here instead (the block that the elements were decoded from).
  @exclusivity(unchecked) public var borrowedArena: UnsafePointer<UInt8>?

  public init(capacity: Int = 16) {
    unsafe self.capacity = capacity
    unsafe base = .allocate(capacity: capacity)
  }
  deinit {
    unsafe base.deinitialize(count: count)
    unsafe base.deallocate()
    unsafe runningMaxima.deallocate()
    unsafe stamps.deallocate()
    unsafe ordinals.deallocate()
    unsafe arena.deallocate()
  }

  /// Where the elements' byte spans point.
  @inlinable
  public var bytes: UnsafePointer<UInt8> { unsafe borrowedArena ?? UnsafePointer(arena.base) }
  @inlinable
  public var elements: UnsafeBufferPointer<Element> { unsafe UnsafeBufferPointer(start: base, count: count) }

  @inlinable @inline(__always)
  public func append(_ e: consuming Element) {
    if unsafe count == capacity { unsafe grow(to: count &+ 1) }
    unsafe (base + count).initialize(to: e)
    _count &+= 1
  }
  @usableFromInline var _count: Int {
    @inline(__always) get { unsafe count }
    @inline(__always) set { unsafe count = newValue }
  }
  /// Appends copies of elements in one go.
  @inlinable
  public func append(contentsOf elements: UnsafeBufferPointer<Element>) {
    guard let p = elements.baseAddress else { return }
    let n = elements.count
    unsafe reserve(n).initialize(from: p, count: n)
    _count &+= n
  }
  /// Appends an element that stands at a position.
  @inlinable @inline(__always)
  public func append(_ e: consuming Element, at position: Position) {
    append(e)
    unsafe runningMaxima.append(position.watermark)
    unsafe stamps.append(EventStamp(sequence: position.sequence, eventTime: position.eventTime))
  }
  /// Whether every element stands at a position.
  @inlinable
  public var isTimed: Bool { unsafe count > 0 && runningMaxima.count == count }
  /// Whether every element has an ``EventStamp``.
  var isNumbered: Bool { unsafe count > 0 && stamps.count == count }
  /// Whether every element has its number in the block.
  var isOrdered: Bool { unsafe count > 0 && ordinals.count == count }
  /// Whether elements may have spans that point into bytes.
  var hasBytes: Bool { unsafe arena.count > 0 || borrowedArena != nil }
  /// Numbers the elements that have no number yet by their places.
  func numberByPlace() {
    unsafe ordinals.reserve(count)
    for i in unsafe ordinals.count..<count { unsafe (ordinals.base + i).initialize(to: UInt32(truncatingIfNeeded: i)) }
    unsafe ordinals.count = unsafe count
  }
  /// Makes room and hands out the place after the last element; ``commit(_:)`` says how many were written there.
  @inlinable
  public func reserve(_ n: Int) -> UnsafeMutablePointer<Element> {
    if unsafe count &+ n > capacity { unsafe grow(to: count &+ n) }
    return unsafe base + count
  }
  @inlinable
  public func commit(_ n: Int) {
    unsafe assert(count + n <= capacity)
    _count &+= n
  }

  @inline(never) @usableFromInline
  func grow(to needed: Int) {
    unsafe capacity = unsafe max(capacity * 2, needed)
    let q = unsafe UnsafeMutablePointer<Element>.allocate(capacity: capacity)
    unsafe q.moveInitialize(from: base, count: count)
    unsafe base.deallocate()
    unsafe base = unsafe q
  }

  /// Forgets trivially copyable elements without touching them.
  func truncate() where Element: BitwiseCopyable { unsafe count = 0 }

  public func removeAll() {
    if unsafe count == 0, unsafe arena.count == 0, unsafe borrowedArena == nil { return }
    unsafe base.deinitialize(count: count)
    unsafe count = 0
    unsafe runningMaxima.removeAll()
    unsafe stamps.removeAll()
    unsafe ordinals.removeAll()
    unsafe arena.count = 0
    unsafe borrowedArena = nil
  }
}
