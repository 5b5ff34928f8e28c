import Foundation
import TestSupport

/// A click of a random stream. No two of a stream have the same time, so first and last are unambiguous.
struct Click {
  var time: Int64
  var user: String
  var event: String
  var item: String?
  var url: String?
  var value: Double?

  var json: String {
    var fields = ["\"timestamp\":\(time)", "\"user_id\":\"\(user)\"", "\"event\":\"\(event)\""]
    if let item { fields.append("\"item_id\":\"\(item)\"") }
    if let url { fields.append("\"url\":\"\(url)\"") }
    if let value { fields.append("\"value\":\(value)") }
    return "{" + fields.joined(separator: ",") + "}"
  }
}

/// A stream in time order: visits of a few users, with gaps around `gap`.
func randomClicks(_ r: inout SeededRandom, count: Int, gap: Int64) -> [Click] {
  let users = (0..<Int.random(in: 1...12, using: &r)).map { k in
    k % 3 == 0 ? "visitor-with-a-long-name-\(k)" : "u\(k)"
  }
  var time: Int64 = 1_767_225_600_000 + Int64.random(in: 0...86_400_000, using: &r)
  let events = ["view", "view", "view", "click", "addtocart", "checkout", "purchase"]
  return (0..<count).map { _ in
    time += Int64.random(in: 1...max(2, gap / Int64(users.count)), using: &r)
    if Int.random(in: 0..<12, using: &r) == 0 { time += gap + Int64.random(in: -2...2, using: &r) }
    let event = events.randomElement(using: &r)!
    let campaign = Int.random(in: 0..<6, using: &r) == 0 ? "?utm_campaign=c\(Int.random(in: 0..<3, using: &r))" : ""
    return Click(
      time: time, user: users.randomElement(using: &r)!, event: event,
      item: Bool.random(using: &r) ? "p\(Int.random(in: 0..<9, using: &r))" : nil,
      url: "https://shop.example/p/\(Int.random(in: 0..<40, using: &r))\(campaign)",
      value: event == "purchase" ? Double(Int.random(in: 1...9999, using: &r)) / 4 : nil)
  }
}

/// The same events with each delayed by up to `milliseconds` of event time.
func delayed(_ clicks: [Click], by milliseconds: Int64, _ r: inout SeededRandom) -> [Click] {
  clicks.map { ($0.time + Int64.random(in: 0...max(0, milliseconds), using: &r), $0) }
    .sorted { $0.0 < $1.0 }.map { $0.1 }
}

/// A session as the naive reference computes it.
struct PlainSession: Equatable, CustomStringConvertible {
  var user: String
  var start: Int64
  var end: Int64
  var events = 0
  var views = 0
  var items = 0
  var entry: String
  var exit: String
  var value = 0.0
  var description: String {
    "\(user) \(start)…\(end) events \(events) views \(views) items \(items) \(entry) \(exit) \(value)"
  }
}

/// Groups sorted clicks by user; `splits` says whether an event begins a new session although the gap does not.
func plainSessions(
  _ clicks: [Click], gap: Int64, merges: Bool, splits: ([Click], Click) -> Bool = { _, _ in false }
) -> [PlainSession] {
  var out: [PlainSession] = []
  for (user, events) in Dictionary(grouping: clicks, by: \.user) {
    var current: [Click] = []
    func close() {
      guard let first = current.first, let last = current.last else { return }
      out.append(
        PlainSession(
          user: user, start: first.time, end: last.time, events: current.count,
          views: current.filter { $0.event == "view" }.count, items: Set(current.compactMap(\.item)).count,
          entry: first.url ?? "", exit: last.url ?? "", value: current.reduce(0) { $0 + ($1.value ?? 0) }))
    }
    for e in events.sorted(by: { $0.time < $1.time }) {
      if let last = current.last {
        let distance = e.time - last.time
        if distance > gap || (distance == gap && !merges) || splits(current, e) {
          close()
          current = []
        }
      }
      current.append(e)
    }
    close()
  }
  return out.sorted { ($0.user, $0.start) < ($1.user, $1.start) }
}
