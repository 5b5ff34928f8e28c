public import FlatMemory
public import Foundation

/// Declares event time: from here on every element has a ``Position``.
extension DStream {
  /// Gives the elements their event time and the stream its watermark: the highest event time of each source partition
  /// less the delay, the least of all partitions.
  ///
  /// An element is late for an operator when what it belongs to (a window, a key's timer) was closed by the watermark
  /// before it; the delay is how far out of order elements may come and still be counted. Positions stay with the
  /// elements through the operators by element and by key. To be declared before the first exchange.
  ///
  /// Cost: 24 bytes beside each element.
  ///
  /// - Parameters:
  ///   - delayMilliseconds: not negative.
  ///   - eventTime: milliseconds since 1970 UTC.
  @inlinable
  public func withWatermark(
    delayMilliseconds: Int64, _ eventTime: @escaping @Sendable (Element) -> Int64
  ) -> DStream<Element> {
    precondition(delayMilliseconds >= 0, "a watermark delay of \(delayMilliseconds) ms: it cannot be negative")
    markTimed()
    return operate { _ in
      let block = Held(BlockTime())
      return PartitionOperator { batch, _ in
        batch.localMaximum = unsafe max(batch.localMaximum, block.value.watermark)
        batch.sequenceCount = unsafe max(batch.sequenceCount, block.value.count)
        unsafe block.value = BlockTime()
      } process: { run, _, output in
        unsafe output.append(contentsOf: run.elements)
        var time = unsafe block.value
        for i in 0..<run.count {
          let t = unsafe eventTime(run.elements[i])
          time.watermark = max(time.watermark, StreamCore.lagging(t, by: delayMilliseconds))
          time.count &+= 1
          unsafe output.runningMaxima.append(time.watermark)
          unsafe output.stamps.append(EventStamp(sequence: time.count, eventTime: t))
        }
        unsafe block.value = time
      }
    }
  }

  /// The same with event times that are dates; they are rounded to milliseconds.
  @inlinable
  public func withWatermark(
    delayMilliseconds: Int64, _ eventTime: @escaping @Sendable (Element) -> Date
  ) -> DStream<Element> {
    withWatermark(delayMilliseconds: delayMilliseconds) {
      Int64((eventTime($0).timeIntervalSince1970 * 1000).rounded())
    }
  }

  /// Marks the sources of this stream as having event time.
  public func markTimed() {
    for branch in branches {
      precondition(
        branch.stage == 0,
        "withWatermark(delayMilliseconds:_:) stands before the first exchange (keys, windows, joins): event time comes from the sources"
      )
      precondition(
        context.markTimed(feed: branch.feed),
        "the sources of a stream have one watermark: call withWatermark(delayMilliseconds:_:) once, before the stream is divided"
      )
    }
  }
}

/// Watermark and number of elements so far in one block.
@usableFromInline
struct BlockTime {
  @usableFromInline var watermark = Int64.min
  @usableFromInline var count = Int64(0)
  @inlinable
  init() {}
}
