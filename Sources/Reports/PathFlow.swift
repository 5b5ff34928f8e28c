import FlatMemory

/// The first pages of sessions: whole paths, and the steps between pages.
///
/// Only rows that carry a path count, each with its weight. Beyond 32,768 of them every second is skipped (chosen by a
/// hash of the session id) and the others weigh twice, and so on every time another 32,768 were used: the estimate
/// stays unbiased (Horvitz and Thompson) and the cost of a session falls as the log grows.
/// Steps are kept between a position's heavy pages only, those with at least 1/64 of its views so far; all others are
/// one page, so that what flows in and out of a position always adds up.
/// Guarantees: exact while all sessions carry a path, there are at most 32,768 and the tables hold all their paths;
/// later the relative standard error of a figure that stands for s of n sessions is about √(n / s / 32,768).
/// Cost: 200 ns a session used. Memory: 4 MB.
struct PathFlow: ~Copyable {
  /// Views of a path that count.
  static let viewsMax = 5
  private static let sessionsPerLevel: Int64 = 32_768
  private static let heavyShare: Int64 = 64
  /// Pages of a step that have no name: all light ones, and the end of a session.
  private static let otherHash: UInt64 = 0x6f74_6865_7273
  private static let exitHash: UInt64 = 0x6578_6974_7321
  /// How the text of a step names them; a page is never empty and begins with no control byte.
  static let otherText = ""

  private(set) var paths: FrequentItems
  /// Texts are position, "x" behind it where the session ended, page, next page.
  private(set) var steps: FrequentItems
  /// Weight by position and page; no texts.
  private var pages: FrequentItems
  /// One path in `1 << level` is used.
  private(set) var level: UInt64 = 0
  private var usedAtLevel: Int64 = 0
  /// Rows used, and the sessions they stand for.
  private(set) var used: Int64 = 0
  private(set) var weight: Int64 = 0
  /// Weight of the paths that reach each position.
  private let reached: UnsafeMutablePointer<Int64>

  init(in memory: inout ReportMemory) {
    let pageBytes = PageURL.pageBytesMax + 1
    paths = FrequentItems(capacity: 2048, labelBytesMax: Self.viewsMax * pageBytes, in: &memory)
    steps = FrequentItems(capacity: 4096, labelBytesMax: 2 * pageBytes + 3, in: &memory)
    pages = FrequentItems(capacity: 4096, labelBytesMax: 0, in: &memory)
    reached = memory.take(Int64.self, count: Self.viewsMax)
  }

  @inline(__always)
  mutating func add(_ row: UnsafePointer<SessionRow>, _ bytes: UnsafePointer<UInt8>) {
    guard row.pointee.pathCount > 0 else { return }
    guard level == 0 || mix(row.pointee.id, 0x70a7_45f1_0e55_ed01) &>> (64 &- level) == 0 else { return }
    addUsed(row, bytes)
  }

  /// A view of the path at hand: its text, and its page's identity (or that of all light pages).
  private struct View {
    var text: UnsafePointer<UInt8>
    var url: PageURL
    var identity: UInt64
  }

  @inline(never)
  private mutating func addUsed(_ row: UnsafePointer<SessionRow>, _ bytes: UnsafePointer<UInt8>) {
    let count = min(Int(row.pointee.pathCount), Self.viewsMax)
    let spans = UnsafeRawPointer(bytes + Int(row.pointee.pathOffset))
    let weight = Int64(1) &<< Int64(min(UInt64(row.pointee.pathWeightLog2) &+ level, 40))
    var pathHash = UInt64(count)
    var previous = View(text: bytes, url: PageURL(bytes, 0), identity: 0)
    for k in 0..<count {
      let span = spans.loadUnaligned(fromByteOffset: k * 8, as: ByteSpan.self)
      let p = bytes + Int(span.offset)
      let url = PageURL(p, span.isAbsent ? 0 : Int(span.length))
      let page = url.pageHash(p)
      pathHash = mix(pathHash, page)
      let view = View(text: p, url: url, identity: isHeavy(page, at: k, weight) ? page : Self.otherHash)
      if k > 0 { step(k - 1, previous, view, weight) }
      previous = view
    }
    if Int(row.pointee.views) <= count, count < Self.viewsMax { step(count - 1, previous, nil, weight) }
    if paths.add(pathHash, weight: weight) == 0 {
      paths.insert(pathHash) { label in
        for k in 0..<count {
          let span = spans.loadUnaligned(fromByteOffset: k * 8, as: ByteSpan.self)
          let p = bytes + Int(span.offset)
          PageURL(p, span.isAbsent ? 0 : Int(span.length)).writePage(p, into: &label)
        }
      }
      _ = paths.add(pathHash, weight: weight)
    }
    used &+= 1
    self.weight &+= weight
    usedAtLevel &+= 1
    if usedAtLevel == Self.sessionsPerLevel, level < 32 { (level, usedAtLevel) = (level + 1, 0) }
  }

  /// Counts a page at a position; whether it has a name there.
  private mutating func isHeavy(_ page: UInt64, at k: Int, _ weight: Int64) -> Bool {
    reached[k] &+= weight
    let hash = mix(page, UInt64(k))
    var n = pages.add(hash, weight: weight)
    if n == 0 {
      pages.insert(hash) { _ in }
      n = pages.add(hash, weight: weight)
    }
    return n &* Self.heavyShare >= reached[k]
  }

  /// Counts a step from the page at position `k`; without a next page, the session ended there.
  private mutating func step(_ k: Int, _ from: View, _ to: View?, _ weight: Int64) {
    let hash = mix(mix(from.identity, UInt64(k)), to?.identity ?? Self.exitHash)
    if steps.add(hash, weight: weight) != 0 { return }
    steps.insert(hash) { label in
      label.part("\(k)\(to == nil ? "x" : "")", bytesMax: 2)
      for view in [from, to ?? from] {
        if view.identity == Self.otherHash {
          label.part(Self.otherText, bytesMax: 1)
        } else {
          view.url.writePage(view.text, into: &label)
        }
      }
    }
    _ = steps.add(hash, weight: weight)
  }

  func write(into w: inout StateWriter) {
    w.unsigned(level)
    w.signed(usedAtLevel)
    w.signed(used)
    w.signed(weight)
    w.sparse(reached, Self.viewsMax)
    paths.write(into: &w)
    steps.write(into: &w)
    pages.write(into: &w)
  }
  mutating func read(from r: inout StateReader) throws {
    level = UInt64(try r.count(atMost: 32, "halvings of the path sample"))
    usedAtLevel = try r.signed()
    used = try r.signed()
    weight = try r.signed()
    try r.sparse(into: reached, Self.viewsMax)
    try paths.read(from: &r)
    try steps.read(from: &r)
    try pages.read(from: &r)
  }
}
