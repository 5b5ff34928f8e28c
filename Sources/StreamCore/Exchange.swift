import FlatMemory

/// The buffers one exchange keeps in a batch: one for each (upstream partition, downstream partition).
@safe public final class ExchangeBuffers<Element>: @unchecked Sendable {
  private let buffers: [PartitionBuffer<Element>]
  /// The same without counted references: two cores would count on the same cache lines.
  private let places: UnsafeMutablePointer<Unmanaged<PartitionBuffer<Element>>>
  let downstream: Int
  init(upstream: Int, downstream: Int) {
    buffers = (0..<upstream * downstream).map { _ in PartitionBuffer<Element>() }
    unsafe places = .allocate(capacity: buffers.count)
    for i in buffers.indices { unsafe (places + i).initialize(to: .passUnretained(buffers[i])) }
    self.downstream = downstream
  }
  deinit { unsafe places.deallocate() }
  subscript(from: Int, to: Int) -> PartitionBuffer<Element> {
    unsafe places[from * downstream + to].takeUnretainedValue()
  }
  /// Uses a buffer while these buffers are kept.
  func use(_ from: Int, _ to: Int, _ body: (PartitionBuffer<Element>) -> Void) {
    unsafe places[from * downstream + to]._withUnsafeGuaranteedRef { body($0) }
  }
  func removeAll() { for i in buffers.indices { unsafe places[i]._withUnsafeGuaranteedRef { $0.removeAll() } } }
}

/// Moves elements from the partitions of one stage to those of the next. Buffers travel with the batch.
public final class Exchange<Element>: @unchecked Sendable {
  let index: Int
  let upstream: Int
  public let downstream: Int
  init(index: Int, upstream: Int, downstream: Int) {
    self.index = index
    self.upstream = upstream
    self.downstream = downstream
  }

  /// The buffers of a batch, made on first use and kept when the batch is recycled.
  func buffers(in batch: Batch) -> ExchangeBuffers<Element> {
    if let b = batch.exchangeBuffers[index] { return unsafe unsafeDowncast(b, to: ExchangeBuffers<Element>.self) }
    fatalError("exchange \(index) has no buffers in batch \(batch.number)")
  }
  func prepare(_ batch: Batch) {
    if let b = batch.exchangeBuffers[index] {
      unsafe unsafeDowncast(b, to: ExchangeBuffers<Element>.self).removeAll()
    } else {
      batch.exchangeBuffers[index] = ExchangeBuffers<Element>(upstream: upstream, downstream: downstream)
    }
  }
  /// The buffer that upstream partition `from` fills for downstream partition `to`.
  public func buffer(in batch: Batch, from: Int, to: Int) -> PartitionBuffer<Element> {
    buffers(in: batch)[from, to]
  }
}

/// An event with a time and a key: what can be partitioned by key and windowed by event time.
public protocol KeyedEvent: BitwiseCopyable {
  /// Event time, milliseconds since 1970 UTC.
  var eventTime: Int64 { get }
  /// A 64-bit hash of the key; its top bits choose the key group.
  var keyHash: UInt64 { get }
  /// Copies each event to the end of its partition's array and notes the running maximum beside it; gives the new
  /// maximum. A requirement only so that it is compiled for the conforming type (a generic class's methods are not):
  /// the default is the implementation.
  static func scatter(
    _ events: UnsafePointer<Self>, _ count: Int, maximum: Int64, shift: UInt64,
    tops: UnsafeMutablePointer<UnsafeMutablePointer<Self>>, maxima: UnsafeMutablePointer<UnsafeMutablePointer<Int64>>,
    counts: UnsafeMutablePointer<Int>
  ) -> Int64
}

extension KeyedEvent {
  @inlinable
  public static func scatter(
    _ events: UnsafePointer<Self>, _ count: Int, maximum: Int64, shift: UInt64,
    tops: UnsafeMutablePointer<UnsafeMutablePointer<Self>>, maxima: UnsafeMutablePointer<UnsafeMutablePointer<Int64>>,
    counts: UnsafeMutablePointer<Int>
  ) -> Int64 {
    var running = maximum
    for i in 0..<count {
      let time = unsafe events[i].eventTime
      if time > running { running = time }
      // a shift by 64 (one partition) gives 0
      let p = unsafe Int(truncatingIfNeeded: events[i].keyHash >> shift)
      let c = unsafe counts[p]
      unsafe (tops[p] + c).initialize(to: events[i])
      unsafe (maxima[p] + c).initialize(to: running)
      unsafe counts[p] = c &+ 1
    }
    return running
  }
}

/// Scatters keyed events to the partitions that own their key groups, and notes the source's running maximum of event
/// time beside each.
///
/// Cost: a copy of the element and 8 bytes per event. Partition = top bits of the key hash, so it depends on neither
/// threads nor batches.
@safe final class KeyedExchangeWriter<Element: KeyedEvent>: Consumer<Element>, @unchecked Sendable {
  private let exchange: Exchange<Element>
  private let from: Int
  private let tops: UnsafeMutablePointer<UnsafeMutablePointer<Element>>
  private let maxima: UnsafeMutablePointer<UnsafeMutablePointer<Int64>>
  private let counts: UnsafeMutablePointer<Int>
  // of the batch in hand: a batch may pass several exchanges, so what it has so far is not what this one has seen
  private var maximum = Int64.min
  private var recordCount = 0

  init(exchange: Exchange<Element>, from: Int) {
    self.exchange = exchange
    self.from = from
    unsafe tops = .allocate(capacity: exchange.downstream)
    unsafe maxima = .allocate(capacity: exchange.downstream)
    unsafe counts = .allocate(capacity: exchange.downstream)
    precondition(exchange.downstream.nonzeroBitCount == 1, "the number of key groups is a power of two")
  }
  deinit {
    unsafe tops.deallocate()
    unsafe maxima.deallocate()
    unsafe counts.deallocate()
  }

  override func consume(_ run: PartitionRun<Element>, _ batch: Batch) {
    let n = unsafe run.elements.count
    guard let events = unsafe run.elements.baseAddress, n > 0 else { return }
    let buffers = exchange.buffers(in: batch)
    for p in 0..<exchange.downstream {
      buffers.use(from, p) { b in
        unsafe b.borrowedArena = unsafe run.bytes
        unsafe tops[p] = unsafe b.reserve(n)
        unsafe b.runningMaxima.reserve(b.count + n)
        unsafe maxima[p] = unsafe b.runningMaxima.base + b.count
        unsafe counts[p] = 0
      }
    }
    maximum = unsafe Element.scatter(
      events, n, maximum: maximum, shift: UInt64(64 - exchange.downstream.trailingZeroBitCount),
      tops: tops, maxima: maxima, counts: counts)
    recordCount += n
    for p in 0..<exchange.downstream {
      buffers.use(from, p) { b in
        unsafe b.commit(counts[p])
        unsafe b.runningMaxima.count = unsafe b.count
      }
    }
  }
  override func endBatch(_ batch: Batch) {
    batch.localMaximum = max(batch.localMaximum, maximum)
    batch.recordCount = max(batch.recordCount, recordCount)
    maximum = .min
    recordCount = 0
  }
}

/// The way out of a stage towards a sink stage's only partition.
///
/// Operators append to ``directBuffer(_:)`` and nothing is copied. Runs given to ``consume(_:_:)`` are copied, which
/// only elements without byte spans allow.
public final class CollectWriter<Element>: Consumer<Element>, @unchecked Sendable {
  let exchange: Exchange<Element>
  let from: Int
  init(exchange: Exchange<Element>, from: Int) {
    self.exchange = exchange
    self.from = from
  }
  public override func directBuffer(_ batch: Batch) -> PartitionBuffer<Element>? {
    exchange.buffer(in: batch, from: from, to: 0)
  }
  public override func consume(_ run: PartitionRun<Element>, _ batch: Batch) {
    let b = exchange.buffer(in: batch, from: from, to: 0)
    unsafe b.append(contentsOf: run.elements)
    run.copyPositions(to: b)
  }
}

/// How a stream is spread over the partitions of the next stage: a loop over a run, compiled where it was written.
///
/// For each downstream partition it gets where to put elements and positions (room for the whole run each) and how many
/// there are, to be counted on.
public struct PartitionScatter<Element> {
  /// Partition of an element = top bits of its 64-bit hash, `hash >> shift`.
  public let scatter: (PartitionRun<Element>, ScatterTarget<Element>) -> Void

  @inlinable
  public init(_ scatter: @escaping (PartitionRun<Element>, ScatterTarget<Element>) -> Void) { self.scatter = scatter }
  /// - Parameter hash: a 64-bit hash that is the same over runs and machines; its top bits choose the key group.
  @inlinable
  public init(hash: @escaping (borrowing Element) -> UInt64) {
    scatter = { run, target in
      for i in 0..<run.count {
        unsafe target.put(
          run.elements[i], run, i, partition: Int(truncatingIfNeeded: hash(run.elements[i]) >> target.shift))
      }
    }
  }
}

/// The buffers of the downstream partitions while one run is spread.
@safe public final class ScatterTarget<Element>: @unchecked Sendable {
  @usableFromInline let tops: UnsafeMutablePointer<UnsafeMutablePointer<Element>>
  @usableFromInline let counts: UnsafeMutablePointer<Int>
  /// Where the numbers of the elements go, if they have any.
  @usableFromInline let ordinals: UnsafeMutablePointer<UnsafeMutablePointer<UInt32>>
  /// By how much a hash is shifted to give the partition.
  public let shift: UInt64
  private let partitionCount: Int
  private var buffers: [PartitionBuffer<Element>] = []

  init(partitionCount: Int) {
    precondition(partitionCount.nonzeroBitCount == 1, "the number of key groups is a power of two")
    self.partitionCount = partitionCount
    // a shift by 64 (one partition) gives 0
    shift = UInt64(64 - partitionCount.trailingZeroBitCount)
    unsafe tops = .allocate(capacity: partitionCount)
    unsafe counts = .allocate(capacity: partitionCount)
    unsafe ordinals = .allocate(capacity: partitionCount)
  }
  deinit {
    unsafe tops.deallocate()
    unsafe counts.deallocate()
    unsafe ordinals.deallocate()
  }

  /// Puts an element at the end of a partition.
  @inlinable @inline(__always)
  public func put(_ e: Element, _ run: PartitionRun<Element>, _ i: Int, partition: Int) {
    let c = unsafe counts[partition]
    unsafe (tops[partition] + c).initialize(to: e)
    unsafe counts[partition] = c &+ 1
    if let numbers = unsafe run.ordinals {
      unsafe (ordinals[partition] + c).initialize(to: numbers[i])
    } else if unsafe run.runningMaxima != nil {
      copyPosition(run, i, partition)
    }
  }
  @inline(never) @usableFromInline
  func copyPosition(_ run: PartitionRun<Element>, _ i: Int, _ partition: Int) {
    run.copyPosition(i, to: buffers[partition])
  }

  func spread(_ run: PartitionRun<Element>, _ by: PartitionScatter<Element>, to list: [PartitionBuffer<Element>]) {
    buffers = list
    for p in 0..<partitionCount {
      unsafe tops[p] = unsafe list[p].reserve(run.count)
      unsafe counts[p] = 0
      if unsafe run.ordinals != nil {
        unsafe list[p].ordinals.reserve(list[p].ordinals.count + run.count)
        unsafe ordinals[p] = unsafe list[p].ordinals.base + list[p].ordinals.count
      }
    }
    by.scatter(run, self)
    for p in 0..<partitionCount {
      unsafe list[p].commit(counts[p])
      if unsafe run.ordinals != nil { unsafe list[p].ordinals.count += counts[p] }
    }
  }
}

/// Spreads the elements of general keyed streams over the partitions that own their key groups.
///
/// Cost: a hash, a copy of the element and its position, if it has one.
final class ScatterWriter<Element>: Consumer<Element>, @unchecked Sendable {
  private let exchange: Exchange<Element>
  private let from: Int
  private let by: PartitionScatter<Element>
  private let target: ScatterTarget<Element>
  private var list: [PartitionBuffer<Element>] = []

  init(exchange: Exchange<Element>, from: Int, by: PartitionScatter<Element>) {
    self.exchange = exchange
    self.from = from
    self.by = by
    target = ScatterTarget(partitionCount: exchange.downstream)
  }
  override func consume(_ run: PartitionRun<Element>, _ batch: Batch) {
    let buffers = exchange.buffers(in: batch)
    list.removeAll(keepingCapacity: true)
    for p in 0..<exchange.downstream { list.append(buffers[from, p]) }
    target.spread(run, by, to: list)
  }
}
