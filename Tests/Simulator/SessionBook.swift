/// Sessions of keys, kept by hand: the oracle of session windows.
struct SessionBook<Value> {
  struct Session {
    var key: Int
    var start: Int64
    var last: Int64
    var values: [Value]
    /// In which interval it was changed last.
    var changed = -1
  }
  let gap: Int64
  let lateness: Int64
  /// Nothing is closed or late.
  var keepsAll = false
  private(set) var sessions: [Session] = []

  init(gap: Int64, lateness: Int64, keepsAll: Bool = false) {
    (self.gap, self.lateness, self.keepsAll) = (gap, lateness, keepsAll)
  }

  /// Takes away the sessions that no element could extend which is not late.
  mutating func close(_ watermark: Int64) -> [Session] {
    if keepsAll { return [] }
    func isOver(_ s: Session) -> Bool { watermark == .max || s.last + gap + 1 + lateness <= watermark }
    defer { sessions.removeAll(where: isOver) }
    return sessions.filter(isOver)
  }
  /// False if the element is late.
  mutating func add(_ key: Int, _ value: Value, _ time: Int64, _ watermark: Int64, interval: Int = 0) -> Bool {
    // one or two sessions lie within the gap of it, the earlier one takes it and then the later one
    let near = sessions.indices
      .filter { sessions[$0].key == key && sessions[$0].start - gap <= time && time <= sessions[$0].last + gap }
      .sorted { sessions[$0].start < sessions[$1].start }
    guard let first = near.first else {
      guard keepsAll || time + gap + 1 + lateness > watermark else { return false }
      sessions.append(Session(key: key, start: time, last: time, values: [value], changed: interval))
      return true
    }
    var joined = sessions[first]
    joined.values.append(value)
    joined.start = min(joined.start, time)
    joined.last = max(joined.last, time)
    joined.changed = interval
    for other in near.dropFirst() {
      joined.values += sessions[other].values
      joined.last = max(joined.last, sessions[other].last)
    }
    sessions[first] = joined
    for other in near.dropFirst().sorted(by: >) { sessions.remove(at: other) }
    return true
  }
}
