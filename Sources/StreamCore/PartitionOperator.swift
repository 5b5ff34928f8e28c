public import FlatMemory

/// What an operator does in one instance of its stage, as closures over whole runs.
///
/// Guarantees: `process` gets the runs of a batch in order, then `finishBatch` once. Cost: one call of a closure a run.
/// A generic class of this module is not compiled for the types of another one, but a closure written in an `@inlinable`
/// function is: so operators are closures, and their loops run at the speed of code written for the types at hand.
public struct PartitionOperator<Input, Output> {
  /// Appends what a run gives.
  public let process: (PartitionRun<Input>, Batch, PartitionBuffer<Output>) -> Void
  /// Appends what the end of the batch gives: closed windows, fired timers, results of an interval.
  public let finishBatch: ((Batch, PartitionBuffer<Output>) -> Void)?

  public init(
    finishBatch: ((Batch, PartitionBuffer<Output>) -> Void)? = nil,
    process: @escaping (PartitionRun<Input>, Batch, PartitionBuffer<Output>) -> Void
  ) {
    self.process = process
    self.finishBatch = finishBatch
  }
}

extension PartitionRun {
  /// Puts the position of element i, or its number, if it has one, beside what was just appended for it.
  @inlinable @inline(__always)
  public func copyPosition<Output>(_ i: Int, to output: PartitionBuffer<Output>) {
    if unsafe runningMaxima != nil {
      if unsafe stamps != nil {
        let p = position(i)
        unsafe output.runningMaxima.append(p.watermark)
        unsafe output.stamps.append(EventStamp(sequence: p.sequence, eventTime: p.eventTime))
      } else {
        unsafe output.runningMaxima.append(max(maximumBefore, runningMaxima![i]))
      }
    } else if let ordinals = unsafe ordinals {
      unsafe output.ordinals.append(ordinals[i])
    }
  }
  /// The same for all elements of the run.
  @inlinable
  public func copyPositions<Output>(to output: PartitionBuffer<Output>) {
    if unsafe runningMaxima != nil {
      for i in 0..<count { copyPosition(i, to: output) }
    } else if let ordinals = unsafe ordinals {
      unsafe output.ordinals.append(ordinals, count: count)
    }
  }
}

/// Runs a ``PartitionOperator``.
final class OperatorConsumer<Input, Output>: PartitionTransform<Input, Output>, @unchecked Sendable {
  private let operation: PartitionOperator<Input, Output>

  init(_ operation: PartitionOperator<Input, Output>, next: Consumer<Output>) {
    self.operation = operation
    super.init(next: next)
  }
  override func transform(_ run: PartitionRun<Input>, _ batch: Batch, into output: PartitionBuffer<Output>) {
    operation.process(run, batch, output)
  }
  override func finishBatch(_ batch: Batch, into output: PartitionBuffer<Output>) {
    operation.finishBatch?(batch, output)
  }
}
