/// Which times a function that processes the elements of a key may ask for and set timers in: Spark's `TimeMode`.
///
/// What depends on the clock comes out differently when it is done again after a crash, unless it is done at the same
/// times: so a program that asks for processing time **works by interval**. Its intervals, with their times, are logged
/// before what they give is counted on, and after a crash the intervals behind the newest checkpoint are cut again as they
/// were; batches and timers then see the logged times, and the sinks that are exactly-once hold what they would have held.
/// Checkpoints of such a program stand between intervals. Cost: one flush to the disk an interval, with checkpoints only;
/// a program by event time alone pays nothing.
public enum TimeMode: Sendable, Equatable {
  /// Event time only, which depends on the elements alone.
  case eventTime
  /// Processing time besides: timers in it, and what the clock shows.
  case processingTime

  /// Traps if processing time was not declared.
  @usableFromInline
  func requireProcessingTime(_ what: String) {
    precondition(
      self == .processingTime,
      "\(what) needs an operator that was declared with timeMode: .processingTime: its program works by interval then, "
        + "so that a crash changes nothing")
  }
}

extension DStream {
  /// Says which times an operator goes by.
  public func declare(_ timeMode: TimeMode) {
    guard timeMode == .processingTime else { return }
    markWorksByInterval()
    // timers in processing time go off when nothing comes, too
    needIdleIntervals()
  }
}
