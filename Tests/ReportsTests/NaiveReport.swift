import Reports

/// The same report figures by the plainest means: dictionaries over all sessions, nothing shared with the module.
struct NaiveReport {
  struct Count: Equatable {
    var sessions = 0
    var bounces = 0
    var purchases = 0
  }

  let specs: [SessionSpec]

  func isEngaged(_ s: SessionSpec) -> Bool { s.duration > 10_000 || s.views >= 2 || s.purchase != nil }

  var usersToSessions: [String: [SessionSpec]] { Dictionary(grouping: specs, by: \.user) }

  /// Counts by whatever `key` says; nil: not counted.
  func count(_ key: (SessionSpec) -> String?) -> [String: Count] {
    var counts: [String: Count] = [:]
    for s in specs {
      guard let k = key(s) else { continue }
      counts[k, default: Count()].sessions += 1
      if !isEngaged(s) { counts[k, default: Count()].bounces += 1 }
      if s.purchase != nil { counts[k, default: Count()].purchases += 1 }
    }
    return counts
  }

  static func page(_ url: String?) -> String? {
    guard var rest = url, !rest.isEmpty, rest != "-" else { return nil }
    if let cut = rest.firstIndex(where: { $0 == "?" || $0 == "#" }) { rest = String(rest[..<cut]) }
    if let scheme = rest.firstRange(of: "://") {
      rest = String(rest[scheme.upperBound...])
      rest = rest.firstIndex(of: "/").map { String(rest[$0...]) } ?? ""
    }
    return rest.isEmpty ? "/" : rest
  }

  /// Nearest rank.
  static func quantile(_ values: [Int64], permille: Int) -> Int64 {
    let sorted = values.sorted()
    return sorted.isEmpty ? 0 : sorted[max((sorted.count * permille + 999) / 1000, 1) - 1]
  }

  /// The channel of the generator's few sources, written down by hand.
  static func channel(_ s: SessionSpec) -> String {
    let entry = s.entry ?? ""
    if entry.contains("utm_source=newsletter") { return "Email" }
    if entry.contains("gclid=") || entry.contains("utm_medium=cpc") { return "Paid Search" }
    if entry.contains("fbclid=") { return "Organic Social" }
    guard let referrer = s.referrer else { return "Direct" }
    if referrer.contains("google") { return "Organic Search" }
    if referrer.contains("facebook") { return "Organic Social" }
    // a full entry URL tells that shop.example.com is the site itself
    if referrer.contains("shop.example.com") { return s.entry == nil ? "Referral" : "Direct" }
    return "Referral"
  }

  static func referrerHost(_ s: SessionSpec) -> String? {
    guard let referrer = s.referrer else { return nil }
    if referrer.contains("google") { return "google.com" }
    if referrer.contains("facebook") { return "facebook.com" }
    if referrer.contains("shop.example.com") { return s.entry == nil ? "shop.example.com" : nil }
    return "news.example.org"
  }

  /// Device, browser, system and bot reason of the generator's agents, in its order.
  static let agents: [(String, String, String, String?)] = [
    ("Desktop", "Chrome", "Windows", nil), ("Phone", "Safari", "iOS", nil), ("Phone", "Chrome", "Android", nil),
    ("Desktop", "Safari", "macOS", nil), ("Desktop", "Firefox", "Linux", nil), ("Desktop", "Edge", "Windows", nil),
    ("Tablet", "Safari", "iPadOS", nil), ("Bot", "", "", "Search engine crawler"),
    ("Bot", "", "", "AI crawler or assistant"), ("Bot", "", "", "HTTP library or script"),
  ]
  static func agent(_ s: SessionSpec) -> (String, String, String, String?)? {
    s.agent.flatMap { SessionGenerator.agents.firstIndex(of: $0) }.map { agents[$0] }
  }

  static func day(_ t: Int64) -> Int64 { (t - (t % 86_400_000 + 86_400_000) % 86_400_000) / 86_400_000 }
  static func week(_ t: Int64) -> Int64 {
    let d = day(t) + 3
    return (d - (d % 7 + 7) % 7) / 7
  }

  /// Users by the period of their first session, and of those the users active in later periods.
  func cohorts(period: (Int64) -> Int64) -> [Int64: [Int64: Int]] {
    var table: [Int64: [Int64: Int]] = [:]
    for sessions in usersToSessions.values {
      // the first one to arrive, as the engine hands them over
      let first = period(sessions[0].start)
      let active = Set(sessions.map { period($0.start) - first }.filter { $0 >= 0 })
      for later in active { table[first, default: [:]][later, default: 0] += 1 }
    }
    return table
  }
}
