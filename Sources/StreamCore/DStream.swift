import FlatMemory

/// A discretized stream: a sequence of micro-batches, each a set of partitions of elements.
///
/// A `DStream` is a description; nothing runs before ``StreamingContext/run()``. Operators take a whole partition at a
/// time, so what generality costs is paid per batch.
public final class DStream<Element>: @unchecked Sendable {
  public let context: StreamingContext
  /// The stage whose tasks compute this stream.
  let stage: Int
  /// Partitions of that stage, as the writers of an exchange see them.
  let partitionCount: Int
  private var subscribers: [(StageInstance) -> Consumer<Element>] = []

  init(context: StreamingContext, stage: Int, partitionCount: Int) {
    self.context = context
    self.stage = stage
    self.partitionCount = partitionCount
  }

  /// Builds everything downstream of this stream for one instance of its stage.
  func makeConsumer(_ instance: StageInstance) -> Consumer<Element> {
    switch subscribers.count {
    case 0: Discard<Element>()
    case 1: subscribers[0](instance)
    default: FanOut(subscribers.map { $0(instance) })
    }
  }

  /// Adds an operator that takes whole partitions: the base that other operators are clients of.
  ///
  /// `make` is called once for each instance of the stage, with the consumer of the operator's output.
  public func transformPartitions<Output>(
    _ make: @escaping (StageInstance, Consumer<Output>) -> Consumer<Element>
  ) -> DStream<Output> {
    let out = DStream<Output>(context: context, stage: stage, partitionCount: partitionCount)
    subscribers.append { i in make(i, out.makeConsumer(i)) }
    return out
  }

  /// The elements that `transform` gives for each.
  public func map<Output>(_ transform: @escaping (Element) -> Output) -> DStream<Output> {
    transformPartitions { _, next in MapOperator(transform, next: next) }
  }

  /// The elements for which `isIncluded` holds. Keeps byte spans valid: the arena is passed on.
  public func filter(_ isIncluded: @escaping (UnsafePointer<Element>) -> Bool) -> DStream<Element> {
    transformPartitions { _, next in unsafe FilterOperator(isIncluded, next: next) }
  }

  /// Ends the stream in a sink of one partition, which gets the batches in their order.
  public func sink(_ name: String, _ make: @escaping (StageInstance) -> Consumer<Element>) {
    context.collect([self], name: name, make)
  }

  func subscribe(_ make: @escaping (StageInstance) -> Consumer<Element>) { subscribers.append(make) }
}

extension DStream where Element: KeyedEvent {
  /// Partitions the events by key: each key's events go to the partition that owns its key group, in merged order.
  public func keyed(name: String) -> DStream<Element> { context.keyed(self, name: name) }
}

final class Discard<Element>: Consumer<Element>, @unchecked Sendable {
  override func consume(_ run: PartitionRun<Element>, _ batch: Batch) {}
}

final class MapOperator<Input, Output>: PartitionTransform<Input, Output>, @unchecked Sendable {
  private let function: (Input) -> Output
  init(_ function: @escaping (Input) -> Output, next: Consumer<Output>) {
    self.function = function
    super.init(next: next)
  }
  override func transform(_ run: PartitionRun<Input>, _ batch: Batch, into output: PartitionBuffer<Output>) {
    for i in unsafe 0..<run.elements.count {
      let e = unsafe run.elements[i]
      output.append(function(e))
    }
  }
}

@safe final class FilterOperator<Element>: PartitionTransform<Element, Element>, @unchecked Sendable {
  private let isIncluded: (UnsafePointer<Element>) -> Bool
  init(_ isIncluded: @escaping (UnsafePointer<Element>) -> Bool, next: Consumer<Element>) {
    unsafe self.isIncluded = unsafe isIncluded
    super.init(next: next)
  }
  override func transform(_ run: PartitionRun<Element>, _ batch: Batch, into output: PartitionBuffer<Element>) {
    guard let p = unsafe run.elements.baseAddress else { return }
    unsafe output.borrowedArena = unsafe run.bytes
    for i in unsafe 0..<run.elements.count where unsafe isIncluded(p + i) {
      unsafe output.append(p[i])
      if let m = unsafe run.runningMaxima { unsafe output.runningMaxima.append(m[i]) }
    }
  }
}

/// A second output of an operator (late events, rejected lines), written beside its main one.
public struct SideOutput<Element>: Sendable {
  let exchange: Exchange<Element>
  let stage: Int
  /// The buffer to append to from an instance of the stage.
  public func buffer(_ batch: Batch, _ instance: StageInstance) -> PartitionBuffer<Element> {
    exchange.buffer(in: batch, from: exchange.upstream == 1 ? 0 : instance.index, to: 0)
  }
}
