import Foundation
import StreamCore
import Testing

/// Named states, TTL, timers and initial state of processors: the cases of Spark's TransformWithStateSuite and those of
/// its value, list, map, TTL and initial-state suites.
@Suite struct TransformWithStateTests {
  /// A processor of closures: `body` sees each element, `timer` each timer.
  final class Closures<Input>: StatefulProcessor<Int, Input, String> {
    var value: ValueState<Int, Int>!
    var list: ListState<Int, Int>!
    var map: MapState<Int, String, Int>!
    let ttl: StateTTL?
    let body: (Closures<Input>, Input, ProcessorCall<Int, String>) -> Void
    let timer: (Closures<Input>, KeyedTimer, ProcessorCall<Int, String>) -> Void
    init(
      ttl: StateTTL? = nil,
      timer: @escaping (Closures<Input>, KeyedTimer, ProcessorCall<Int, String>) -> Void = { _, _, _ in },
      _ body: @escaping (Closures<Input>, Input, ProcessorCall<Int, String>) -> Void
    ) {
      (self.ttl, self.body, self.timer) = (ttl, body, timer)
    }
    override func declare(_ states: KeyedStates<Int>) {
      value = states.value("value", ttl: ttl)
      list = states.list("list", ttl: ttl)
      map = states.map("map", ttl: ttl)
    }
    override func process(_ input: Input, _ call: ProcessorCall<Int, String>) { body(self, input, call) }
    override func onTimer(_ timer: KeyedTimer, _ call: ProcessorCall<Int, String>) { self.timer(self, timer, call) }
    func show(_ call: ProcessorCall<Int, String>, _ what: String = "") {
      let entries = map.keys.map { "\($0)\(map[$0] ?? -1)" }.joined(separator: ",")
      call.emit("\(call.key)\(what): \(value.value.map { "\($0)" } ?? "-") \(list.elements) \(entries)")
    }
  }

  @Test func valuesListsAndMapsOfEachKey() throws {
    let found = try runMarbles([[1, 2], [1, 101], [2, 1]], shape: RunShape(keyGroups: 1)) { s in
      s.keyed { $0 % 100 }.transformWithState(name: "states") {
        Closures<Int> { states, n, call in
          states.value.update(default: 0) { $0 += n }
          states.list.append(n)
          states.map["x", default: 0] += 1
          if n > 100 { states.map["big"] = n }
          states.show(call)
        }
      }
    }
    #expect(
      found.intervals == [
        ["1: 1 [1] x1", "2: 2 [2] x1"], ["1: 2 [1, 1] x2", "1: 103 [1, 1, 101] x3,big101"],
        ["2: 4 [2, 2] x2", "1: 104 [1, 1, 101, 1] x4,big101"],
      ])
  }
  @Test func statesAreClearedOneByOne() throws {
    let found = try runMarbles([[1], [2], [3], [4]], shape: RunShape(keyGroups: 1)) { s in
      s.keyed { _ in 0 }.transformWithState(name: "states") {
        Closures<Int> { states, n, call in
          switch n {
          case 1:
            states.value.update(1)
            states.list.elements = [1, 2]
            states.map["a"] = 1
            states.map["b"] = 2
          case 2:
            states.value.clear()
            states.map.removeValue(forKey: "a")
          case 3: states.list.clear()
          default: states.map.clear()
          }
          states.show(call)
        }
      }
    }
    #expect(found.all == ["0: 1 [1, 2] a1,b2", "0: - [1, 2] b2", "0: - [] b2", "0: - [] "])
  }

  @Test func stateExpiresByProcessingTime() throws {
    // written at 0 and 1000; gone 2500 after writing
    let found = try runMarbles([[1], [2], [0], [0], [0]], shape: RunShape(keyGroups: 1)) { s in
      s.keyed { _ in 0 }.transformWithState(name: "states") {
        Closures<Int>(ttl: StateTTL(milliseconds: 2500)) { states, n, call in
          if n > 0 { states.list.append(n) }
          if n == 1 { states.value.update(n) }
          states.show(call)
        }
      }
    }
    #expect(found.all == ["0: 1 [1] ", "0: 1 [1, 2] ", "0: 1 [1, 2] ", "0: - [2] ", "0: - [] "])
  }
  @Test func stateOfTimedStreamsExpiresByProcessingTime() throws {
    let found = try eventMarbles([events(1000), events(2), events(3), events(4)]) { s in
      s.keyed { $0.key }.transformWithState(name: "states") {
        Closures<Event>(ttl: StateTTL(milliseconds: 1500)) { states, e, call in
          if e.time == 2 { states.value.update(2) }
          states.show(call)
        }
      }
    }
    // written at 1000, seen at 2000, gone at 3000, though the watermark stands still
    #expect(found.all == ["0: - [] ", "0: 2 [] ", "0: 2 [] ", "0: - [] "])
  }
  @Test func stateExpiresByEventTime() throws {
    let found = try eventMarbles([events(10), events(14), events(19), events(20), events(25)]) { s in
      s.keyed { $0.key }.transformWithState(name: "states") {
        Closures<Event>(ttl: StateTTL(milliseconds: 10, domain: .eventTime)) { states, e, call in
          if e.time < 15 {
            states.list.append(Int(e.time))
            states.map["\(e.time)"] = 1
          }
          states.show(call)
        }
      }
    }
    #expect(
      found.all == [
        "0: - [10] 101", "0: - [10, 14] 101,141", "0: - [10, 14] 101,141", "0: - [14] 141", "0: - [] ",
      ])
  }
  @Test func expiredStateIsNotSeenByTimers() throws {
    let found = try eventMarbles([events(10), events(100)]) { s in
      s.keyed { $0.key }.transformWithState(name: "states") {
        Closures<Event>(ttl: StateTTL(milliseconds: 10, domain: .eventTime)) { states, timer, call in
          states.show(call, " at \(timer.due)")
        } _: { states, e, call in
          if e.time == 10 {
            states.value.update(1)
            call.eventTimers.set(1, due: 19)
            call.eventTimers.set(2, due: 20)
          }
        }
      }
    }
    #expect(found.all == ["0 at 19: 1 [] ", "0 at 20: - [] "])
  }

  @Test func severalTimersOfAKey() throws {
    let found = try eventMarbles([events(10), events(12), events(40)]) { s in
      s.keyed { $0.key }.transformWithState(name: "timers") {
        Closures<Event>(timer: { _, t, call in call.emit("\(t.number)@\(t.due) \(t.domain)") }) { _, e, call in
          if e.time == 10 {
            for n in [3, 1, 2] { call.eventTimers.set(Int64(n), due: 10 + Int64(n) * 5) }
          } else if e.time == 12 {
            call.emit("\(call.eventTimers.all.map { "\($0.number)@\($0.due)" })")
            call.eventTimers.cancel(2)
            call.eventTimers.set(3, due: 11)
            call.eventTimers.set(4, due: 15)
          }
        }
      }
    }
    #expect(
      found
        == EventLines(
          intervals: [
            [], ["[\"1@15\", \"2@20\", \"3@25\"]", "3@11 eventTime"], ["1@15 eventTime", "4@15 eventTime"],
          ],
          end: []))
  }
  @Test func timersInBothTimes() throws {
    let found = try eventMarbles([events(10), [], events(30), []]) { s in
      s.keyed { $0.key }.transformWithState(name: "timers", timeMode: .processingTime) {
        Closures<Event>(timer: { _, t, call in call.emit("\(t.number)@\(t.due) \(t.domain) w\(call.watermark)") }) {
          _, e, call in
          call.processingTimers.set(7, due: call.processingTime + 1200)
          call.eventTimers.set(7, due: e.time + 5)
        }
      }
    }
    #expect(
      found
        == EventLines(
          intervals: [
            [], ["7@1200 processingTime w10"], ["7@15 eventTime w15"], ["7@3200 processingTime w30"],
          ], end: ["7@35 eventTime w35"]))
  }
  /// What timers in processing time give out can go through operators by event time.
  @Test func windowsBehindProcessingTimers() throws {
    let found = try eventMarbles([events(10), [], events(30)]) { s in
      s.keyed { $0.key }.transformWithState(name: "timers", timeMode: .processingTime) {
        Closures<Event>(timer: { _, _, call in call.emit("timer") }) { _, _, call in
          call.processingTimers.set(due: call.processingTime + 1200)
        }
      }.map { ($0, 1) }.windowed(by: .tumbling(milliseconds: 10), name: "windows").count().results
        .map { "\($0.0) \($0.1.window.start) \($0.1.value)" }
    }
    #expect(found.intervals == [[], [], ["timer 10 1"]])
    #expect(found.end.allSatisfy { $0 == "timer 30 1" })
  }

  final class WithInitial: StatefulProcessorWithInitialState<Int, Event, String, String> {
    private var names: ValueState<Int, String>!
    override func declare(_ states: KeyedStates<Int>) { names = states.value("names") }
    override func handleInitialState(_ initial: String, _ call: ProcessorCall<Int, String>) {
      names.update(initial)
      call.eventTimers.set(due: 15)
    }
    override func process(_ event: Event, _ call: ProcessorCall<Int, String>) {
      call.emit("\(event.time) \(names.value ?? "-")")
      names.update(default: "") { $0 += "+" }
    }
    override func onTimer(_ timer: KeyedTimer, _ call: ProcessorCall<Int, String>) {
      call.emit("timer \(names.value ?? "-")")
    }
  }
  @Test func initialStateComesBeforeAnything() throws {
    let found = try eventMarbles([events(10) + events(11, key: 2), events(20)]) { s in
      s.keyed { $0.key }.transformWithState(name: "named", initialState: [(0, "a"), (1, "b")]) { WithInitial() }
    }
    #expect(found.intervals.map { $0.sorted() } == [["10 a", "11 -"], ["20 a+", "timer a+", "timer b"]])
    #expect(found.intervals[1].last == "20 a+")
  }
  @Test func initialStateIsNotLoadedAgainOnResume() throws {
    let folder = NSTemporaryDirectory() + "thalweg-" + UUID().uuidString
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let file = DurableLines()
    let input = EventInput(streams: [[events(10, 20, 30, 40)]], delays: [0])
    for stopAt in [1, 2, .max] {
      try runEvents(
        input, RunShape(blockElementCount: 1),
        Disturbance(stopAt: stopAt, checkpoint: CheckpointOptions(directory: folder, intervalMilliseconds: 0)),
        into: file
      ) { streams in
        streams[0].keyed { $0.key }.transformWithState(name: "named", initialState: [(0, "a")]) { WithInitial() }
      }
    }
    #expect(file.lines == ["10 a", "timer a+", "20 a+", "30 a++", "40 a+++"])
  }
}

extension MapState where Value == Int {
  fileprivate subscript(key: MapKey, default initial: Int) -> Int {
    get { self[key] ?? initial }
    set { self[key] = newValue }
  }
}
