@testable import StreamCore
import Testing
import TestSupport

/// Value, list and map state and timers against dictionaries of entries with their times of expiry.
@Suite(.timeLimit(.minutes(10))) struct KeyedStatesTests {
  /// The states under test, as a user's operator declares them.
  private final class Subject {
    let states = KeyedStates<String>()
    let value: ValueState<String, Int>
    let list: ListState<String, String>
    let map: MapState<String, Int, Double>
    let timers: KeyTimers<String>
    init(_ ttl: StateTTL?) {
      value = states.value("value", ttl: ttl)
      list = states.list("list", ttl: ttl)
      map = states.map("map", ttl: ttl)
      timers = states.timers("timers")
    }
  }
  private struct Timed<T> {
    var value: T
    var expiry: Int64
  }
  private struct Oracle {
    var values: [String: Timed<Int>] = [:]
    var lists: [String: [Timed<String>]] = [:]
    var maps: [String: [(key: Int, entry: Timed<Double>)]] = [:]
    var timers: [String: [Int64: Int64]] = [:]
    mutating func expire(at time: Int64) {
      values = values.filter { $0.value.expiry > time }
      lists = lists.mapValues { $0.filter { $0.expiry > time } }
      maps = maps.mapValues { $0.filter { $0.entry.expiry > time } }
    }
  }

  private func difference(_ s: Subject, _ o: Oracle, _ key: String) -> String? {
    s.states.select(key)
    if s.value.value != o.values[key]?.value || s.value.exists != (o.values[key] != nil) { return "value of \(key)" }
    let list = o.lists[key, default: []].map(\.value)
    if s.list.elements != list || s.list.count != list.count {
      return "list of \(key): \(s.list.elements), not \(list)"
    }
    let map = o.maps[key, default: []]
    if s.map.keys != map.map(\.key) || s.map.values != map.map(\.entry.value) { return "map of \(key)" }
    for (k, entry) in map where s.map[k] != entry.value { return "map of \(key) at \(k)" }
    if s.map.contains(-1) || s.map.exists != !map.isEmpty { return "map of \(key) has what it has not" }
    let timers = o.timers[key, default: [:]].sorted { ($0.value, $0.key) < ($1.value, $1.key) }
    if s.timers.all.map(\.number) != timers.map(\.key) || s.timers.all.map(\.due) != timers.map(\.value) {
      return "timers of \(key)"
    }
    return nil
  }

  private func act(_ s: Subject, _ o: inout Oracle, _ key: String, _ expiry: Int64, _ random: inout SeededRandom) {
    let n = random.below(1000)
    switch random.below(13) {
    case 0:
      s.value.update(n)
      o.values[key] = Timed(value: n, expiry: expiry)
    case 1, 2:
      s.value.update(default: 5) { $0 += n }
      o.values[key] = Timed(value: (o.values[key]?.value ?? 5) + n, expiry: expiry)
    case 3:
      s.value.value = nil
      o.values[key] = nil
    case 4, 5:
      s.list.append("\(n)")
      o.lists[key, default: []].append(Timed(value: "\(n)", expiry: expiry))
    case 6 where n < 300:
      if n < 100 { s.list.clear() } else { s.list.elements = ["a", "b"] }
      o.lists[key] = n < 100 ? [] : [Timed(value: "a", expiry: expiry), Timed(value: "b", expiry: expiry)]
    case 7, 8:
      let at = o.maps[key, default: []].firstIndex { $0.key == n % 5 }
      s.map[n % 5] = Double(n)
      if let at {
        o.maps[key]![at].entry = Timed(value: Double(n), expiry: expiry)
      } else {
        o.maps[key, default: []].append((n % 5, Timed(value: Double(n), expiry: expiry)))
      }
    case 9:
      s.map.removeValue(forKey: n % 5)
      o.maps[key, default: []].removeAll { $0.key == n % 5 }
    case 10 where n < 100:
      s.map.clear()
      s.timers.clear()
      o.maps[key] = []
      o.timers[key] = [:]
    case 11:
      s.timers.set(Int64(n % 3), due: Int64(n))
      o.timers[key, default: [:]][Int64(n % 3)] = Int64(n)
    default:
      s.timers.cancel(Int64(n % 3))
      o.timers[key]?[Int64(n % 3)] = nil
    }
  }

  @Test func statesOfKeysAreKeptApartAndExpire() throws {
    try forRandomCases("keyed states", count: 250) { random in
      let domain: StateTTL.Domain = random.pick([.processingTime, .eventTime])
      let ttl: StateTTL? =
        random.one(in: 4) ? nil : StateTTL(milliseconds: Int64(1 + random.below(200)), domain: domain)
      var subject = Subject(ttl)
      var oracle = Oracle()
      let keys = (0..<random.pick([1, 3, 50])).map { "key \($0)" }
      var now: Int64 = 1000
      subject.states.advance(watermark: now, processingTime: now)
      for step in 0..<random.below(random.pick([20, 1500])) {
        let key = random.pick(keys)
        // events are ahead of the watermark, or late
        let eventTime = now + Int64(random.below(100)) - 20
        subject.states.select(key, eventTime: eventTime)
        let written = domain == .eventTime ? max(eventTime, now) : now
        act(subject, &oracle, key, ttl.map { written + $0.milliseconds } ?? .max, &random)
        if random.one(in: 4) {
          now += Int64(random.below(60))
          subject.states.advance(
            watermark: domain == .eventTime ? now : .min, processingTime: domain == .eventTime ? .min : now)
          if ttl != nil { oracle.expire(at: now) }
        }
        if random.one(in: 100) {
          let snapshot = StateSnapshot(prefix: "op")
          subject.states.snapshot(into: snapshot)
          subject.value.clear()
          subject.map[3] = 1
          let restored = Subject(ttl)
          try MemoryCheckpoint(snapshot).restore { try restored.states.restore(from: $0) }
          subject = restored
        }
        if let wrong = difference(subject, oracle, random.pick(keys)) { return "step \(step): \(wrong)" }
      }
      for key in keys { if let wrong = difference(subject, oracle, key) { return "at the end: \(wrong)" } }
      let entries =
        oracle.values.count + oracle.lists.values.reduce(0) { $0 + $1.count }
        + oracle.maps.values.reduce(0) { $0 + $1.count } + oracle.timers.values.reduce(0) { $0 + $1.count }
      return subject.states.entryCount == entries ? nil : "\(subject.states.entryCount) entries of \(entries)"
    }
  }

  @Test func timersOfKeysFireInOrder() {
    let states = KeyedStates<Int>()
    let timers = states.timers("timeouts")
    for key in [3, 1, 2] {
      states.select(key)
      timers.set(0, due: 100)
      timers.set(7, due: 90 + Int64(key))
    }
    states.select(1)
    timers.set(0, due: 100)  // again: last now
    #expect(timers.nextDue == 91)
    var fired: [[Int]] = []
    while let (key, number, due) = timers.popDue(at: 100) { fired.append([key, Int(number), Int(due)]) }
    #expect(fired == [[1, 7, 91], [2, 7, 92], [3, 7, 93], [3, 0, 100], [2, 0, 100], [1, 0, 100]])
    #expect(timers.nextDue == nil && states.entryCount == 0)
  }

  /// A release that declares a TTL, more states and fewer reads what it knows.
  @Test func declarationsChangeBetweenReleases() throws {
    let old = KeyedStates<Int>()
    let (count, gone) = (old.value("count", StateSchema<Int>()), old.list("gone", StateSchema<Int>()))
    old.advance(watermark: .min, processingTime: 1000)
    old.select(1)
    count.update(5)
    gone.append(3)
    let snapshot = StateSnapshot(prefix: "op")
    old.snapshot(into: snapshot)
    let new = KeyedStates<Int>()
    let added = new.map("added", of: String.self, StateSchema<Int>())
    let kept = new.value("count", StateSchema<Int>(), ttl: StateTTL(milliseconds: 50))
    try MemoryCheckpoint(snapshot).restore { try new.restore(from: $0) }
    new.select(1)
    #expect(kept.value == 5 && !added.exists)
    // it is as if it had been written when the new release first knew the time
    new.advance(watermark: .min, processingTime: 2000)
    #expect(kept.value == 5)
    new.advance(watermark: .min, processingTime: 2049)
    #expect(kept.value == 5)
    new.advance(watermark: .min, processingTime: 2050)
    #expect(kept.value == nil && new.entryCount == 0)
  }
}
