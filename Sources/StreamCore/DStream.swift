import FlatMemory

/// A discretized stream: a sequence of micro-batches, each a set of partitions of elements.
///
/// A `DStream` is a description; nothing runs before ``StreamingContext/run()``. Operators take a whole partition at a
/// time, so what generality costs is paid per batch. A stream has a branch for each stage it is computed in: one, or
/// several once streams were united (``union(_:)``).
///
/// The operators follow Spark's: those by element (``map(_:)``, ``flatMap(_:)``, ``filter(_:)``), those by interval
/// (``count(name:)``, ``reduce(name:_:)``, windows), those by key on streams of pairs `(Key, Value)`, and those by event time
/// behind ``withWatermark(delayMilliseconds:_:)``. An operator that keeps state has a **name**: its state is found again
/// under it after a restart, whatever else changed in the program.
public final class DStream<Element>: @unchecked Sendable {
  /// The context whose job the stream belongs to.
  public let context: StreamingContext
  let branches: [Branch<Element>]

  init(context: StreamingContext, branches: [Branch<Element>]) {
    self.context = context
    self.branches = branches
  }

  /// The only branch, for what cannot be done with several.
  func onlyBranch(for what: String) -> Branch<Element> {
    precondition(branches.count == 1, "\(what) needs a stream of one branch; repartition the union first")
    return branches[0]
  }

  /// Adds an operator that takes whole partitions: the base that other operators are clients of.
  ///
  /// `make` is called once for each instance of the stage, with the consumer of the operator's output.
  public func transformPartitions<Output>(
    _ make: @escaping (StageInstance, Consumer<Output>) -> Consumer<Element>
  ) -> DStream<Output> {
    DStream<Output>(
      context: context,
      branches: branches.map { branch in
        let out = Branch<Output>(like: branch)
        branch.subscribe { i in make(i, out.makeConsumer(i)) }
        return out
      })
  }

  /// Adds an operator made of closures, which are compiled where the operator is used and so for its types.
  public func operate<Output>(
    _ make: @escaping (StageInstance) -> PartitionOperator<Element, Output>
  ) -> DStream<Output> {
    transformPartitions { instance, next in OperatorConsumer(make(instance), next: next) }
  }

  /// Ends the stream in a sink of one partition, which gets the batches in their order: in the order of positions where
  /// the stream has event time.
  public func sink(_ name: String, _ make: @escaping (StageInstance) -> Consumer<Element>) {
    context.collect([self], name: name, merges: true, make)
  }
}

extension DStream where Element: KeyedEvent {
  /// Partitions the events by key: each key's events go to the partition that owns its key group, in merged order.
  public func keyed(name: String) -> DStream<Element> { context.keyed(self, name: name) }
}

/// The part of a stream that one stage computes.
final class Branch<Element>: @unchecked Sendable {
  /// The stage whose tasks compute it.
  let stage: Int
  /// Partitions of that stage, as the writers of an exchange see them.
  let partitionCount: Int
  /// In the source stage, the feed it comes from.
  let feed: Int
  /// How far the elements may be behind the sources' watermark.
  var watermarkLagMilliseconds: Int64
  /// Elements come at the ends of intervals only.
  var isByInterval = false
  private var subscribers: [(StageInstance) -> Consumer<Element>] = []

  init(stage: Int, partitionCount: Int, feed: Int = -1, watermarkLagMilliseconds: Int64 = 0) {
    self.stage = stage
    self.partitionCount = partitionCount
    self.feed = feed
    self.watermarkLagMilliseconds = watermarkLagMilliseconds
  }
  convenience init<Other>(like other: Branch<Other>) {
    self.init(
      stage: other.stage, partitionCount: other.partitionCount, feed: other.feed,
      watermarkLagMilliseconds: other.watermarkLagMilliseconds)
    isByInterval = other.isByInterval
  }

  func subscribe(_ make: @escaping (StageInstance) -> Consumer<Element>) { subscribers.append(make) }

  /// Builds everything downstream for one instance of the stage.
  func makeConsumer(_ instance: StageInstance) -> Consumer<Element> {
    switch subscribers.count {
    case 0: Discard<Element>()
    case 1: subscribers[0](instance)
    default: FanOut(subscribers.map { $0(instance) })
    }
  }
}

final class Discard<Element>: Consumer<Element>, @unchecked Sendable {
  override func consume(_ run: PartitionRun<Element>, _ batch: Batch) {}
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
