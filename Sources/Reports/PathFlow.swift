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
/// Cost: 150 ns a session used. Memory: 4 MB.
@safe struct PathFlow: ~Copyable {
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
  /// Of the path at hand: its pages (or what stands for all light ones), and its steps.
  private let identities: UnsafeMutablePointer<UInt64>
  private let stepHashes: UnsafeMutablePointer<UInt64>
  private let stepHints: UnsafeMutablePointer<Int32>

  init(in memory: inout ReportMemory) {
    let pageBytes = PageURL.pageBytesMax + 1
    paths = FrequentItems(capacity: 2048, labelBytesMax: Self.viewsMax * pageBytes, in: &memory)
    steps = FrequentItems(capacity: 4096, labelBytesMax: 2 * pageBytes + 3, in: &memory)
    pages = FrequentItems(capacity: 4096, labelBytesMax: 0, in: &memory)
    unsafe reached = unsafe memory.take(Int64.self, count: Self.viewsMax)
    unsafe identities = unsafe memory.take(UInt64.self, count: Self.viewsMax)
    unsafe stepHashes = unsafe memory.take(UInt64.self, count: Self.viewsMax)
    unsafe stepHints = unsafe memory.take(Int32.self, count: Self.viewsMax)
  }

  /// Whether the row's path counts; once not, never again.
  @inline(__always)
  private func isUsed(_ row: UnsafePointer<SessionRow>) -> Bool {
    unsafe level == 0 || mix(row.pointee.id, 0x70a7_45f1_0e55_ed01) &>> (64 &- level) == 0
  }
  @inline(__always)
  private static func span(_ k: Int, _ row: UnsafePointer<SessionRow>, _ bytes: UnsafePointer<UInt8>) -> ByteSpan {
    let spans = unsafe UnsafeRawPointer(bytes + Int(row.pointee.pathOffset))
    return unsafe spans.loadUnaligned(fromByteOffset: k &* 8, as: ByteSpan.self)
  }
  private static func pageCount(_ row: UnsafePointer<SessionRow>) -> Int {
    unsafe min(Int(row.pointee.pathCount), Self.viewsMax)
  }

  /// Reads the pages of a row's path, and asks for where they are counted.
  @inline(never)
  func read(
    _ row: UnsafePointer<SessionRow>, _ bytes: UnsafePointer<UInt8>, near origin: OriginMemo,
    into hashes: UnsafeMutablePointer<UInt64>
  ) {
    guard unsafe isUsed(row) else { return }
    for k in unsafe 0..<Self.pageCount(row) {
      let span = unsafe Self.span(k, row, bytes)
      let p = unsafe bytes + Int(span.offset)
      let page = unsafe PageURL(p, span.isAbsent ? 0 : Int(span.length), near: origin).pageHash(p)
      unsafe hashes[k] = page
      pages.prefetch(mix(page, UInt64(k)))
    }
  }
  /// Looks up the pages, and asks for their counts.
  @inline(never)
  func prefetch(
    _ row: UnsafePointer<SessionRow>, _ hashes: UnsafePointer<UInt64>, into hints: UnsafeMutablePointer<Int32>
  ) {
    guard unsafe isUsed(row) else { return }
    for k in unsafe 0..<Self.pageCount(row) { unsafe hints[k] = unsafe pages.hint(mix(hashes[k], UInt64(k))) }
  }

  /// Counts the path of a row whose pages were read and looked up.
  @inline(never)
  mutating func add(
    _ row: UnsafePointer<SessionRow>, _ bytes: UnsafePointer<UInt8>, _ hashes: UnsafePointer<UInt64>,
    _ hints: UnsafePointer<Int32>
  ) {
    guard unsafe isUsed(row) else { return }
    let count = unsafe Self.pageCount(row)
    let weight = unsafe Int64(1) &<< Int64(min(UInt64(row.pointee.pathWeightLog2) &+ level, 40))
    var pathHash = UInt64(count)
    for k in 0..<count {
      pathHash = unsafe mix(pathHash, hashes[k])
      unsafe identities[k] = unsafe isHeavy(hashes[k], hints[k], at: k, weight) ? hashes[k] : Self.otherHash
    }
    let hasEnd = unsafe Int(row.pointee.views) <= count && count < Self.viewsMax
    let stepCount = hasEnd ? count : count - 1
    for k in 0..<stepCount {
      let next = unsafe k + 1 < count ? identities[k + 1] : Self.exitHash
      unsafe stepHashes[k] = unsafe mix(mix(identities[k], UInt64(k)), next)
      unsafe steps.prefetch(stepHashes[k])
    }
    paths.prefetch(pathHash)
    for k in 0..<stepCount { unsafe stepHints[k] = unsafe steps.hint(stepHashes[k]) }
    for k in 0..<stepCount where unsafe steps.add(stepHashes[k], hint: stepHints[k], weight: weight) == 0 {
      unsafe insertStep(k, isLast: k + 1 == count, weight, row, bytes)
    }
    if paths.add(pathHash, weight: weight) == 0 {
      paths.insert(pathHash, weight: weight) { label in
        for k in 0..<count { unsafe Self.writePage(k, row, bytes, into: &label) }
      }
    }
    used &+= 1
    self.weight &+= weight
    usedAtLevel &+= 1
    if usedAtLevel == Self.sessionsPerLevel, level < 32 { (level, usedAtLevel) = (level + 1, 0) }
  }

  private static func writePage(
    _ k: Int, _ row: UnsafePointer<SessionRow>, _ bytes: UnsafePointer<UInt8>, into label: inout LabelWriter
  ) {
    let span = unsafe span(k, row, bytes)
    let p = unsafe bytes + Int(span.offset)
    unsafe PageURL(p, span.isAbsent ? 0 : Int(span.length)).writePage(p, into: &label)
  }

  /// Counts a page at a position; whether it has a name there.
  @inline(__always)
  private mutating func isHeavy(_ page: UInt64, _ hint: Int32, at k: Int, _ weight: Int64) -> Bool {
    unsafe reached[k] &+= weight
    let hash = mix(page, UInt64(k))
    var n = pages.add(hash, hint: hint, weight: weight)
    if n == 0 {
      pages.insert(hash, weight: weight) { _ in }
      n = weight
    }
    return unsafe n &* Self.heavyShare >= reached[k]
  }

  /// Enters a step from the page at position `k` to the next one, or where the session ended there.
  @inline(never)
  private mutating func insertStep(
    _ k: Int, isLast: Bool, _ weight: Int64, _ row: UnsafePointer<SessionRow>, _ bytes: UnsafePointer<UInt8>
  ) {
    let identities = unsafe identities
    unsafe steps.insert(stepHashes[k], weight: weight) { label in
      label.part("\(k)\(isLast ? "x" : "")", bytesMax: 2)
      for position in [k, isLast ? k : k + 1] {
        if unsafe identities[position] == Self.otherHash {
          label.part(Self.otherText, bytesMax: 1)
        } else {
          unsafe Self.writePage(position, row, bytes, into: &label)
        }
      }
    }
  }

  func write(into w: inout StateWriter) {
    w.unsigned(level)
    w.signed(usedAtLevel)
    w.signed(used)
    w.signed(weight)
    unsafe w.sparse(reached, Self.viewsMax)
    paths.write(into: &w)
    steps.write(into: &w)
    pages.write(into: &w)
  }
  mutating func read(from r: inout StateReader) throws {
    level = UInt64(try r.count(atMost: 32, "halvings of the path sample"))
    usedAtLevel = try r.signed()
    used = try r.signed()
    weight = try r.signed()
    try unsafe r.sparse(into: reached, Self.viewsMax)
    try paths.read(from: &r)
    try steps.read(from: &r)
    try pages.read(from: &r)
  }
}
