import Foundation
import StreamCore
import Testing

/// State of one value by key, with timeouts: the cases of Spark's FlatMapGroupsWithStateSuite, by `processKeyed`.
@Suite struct FlatMapGroupsWithStateTests {
  typealias Call = KeyedContext<String, String>

  /// Counts by key; the third element of a key removes its state.
  private func countToThree(_ s: DStream<String>) -> DStream<String> {
    s.keyed { $0 }.processKeyed(name: "counts", startingWith: 0) { (c: Call, _: String, n: inout Int) in
      n += 1
      c.emit("\(c.key)\(n)")
      if n == 3 { c.removeState() }
    }
  }

  @Test func stateIsKeptAndRemoved() throws {
    let found = try runMarbles([["a"], ["a", "b"], ["b", "a"], ["a"]]) { countToThree($0) }
    #expect(found.intervals.map { $0.sorted() } == [["a1"], ["a2", "b1"], ["a3", "b2"], ["a1"]])
  }
  @Test func anElementMayGiveNoneOrMany() throws {
    let found = try runMarbles([[1, 2, 3], [3]]) { s in
      s.keyed { $0 }.processKeyed(name: "times", startingWith: 0) {
        (c: KeyedContext<Int, Int>, n: Int, sum: inout Int) in
        sum += n
        for _ in 1..<n { c.emit(sum) }
      }
    }
    #expect(found.intervals.map { $0.sorted() } == [[2, 3, 3], [6, 6]])
  }
  @Test func initialStateOfAKeyAndKeysThatAreLoaded() throws {
    let found = try runMarbles([["a", "b", "b"]]) { s in
      s.keyed { $0 }.processKeyed(name: "counts", startingWith: 5, initialState: [("a", 10), ("z", 1)]) {
        (c: Call, _: String, n: inout Int) in
        n += 1
        c.emit("\(c.key)\(n)")
      }
    }
    #expect(found.intervals.map { $0.sorted() } == [["a11", "b6", "b7"]])
  }

  /// Running counts that time out so many milliseconds after the last element.
  private func timingOut(_ s: DStream<String>, _ milliseconds: Int64) -> DStream<String> {
    s.keyed { $0 }.processKeyed(name: "counts", startingWith: 0, timeMode: .processingTime) {
      (c, _: String, n: inout Int) in
      n += 1
      c.emit("\(c.key)\(n)")
      c.setProcessingTimer(due: c.processingTime + milliseconds)
    } onTimer: { (c: Call, t, n: inout Int) in
      c.emit("\(c.key) timed out after \(n) \(t.domain) \(t.due)")
      c.removeState()
    }
  }
  @Test func processingTimeoutsWaitForNoData() throws {
    // set at 0 for 1500: the interval that ends at 2000
    let found = try runMarbles([["a"], [], [], ["a"]]) { timingOut($0, 1500) }
    #expect(found.intervals == [["a1"], ["a timed out after 1 processingTime 1500"], [], ["a1"]])
  }
  @Test func anElementPutsATimeoutOffEvenInTheIntervalThatReachesIt() throws {
    // due at 1500, but the key came at 1000
    let found = try runMarbles([["a"], ["a"], [], []]) { timingOut($0, 1500) }
    #expect(found.intervals == [["a1"], ["a2"], ["a timed out after 2 processingTime 2500"], []])
  }
  @Test func timeoutsComeInTheOrderOfTheirTimes() throws {
    let found = try runMarbles([["c"], ["a", "b"], [], []], shape: RunShape(keyGroups: 1)) { timingOut($0, 1900) }
    #expect(
      found.intervals == [
        ["c1"], ["a1", "b1", "c timed out after 1 processingTime 1900"],
        ["a timed out after 1 processingTime 2900", "b timed out after 1 processingTime 2900"], [],
      ])
  }
  @Test func eventTimeoutsFireByTheWatermark() throws {
    let found = try eventMarbles([events(10), events(12), [], events(13, key: 1), events(18, key: 1)]) { s in
      s.keyed { $0.key }.processKeyed(name: "counts", startingWith: 0) { (c, e: Event, n: inout Int) in
        n += 1
        c.setTimer(due: e.time + 5)
      } onTimer: { (c: KeyedContext<Int, String>, t, n: inout Int) in
        c.emit("\(c.key) over at \(t.due) w\(c.watermark) t\(c.eventTime): \(n)")
        c.removeState()
      }
    }
    #expect(
      found
        == EventLines(
          intervals: [[], [], [], [], ["0 over at 17 w17 t17: 2", "1 over at 18 w18 t18: 1"]],
          end: ["1 over at 23 w23 t23: 1"]))
  }
  @Test func lateElementsAreSeenByTheirTime() throws {
    let found = try eventMarbles([events(10), events(3)]) { s in
      s.keyed { $0.key }.processKeyed(name: "late", startingWith: 0) { (c: KeyedContext<Int, String>, e: Event, _) in
        c.emit(e.time < c.watermark ? "late \(e.time)" : "\(e.time)")
      }
    }
    #expect(found.intervals == [["10"], ["late 3"]])
  }
  @Test func aTimerThatSetsItselfStopsAtTheEndOfTheInput() throws {
    let found = try eventMarbles([events(10), events(25)]) { s in
      s.keyed { $0.key }.processKeyed(name: "ticks", startingWith: 0) { (c, e: Event, _) in
        if c.timer() == nil { c.setTimer(due: e.time + 10) }
      } onTimer: { (c: KeyedContext<Int, String>, t, _) in
        c.emit("tick \(t.due)")
        if !c.isInputOver { c.setTimer(due: t.due + 10) }
      }
    }
    #expect(found == EventLines(intervals: [[], ["tick 20"]], end: ["tick 30"]))
  }

  /// Timers in processing time outlive a restart.
  @Test func timeoutsOutliveRestarts() throws {
    let folder = NSTemporaryDirectory() + "thalweg-" + UUID().uuidString
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let queue = QueueSource([["a", "b"], ["b"]], isReplayable: true)
    let clock = ManualClock()
    func run(stopAt: Int?) throws -> [String] {
      var options = RunShape().options
      options.trigger = .interval(milliseconds: 1000)
      options.pollMilliseconds = 500
      let context = StreamingContext(
        options: options, checkpoint: CheckpointOptions(directory: folder, intervalMilliseconds: 0), clock: clock)
      let collector = IntervalCollector<String>()
      timingOut(context.stream([queue]), 2500).sink("collected") { [unowned context] _ in
        collector.onInterval = { count in if let stopAt, count == stopAt { context.requestStop() } }
        return collector
      }
      try context.run()
      return collector.all
    }
    #expect(try run(stopAt: 1) == ["a1", "b1"])
    #expect(clock.nowMilliseconds < 2500)
    queue.close()
    clock.advance(milliseconds: 5000)
    let second = try run(stopAt: nil)
    #expect(second.contains("a timed out after 1 processingTime 2500"))
    #expect(second.contains("b2"))
  }
}

/// A stream without event time beside one with it.
@Suite struct MixedStreamsTests {
  @Test func aStreamWithoutEventTimeTakesNoNoticeOfThatOfOthers() throws {
    var options = RunShape().options
    options.trigger = .interval(milliseconds: 1000)
    options.pollMilliseconds = 500
    let context = StreamingContext(options: options, clock: ManualClock())
    let timed = QueueSource([events(10), events(500), events(900), []], name: "timed")
    let plain = QueueSource([["a"], ["b"], [], ["a"]], name: "plain")
    timed.close()
    plain.close()
    let counts = context.stream([timed]).withWatermark(delayMilliseconds: 0) { $0.time }
      .counts(.tumbling(milliseconds: 10))
    let keyed = context.stream([plain]).keyed { $0 }
    let seen = keyed.processKeyed(name: "plain", startingWith: 0, timeMode: .processingTime) {
      (c, _: String, n: inout Int) in
      n += 1
      c.emit("\(c.key)\(n) \(c.watermark == .min)")
      c.setProcessingTimer(due: c.processingTime + 1500)
      c.setTimer(due: 100)
    } onTimer: { (c: KeyedContext<String, String>, t, _) in
      c.emit("\(c.key) \(t.domain) \(t.due) \(c.watermark == .min)")
    }
    let collector = IntervalCollector<String>()
    counts.union(seen).sink("lines") { _ in collector }
    try context.run()
    #expect(
      collector.intervals.map { $0.sorted() } == [
        ["a1 true"], ["0: 10..<20 1", "a processingTime 1500 true", "b1 true"],
        ["0: 500..<510 1", "b processingTime 2500 true"], ["a2 true"],
      ])
  }
}
