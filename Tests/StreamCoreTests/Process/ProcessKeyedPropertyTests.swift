import StreamCore
import TestSupport
import Testing

/// What the test's program may do for a key; once by the engine, once by the oracle.
struct KeyCall {
  var eventTime: Int64
  var watermark: Int64
  var emit: (String) -> Void
  var set: (Int, Int64) -> Void
  var cancel: (Int) -> Bool
  var due: (Int) -> Int64?
  var remove: () -> Void
}

/// A program that does everything that timers and state allow, as the events' numbers have it.
enum TimerProgram {
  static func process(_ text: String, _ state: inout [String], _ call: KeyCall) {
    let id = Int(text.hash31)
    state.append(text)
    call.emit("\(text)@\(call.eventTime) w\(call.watermark) n\(state.count) t\(call.due(0) ?? -1)")
    switch id % 9 {
    case 0, 1: call.set(0, call.eventTime + Int64(id % 25))
    case 2: call.set(1, call.watermark + Int64(id % 10) - 3)
    case 3: call.emit("cancel \(call.cancel(0))")
    case 4:
      // for a time that has passed, then later again
      call.set(2, call.watermark - 5)
      call.set(2, call.watermark + 4)
    case 5: call.set(3, call.watermark - 10)
    case 6:
      call.set(0, call.eventTime + 30)
      if id % 4 == 0 { call.remove() }
    default: break
    }
  }
  static func onTimer(_ number: Int, _ due: Int64, _ state: inout [String], _ call: KeyCall) {
    call.emit("timer \(number) due \(due) w\(call.watermark) \(state.joined(separator: ","))")
    switch number {
    case 0:
      state = []
      call.remove()
    case 1:
      state.append("x")
      // a chain that ends; some links lie in the past
      call.set(4, due + Int64(state.count) * 3 - 6)
    case 4: if state.count % 3 != 0 { call.set(0, due + 2) }
    default: break
    }
  }
}

extension String {
  /// A number that looks random.
  var hash31: UInt32 { utf8.reduce(7) { ($0 &* 31 &+ UInt32($1)) &* 0x9e37_79b1 >> 3 } }
}

extension Oracle {
  static func process(_ items: [Placed], groups: Int) -> [Placed] {
    struct Timer {
      var key: Int
      var number: Int
      var due: Int64
      var set: Int
    }
    var states: [Int: [String]] = [:]
    var timers: [Timer] = []
    var setCount = 0
    var out: [Placed] = []

    func call(
      _ key: Int, _ eventTime: Int64, _ watermark: Int64, _ place: Placed, _ body: (inout [String], KeyCall) -> Void
    ) {
      var removes = false
      var state = states[key] ?? []
      let c = KeyCall(
        eventTime: eventTime, watermark: watermark,
        emit: { text in
          var p = place
          (p.key, p.text, p.stream) = (key, text, 0)
          out.append(p)
        },
        set: { number, due in
          timers.removeAll { $0.key == key && $0.number == number }
          setCount += 1
          timers.append(Timer(key: key, number: number, due: due, set: setCount))
        },
        cancel: { number in
          let count = timers.count
          timers.removeAll { $0.key == key && $0.number == number }
          return timers.count < count
        },
        due: { number in timers.first { $0.key == key && $0.number == number }?.due },
        remove: { removes = true })
      body(&state, c)
      states[key] = state
      if removes {
        states[key] = nil
        timers.removeAll { $0.key == key }
      }
    }
    /// Of one partition; nil: at an element's place.
    func fire(_ p: Int, upTo watermark: Int64, from former: Int64, at place: Placed?) {
      var reached = former == .min ? .min : former + 1
      while let t = timers.filter({ $0.due <= watermark && partition($0.key, groups: groups) == p })
        .min(by: { ($0.due, $0.set) < ($1.due, $1.set) })
      {
        timers.removeAll { $0.key == t.key && $0.number == t.number }
        reached = max(reached, t.due)
        let at = place ?? Placed(watermark: reached - 1, sequence: .max, time: reached - 1, key: t.key, text: "")
        call(t.key, t.due, place?.watermark ?? reached, at) { TimerProgram.onTimer(t.number, t.due, &$0, $1) }
      }
    }
    var watermark = Int64.min
    for item in items + [Placed(watermark: .max, sequence: .max, time: 0, key: 0, text: "")] {
      if item.watermark > watermark {
        for p in 0..<groups { fire(p, upTo: item.watermark, from: watermark, at: nil) }
        watermark = item.watermark
      }
      if watermark == .max { break }
      call(item.key, item.time, watermark, item) { TimerProgram.process(item.text, &$0, $1) }
      fire(partition(item.key, groups: groups), upTo: watermark, from: watermark, at: item)
    }
    // partitions fire their timers by themselves and are merged by position
    return out.enumerated().sorted { a, b in
      (a.element.watermark, a.element.sequence, partition(a.element.key, groups: groups), a.offset)
        < (b.element.watermark, b.element.sequence, partition(b.element.key, groups: groups), b.offset)
    }.map(\.element)
  }
}

/// The same program by a stateful processor with three states.
final class TimerProcessor: StatefulProcessor<Int, String, String> {
  private var list: ListState<Int, String>!
  override func declare(_ states: KeyedStates<Int>) { list = states.list("list") }
  private func run(_ call: ProcessorCall<Int, String>, _ body: (inout [String], KeyCall) -> Void) {
    var removes = false
    var state = list.elements
    let c = KeyCall(
      eventTime: call.eventTime, watermark: call.watermark, emit: { call.emit("\(call.key): \($0)") },
      set: { call.eventTimers.set(Int64($0), due: $1) }, cancel: { call.eventTimers.cancel(Int64($0)) },
      due: { call.eventTimers.due(Int64($0)) }, remove: { removes = true })
    body(&state, c)
    list.elements = removes ? [] : state
    if removes { call.eventTimers.clear() }
  }
  override func process(_ text: String, _ call: ProcessorCall<Int, String>) {
    run(call) { TimerProgram.process(text, &$0, $1) }
  }
  override func onTimer(_ timer: KeyedTimer, _ call: ProcessorCall<Int, String>) {
    run(call) { TimerProgram.onTimer(timer.number, timer.due, &$0, $1) }
  }
}

/// Processing by key with timers in event time against an oracle, whatever threads, blocks, crashes and stops.
@Suite(.timeLimit(.minutes(10))) struct ProcessKeyedPropertyTests {
  static func process(_ stream: DStream<(Int, String)>) -> DStream<(Int, String)> {
    @Sendable func keyCall(_ c: KeyedContext<Int, (Int, String)>) -> KeyCall {
      KeyCall(
        eventTime: c.eventTime, watermark: c.watermark, emit: { c.emit((c.key, $0)) },
        set: { c.setTimer($0, due: $1) }, cancel: { c.cancelTimer($0) }, due: { c.timer($0) },
        remove: { c.removeState() })
    }
    return stream.processKeyed(name: "process", startingWith: [String]()) { c, text, state in
      TimerProgram.process(text, &state, keyCall(c))
    } onTimer: { c, t, state in
      TimerProgram.onTimer(t.number, t.due, &state, keyCall(c))
    }
  }

  @Test func timers() throws {
    try forRandomCases("processKeyed", count: 50) { random in
      let input = EventInput.random(streams: 1, &random)
      let groups = random.pick([1, 2, 8])
      let expected = Oracle.process(input.merged, groups: groups)
      return try checkEvents(input, groups: groups, &random, expected: expected.map(\.line)) { streams in
        ProcessKeyedPropertyTests.process(streams[0].keyedTexts).map { "\($0.0): \($0.1)" }
      }
    }
  }
  @Test func timersOfProcessors() throws {
    try forRandomCases("transformWithState", count: 50) { random in
      let input = EventInput.random(streams: 1, &random)
      let groups = random.pick([1, 2, 8])
      let expected = Oracle.process(input.merged, groups: groups)
      return try checkEvents(input, groups: groups, &random, expected: expected.map(\.line)) { streams in
        streams[0].keyedTexts.transformWithState(name: "process") { TimerProcessor() }
      }
    }
  }
  /// Windows, then timers, then sessions.
  @Test func amidOtherOperators() throws {
    try forRandomCases("window, process, session", count: 30) { random in
      let input = EventInput.random(streams: 1, &random)
      let groups = random.pick([1, 2, 8])
      let windows = Oracle.windows(input.merged, length: 4, slide: 4, lateness: 3, groups: groups).results
      let processed = Oracle.process(windows, groups: groups)
      let expected = Oracle.sessions(processed, gap: 5, lateness: 0, groups: groups)
      return try checkEvents(input, groups: groups, &random, expected: expected.map(\.line)) { streams in
        let first = Programs.windows(streams[0].keyedTexts, .tumbling(milliseconds: 4), 3).results
        return Programs.windows(
          ProcessKeyedPropertyTests.process(first), .session(gapMilliseconds: 5), 0, "s"
        ).lines
      }
    }
  }
}
