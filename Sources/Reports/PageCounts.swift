import CKernels
import FlatMemory

/// Sessions of a page, with two more counts.
struct PageUse: BitwiseCopyable {
  var sessions: Int64 = 0
  var bounces: Int64 = 0
  var purchases: Int64 = 0

  @inline(__always)
  mutating func add(_ outcome: SessionReportAccumulator.Outcome) {
    sessions &+= 1
    bounces &+= outcome.bounces
    purchases &+= outcome.purchases
  }
}

/// One tracked page, a cache line: counted exactly since it entered the table.
struct TrackedPage: BitwiseCopyable {
  var hash: UInt64
  /// At most this many sessions began or ended here before the page entered; 0: the counts are exact.
  var missed: Int64
  var entries = PageUse()
  var exits = PageUse()

  var weight: Int64 { entries.sessions &+ exits.sessions &+ missed }
}

/// The pages where most sessions begin or end, in bounded memory, with their texts.
///
/// Method: that of ``FrequentItems``, one table for both uses: most pages have both, so a page is one probe, one cache
/// line and one text. A page's weight is its entries and exits together.
/// Guarantees: exact while at most ``capacity`` pages were ever seen; afterwards a page's true entries and exits are at
/// least the counted ones and at most `missed` more, `missed <= errorMax <= 2 · (entries + exits) / capacity`, and every
/// page with more than ``errorMax`` entries and exits is present. Deterministic in the order of additions.
/// Cost: one probe; asked for early (``hint(_:)``), 3 ns. A purge takes 20 ns an item it makes room for.
/// Memory: 4 MB, touched as it fills.
@safe struct PageCounts: ~Copyable {
  static let capacity = 16_384
  private static let bucketCount = 4 * capacity
  /// Low bits of a bucket: position and one, 0 for an empty bucket; above them bits of the hash.
  private static let positionMask: UInt32 = 0x7fff

  private let items: UnsafeMutablePointer<TrackedPage>
  private let texts: UnsafeMutablePointer<ByteSpan>
  private let buckets: UnsafeMutablePointer<UInt32>
  /// Of its own: room for the longest texts, of which little is ever used, and that from the front.
  private let labelMemory: ReservedMemory
  private let labels: UnsafeMutablePointer<UInt8>
  private var labelBytes = 0
  private(set) var count = 0
  /// The most entries and exits any page not in the table can have.
  private(set) var errorMax: Int64 = 0
  /// Entries and exits added in all.
  private(set) var entryTotal: Int64 = 0
  private(set) var exitTotal: Int64 = 0

  init(in memory: inout ReportMemory) {
    unsafe items = unsafe memory.take(TrackedPage.self, count: Self.capacity)
    unsafe texts = unsafe memory.take(ByteSpan.self, count: Self.capacity)
    unsafe buckets = unsafe memory.take(UInt32.self, count: Self.bucketCount)
    labelMemory = ReservedMemory(byteCount: Self.capacity * PageURL.pageBytesMax + bytePadding)
    unsafe labels = unsafe labelMemory.base.assumingMemoryBound(to: UInt8.self)
  }
  deinit { labelMemory.release() }

  @inline(__always)
  private static func home(_ hash: UInt64) -> Int { Int(truncatingIfNeeded: hash &>> 20) & (bucketCount &- 1) }
  @inline(__always)
  private static func tag(_ hash: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: hash &>> 47) &<< 15 }

  /// Asks for the bucket of a page that ``hint(_:)`` will be called for.
  @inline(__always)
  func prefetch(_ hash: UInt64) { unsafe tw_prefetch(buckets + Self.home(hash)) }

  /// Where the page probably is, and asks for it; -1 when it is not in the table.
  @inline(__always)
  func hint(_ hash: UInt64) -> Int32 {
    let tag = Self.tag(hash)
    var i = Self.home(hash)
    while true {
      let b = unsafe buckets[i]
      if b == 0 { return -1 }
      if (b ^ tag) <= Self.positionMask {
        let position = Int(b & Self.positionMask) &- 1
        unsafe tw_prefetch(items + position)
        return Int32(truncatingIfNeeded: position)
      }
      i = (i &+ 1) & (Self.bucketCount &- 1)
    }
  }

  /// The page's position; `hint` may be outdated, or another page's. A page not in the table enters with the text.
  @inline(__always)
  mutating func position(_ hash: UInt64, hint: Int32, _ text: UnsafePointer<UInt8>, _ textCount: Int) -> Int {
    let h = Int(hint)
    if h >= 0, h < count, unsafe items[h].hash == hash { return h }
    return unsafe findOrInsert(hash, text, textCount)
  }

  @inline(__always)
  mutating func addEntry(at position: Int, _ outcome: SessionReportAccumulator.Outcome) {
    unsafe items[position].entries.add(outcome)
    entryTotal &+= 1
  }
  @inline(__always)
  mutating func addExit(at position: Int, _ outcome: SessionReportAccumulator.Outcome) {
    unsafe items[position].exits.add(outcome)
    exitTotal &+= 1
  }

  @inline(never)
  private mutating func findOrInsert(_ hash: UInt64, _ text: UnsafePointer<UInt8>, _ textCount: Int) -> Int {
    let tag = Self.tag(hash)
    var i = Self.home(hash)
    while unsafe buckets[i] != 0 {
      let b = unsafe buckets[i]
      if (b ^ tag) <= Self.positionMask {
        let position = Int(b & Self.positionMask) &- 1
        if unsafe items[position].hash == hash { return position }
      }
      i = (i &+ 1) & (Self.bucketCount &- 1)
    }
    if count == Self.capacity { purge() }
    var label = unsafe LabelWriter(base: labels + labelBytes, capacity: PageURL.pageBytesMax)
    if textCount > 0 {
      unsafe label.part(text, textCount, bytesMax: PageURL.pageBytesMax)
    } else {
      label.byte(UInt8(ascii: "/"))
    }
    append(TrackedPage(hash: hash, missed: errorMax), labelCount: label.count)
    return count - 1
  }

  /// Takes in a page whose text was written behind the others.
  private mutating func append(_ page: TrackedPage, labelCount: Int) {
    unsafe (texts + count).initialize(to: ByteSpan(offset: labelBytes, length: labelCount))
    labelBytes += labelCount
    unsafe (items + count).initialize(to: page)
    count += 1
    index(page.hash, count - 1)
  }

  private func index(_ hash: UInt64, _ position: Int) {
    var i = Self.home(hash)
    while unsafe buckets[i] != 0 { i = (i &+ 1) & (Self.bucketCount &- 1) }
    unsafe buckets[i] = Self.tag(hash) | UInt32(truncatingIfNeeded: position &+ 1)
  }

  /// Drops at least half of the pages; the rest keep their order, so their texts move down in place.
  @inline(never)
  private mutating func purge() {
    errorMax = medianWeight(count: count, above: errorMax) { unsafe items[$0].weight }
    unsafe buckets.update(repeating: 0, count: Self.bucketCount)
    let n = count
    (count, labelBytes) = (0, 0)
    for i in 0..<n where unsafe items[i].weight > errorMax {
      let (page, text) = unsafe (items[i], texts[i])
      unsafe (labels + labelBytes).update(from: labels + Int(text.offset), count: Int(text.length))
      append(page, labelCount: Int(text.length))
    }
  }

  func page(_ i: Int) -> TrackedPage { unsafe items[i] }

  func label(_ i: Int) -> String {
    let text = unsafe texts[i]
    return unsafe String(
      decoding: UnsafeBufferPointer(start: labels + Int(text.offset), count: Int(text.length)), as: UTF8.self)
  }

  private static func write(_ use: PageUse, into w: inout StateWriter) {
    w.signed(use.sessions)
    if use.sessions == 0 { return }
    w.signed(use.bounces)
    w.signed(use.purchases)
  }
  func write(into w: inout StateWriter) {
    w.signed(errorMax)
    w.signed(entryTotal)
    w.signed(exitTotal)
    w.count(count)
    for i in 0..<count {
      let page = unsafe items[i]
      w.word(page.hash)
      w.signed(page.missed)
      Self.write(page.entries, into: &w)
      Self.write(page.exits, into: &w)
      let text = unsafe texts[i]
      w.count(Int(text.length))
      unsafe w.raw(labels + Int(text.offset), Int(text.length))
    }
  }

  mutating func read(from r: inout StateReader) throws {
    errorMax = try r.signed()
    entryTotal = try r.signed()
    exitTotal = try r.signed()
    let n = try r.count(atMost: Self.capacity, "pages")
    unsafe buckets.update(repeating: 0, count: Self.bucketCount)
    (count, labelBytes) = (0, 0)
    for _ in 0..<n {
      var page = TrackedPage(hash: try r.word(), missed: try r.signed())
      page.entries = try Self.readUse(from: &r)
      page.exits = try Self.readUse(from: &r)
      let length = try r.count(atMost: PageURL.pageBytesMax, "bytes of a page")
      try unsafe r.raw(into: labels + labelBytes, length)
      append(page, labelCount: length)
    }
  }
  private static func readUse(from r: inout StateReader) throws -> PageUse {
    var use = PageUse(sessions: try r.signed())
    if use.sessions == 0 { return use }
    use.bounces = try r.signed()
    use.purchases = try r.signed()
    return use
  }
}
