import Foundation

/// Prints the first elements of each interval with its time, as Spark's `print` does.
///
/// At least once: what was printed cannot be taken back after a crash.
/// Cost: the text of at most `countMax` elements an interval.
public final class ConsoleSink<Element>: Consumer<Element>, CheckpointedState, @unchecked Sendable {
  private let countMax: Int
  private let clock: any ProcessingClock
  private let write: @Sendable (String) -> Void
  private var lines: [String] = []
  private var count = 0

  /// - Parameters:
  ///   - countMax: elements printed; `...` stands for the others.
  ///   - write: gets the text; standard output by default.
  public init(
    countMax: Int = 10, clock: any ProcessingClock = SystemClock(),
    write: (@Sendable (String) -> Void)? = nil
  ) {
    self.countMax = countMax
    self.clock = clock
    self.write = write ?? { FileHandle.standardOutput.write(Data($0.utf8)) }
  }

  public override func consume(_ run: PartitionRun<Element>, _ batch: Batch) {
    for i in unsafe 0..<min(run.elements.count, max(0, countMax - lines.count)) {
      unsafe lines.append("\(run.elements[i])")
    }
    unsafe count += run.elements.count
  }
  public override func endBatch(_ batch: Batch) {
    if batch.closesInterval || batch.isLast && count > 0 { endInterval(timeMilliseconds: batch.intervalTime) }
  }

  /// Prints the interval that ends at a time.
  func endInterval(timeMilliseconds: Int64) {
    let rule = String(repeating: "-", count: 43)
    var text = "\(rule)\nTime: \(timeMilliseconds) ms\n\(rule)\n"
    for line in lines { text += line + "\n" }
    if count > lines.count { text += "...\n" }
    write(text + "\n")
    lines.removeAll(keepingCapacity: true)
    count = 0
  }

  // an interval is printed when it ends, so there is nothing to keep
  public func snapshot(into snapshot: StateSnapshot) {}
  public func restore(from snapshot: RestoredState) throws {}
}
