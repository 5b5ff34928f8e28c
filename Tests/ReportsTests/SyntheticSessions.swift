import FlatMemory
import Foundation
import Reports
import TestSupport

extension SeededRandom {
  /// Low numbers far more often than high ones, roughly as 1/rank.
  mutating func zipf(_ n: Int) -> Int {
    let u = Double(next() >> 11) * 0x1p-53
    return min(Int(pow(Double(n), u)) - 1, n - 1)
  }
}

/// One session as a test writes it down.
struct SessionSpec {
  var id: UInt64 = 1
  var user = "u1"
  var start: Int64 = 1_767_225_600_000
  var duration: Int64 = 0
  var value = 0.0
  var events: UInt32 = 1
  var views: UInt32 = 1
  var items: UInt32 = 0
  var cart: UInt32?
  var checkout: UInt32?
  var purchase: UInt32?
  var entry: String? = "/"
  var exit: String? = "/"
  var referrer: String?
  var agent: String?
  var path: [String] = []
  var pathWeightLog2: UInt8 = 0
  var endedBy = SessionEnd.gap
  var isBotByRate = false
}

/// Rows and their byte arena, laid out as the engine hands them over.
struct SessionBatch {
  private(set) var rows: [SessionRow] = []
  private var arena: [UInt8] = []

  init() {}
  init(_ specs: [SessionSpec]) { for s in specs { append(s) } }

  private mutating func text(_ s: String?) -> ByteSpan {
    guard let s else { return .absent }
    let span = ByteSpan(offset: arena.count, length: s.utf8.count)
    arena += s.utf8
    return span
  }

  mutating func append(_ s: SessionSpec) {
    var row = SessionRow()
    row.id = s.id
    row.user = text(s.user)
    var padded = Array(s.user.utf8)
    padded += [UInt8](repeating: 0, count: bytePadding)
    row.userHash = unsafe padded.withUnsafeBufferPointer { unsafe hashBytes($0.baseAddress!, s.user.utf8.count) }
    row.start = s.start
    row.end = s.start + s.duration
    row.closedAt = row.end + 1_800_000
    row.value = s.value
    (row.events, row.views, row.items) = (s.events, s.views, s.items)
    row.cartDelayMilliseconds = s.cart ?? SessionRow.none
    row.checkoutDelayMilliseconds = s.checkout ?? SessionRow.none
    row.purchaseDelayMilliseconds = s.purchase ?? SessionRow.none
    row.entry = text(s.entry)
    row.exit = s.events == 1 && s.exit == s.entry ? row.entry : text(s.exit)
    row.referrer = text(s.referrer)
    row.agent = text(s.agent)
    let spans = s.path.map { text($0) }
    row.pathOffset = UInt32(arena.count)
    for span in spans { unsafe withUnsafeBytes(of: span) { unsafe arena.append(contentsOf: $0) } }
    row.pathCount = UInt8(s.path.count)
    row.pathWeightLog2 = s.pathWeightLog2
    row.endedBy = s.endedBy
    row.flags = s.isBotByRate ? 1 : 0
    rows.append(row)
  }

  /// The rows and their padded arena.
  func withRows<R>(_ body: (UnsafeBufferPointer<SessionRow>, UnsafePointer<UInt8>) throws -> R) rethrows -> R {
    let padded = arena + [UInt8](repeating: 0xee, count: bytePadding)
    return try unsafe padded.withUnsafeBufferPointer { bytes in
      try unsafe rows.withUnsafeBufferPointer { try unsafe body($0, bytes.baseAddress!) }
    }
  }

  /// Hands rows `range` to `body`, one after the other.
  func forEachRow(
    in range: Range<Int>? = nil, _ body: (UnsafePointer<SessionRow>, UnsafePointer<UInt8>) -> Void
  ) {
    unsafe withRows { all, bytes in
      for i in range ?? all.indices { unsafe body(all.baseAddress! + i, bytes) }
    }
  }
}

/// Random sessions that look like a shop's.
struct SessionGenerator {
  var random: SeededRandom
  var users = 250_000
  var pages = 50_000
  var start: Int64 = 1_767_225_600_000
  var meanStepMilliseconds = 1_500
  /// Every this many sessions carry a path.
  var pathEvery = 8
  private var time: Int64
  private var count = 0

  init(seed: UInt64) {
    random = SeededRandom(seed: seed)
    time = start
  }

  static let agents = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 "
      + "Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile "
      + "Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 "
      + "Safari/605.1.15",
    "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36 "
      + "Edg/126.0.0.0",
    "Mozilla/5.0 (iPad; CPU OS 16_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.6 Mobile/15E148 "
      + "Safari/604.1",
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)",
    "curl/8.5.0",
  ]
  static let referrers = [
    "https://www.google.com/", "https://www.facebook.com/", "https://news.example.org/best-shops?page=2",
    "https://shop.example.com/",
  ]
  static let queries = [
    "?utm_source=newsletter&utm_medium=email&utm_campaign=spring%20sale", "?gclid=EAIaIQob", "?fbclid=IwAR0",
    "?utm_source=google&utm_medium=cpc&utm_campaign=brand", "?page=2", "#reviews",
  ]

  private mutating func url() -> String {
    let k = random.zipf(pages)
    if k == 0 { return "https://shop.example.com/" }
    return "https://shop.example.com/\(["c", "p", "blog"][k % 3])/item-\(k)"
  }

  /// Mostly after the step before, as shoppers do.
  private mutating func laterStep(than delay: UInt32, _ duration: Int64) -> UInt32 {
    let earliest = random.chance(0.95) ? Int64(delay) : 0
    return UInt32(earliest) + UInt32(random.below(Int(duration - earliest) + 1))
  }

  mutating func next() -> SessionSpec {
    count += 1
    // busiest at 18:00 UTC, quiet at night and at weekends
    let hour = Double(time % 86_400_000) / 3_600_000
    let isWeekend = (time / 86_400_000 + 3) % 7 >= 5
    let pace = (1.15 - 0.85 * cos((hour - 6) / 24 * 2 * .pi)) * (isWeekend ? 0.6 : 1)
    time += Int64(Double(random.below(meanStepMilliseconds * 2)) / max(pace, 0.2))
    var s = SessionSpec()
    s.id = random.next()
    s.user = "user-\(random.zipf(users))"
    s.start = time - Int64(random.below(600_000))
    s.views = UInt32(1 + min(random.zipf(40), 60))
    s.events = s.views + UInt32(random.below(4))
    s.items = UInt32(random.below(Int(s.views) + 1))
    s.duration = s.events == 1 ? 0 : Int64(random.zipf(3_600_000))
    s.entry = random.chance(0.01) ? nil : url() + (random.chance(0.2) ? Self.queries[random.below(6)] : "")
    s.exit = s.views == 1 ? s.entry : url()
    s.referrer = random.chance(0.4) ? nil : Self.referrers[random.below(4)]
    s.agent = random.chance(0.02) ? nil : Self.agents[random.zipf(Self.agents.count)]
    if s.views > 1, random.chance(0.22) {
      s.cart = UInt32(random.below(Int(s.duration) + 1))
      if random.chance(0.55) { s.checkout = laterStep(than: s.cart!, s.duration) }
    } else if random.chance(0.01) {
      s.checkout = 0
    }
    if let checkout = s.checkout, random.chance(0.6) {
      s.purchase = laterStep(than: checkout, s.duration)
      s.value = Double(random.below(30_000)) / 100
    }
    if count % pathEvery == 0 {
      s.path = (0..<min(Int(s.views), 5)).map { $0 == 0 ? s.entry ?? "/" : url() }
      s.pathWeightLog2 = UInt8(pathEvery.trailingZeroBitCount)
    }
    s.endedBy = random.chance(0.9) ? .gap : SessionEnd.allCases[random.below(SessionEnd.allCases.count)]
    s.isBotByRate = random.chance(0.003)
    return s
  }

  mutating func next(_ n: Int) -> [SessionSpec] { (0..<n).map { _ in next() } }
}
