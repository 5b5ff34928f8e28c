import FlatMemory

/// The first pages of sessions: whole paths, and the steps between pages.
///
/// Only rows that carry a path count, each with its weight. Beyond 32,768 of them every second is skipped (chosen by a
/// hash of the session id) and the others weigh twice, and so on every time another 32,768 were used: the estimate
/// stays unbiased (Horvitz and Thompson) and the cost of a session falls as the log grows.
/// Guarantees: exact while all sessions carry a path, there are at most 32,768 and the tables hold all their paths;
/// later the relative standard error of a figure that stands for s of n sessions is about √(n / s / 32,768).
/// Cost: 150 ns a session used. Memory: at most 5 MB.
struct PathFlow: ~Copyable {
  /// Views of a path that count.
  static let viewsMax = 5
  private static let sessionsPerLevel: Int64 = 32_768
  /// "to" in a step after which the session ended.
  static let exitHash: UInt64 = 0x6578_6974

  private(set) var paths: FrequentItems
  /// Texts are step digit, page, next page ("" is the exit).
  private(set) var steps: FrequentItems
  /// One path in `1 << level` is used.
  private(set) var level: UInt64 = 0
  private var usedAtLevel: Int64 = 0
  /// Rows used, and the sessions they stand for.
  private(set) var used: Int64 = 0
  private(set) var weight: Int64 = 0

  init(in memory: inout ReportMemory) {
    let pageBytes = PageURL.pageBytesMax + 1
    paths = FrequentItems(capacity: 2048, labelBytesMax: Self.viewsMax * pageBytes, in: &memory)
    steps = FrequentItems(capacity: 4096, labelBytesMax: 2 * pageBytes + 2, in: &memory)
  }

  @inline(__always)
  mutating func add(_ row: UnsafePointer<SessionRow>, _ bytes: UnsafePointer<UInt8>) {
    guard row.pointee.pathCount > 0 else { return }
    guard level == 0 || mix(row.pointee.id, 0x70a7_45f1_0e55_ed01) &>> (64 &- level) == 0 else { return }
    addUsed(row, bytes)
  }

  @inline(never)
  private mutating func addUsed(_ row: UnsafePointer<SessionRow>, _ bytes: UnsafePointer<UInt8>) {
    let count = min(Int(row.pointee.pathCount), Self.viewsMax)
    let spans = UnsafeRawPointer(bytes + Int(row.pointee.pathOffset))
    let weight = Int64(1) &<< Int64(min(UInt64(row.pointee.pathWeightLog2) &+ level, 40))
    var pathHash = UInt64(count)
    var previous: UInt64 = 0
    for k in 0..<count {
      let span = spans.loadUnaligned(fromByteOffset: k * 8, as: ByteSpan.self)
      let p = bytes + Int(span.offset)
      let page = PageURL(p, span.isAbsent ? 0 : Int(span.length)).pageHash(p)
      pathHash = mix(pathHash, page)
      if k > 0 { step(k - 1, previous, page, weight, spans, bytes, hasNext: true) }
      previous = page
    }
    if Int(row.pointee.views) <= count, count < Self.viewsMax {
      step(count - 1, previous, Self.exitHash, weight, spans, bytes, hasNext: false)
    }
    if !paths.add(pathHash, weight: weight, bounces: 0, purchases: 0) {
      paths.insert(pathHash) { label in
        for k in 0..<count { Self.writePage(k, spans, bytes, &label) }
      }
      _ = paths.add(pathHash, weight: weight, bounces: 0, purchases: 0)
    }
    used &+= 1
    self.weight &+= weight
    usedAtLevel &+= 1
    if usedAtLevel == Self.sessionsPerLevel, level < 32 { (level, usedAtLevel) = (level + 1, 0) }
  }

  @inline(__always)
  private mutating func step(
    _ k: Int, _ from: UInt64, _ to: UInt64, _ weight: Int64, _ spans: UnsafeRawPointer,
    _ bytes: UnsafePointer<UInt8>, hasNext: Bool
  ) {
    let hash = mix(mix(from, UInt64(k)), to)
    if steps.add(hash, weight: weight, bounces: 0, purchases: 0) { return }
    steps.insert(hash) { label in
      label.part(String(k), bytesMax: 1)
      Self.writePage(k, spans, bytes, &label)
      if hasNext { Self.writePage(k + 1, spans, bytes, &label) } else { label.part("", bytesMax: 1) }
    }
    _ = steps.add(hash, weight: weight, bounces: 0, purchases: 0)
  }

  private static func writePage(
    _ k: Int, _ spans: UnsafeRawPointer, _ bytes: UnsafePointer<UInt8>, _ label: inout LabelWriter
  ) {
    let span = spans.loadUnaligned(fromByteOffset: k * 8, as: ByteSpan.self)
    let p = bytes + Int(span.offset)
    PageURL(p, span.isAbsent ? 0 : Int(span.length)).writePage(p, into: &label)
  }

  func write(into w: inout StateWriter) {
    w.unsigned(level)
    w.signed(usedAtLevel)
    w.signed(used)
    w.signed(weight)
    paths.write(into: &w)
    steps.write(into: &w)
  }
  mutating func read(from r: inout StateReader) throws {
    level = UInt64(try r.count(atMost: 32, "halvings of the path sample"))
    usedAtLevel = try r.signed()
    used = try r.signed()
    weight = try r.signed()
    try paths.read(from: &r)
    try steps.read(from: &r)
  }
}
