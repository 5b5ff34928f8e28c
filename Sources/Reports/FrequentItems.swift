import CKernels
import FlatMemory

/// One tracked item: counted exactly since it entered the table.
struct FrequentItem: BitwiseCopyable {
  var hash: UInt64
  /// Weight seen since the item entered.
  var observed: Int64 = 0
  /// At most this much weight was seen before it entered; 0: the count is exact.
  var missed: Int64
  /// Two more counts since it entered (bounces, purchases).
  var bounces: Int64 = 0
  var purchases: Int64 = 0
  var label: ByteSpan
}

/// The heaviest items of a stream in bounded memory, with their texts.
///
/// Method: Misra and Gries (1982) with the batched purge of Anderson et al. (2017), kept as Manku and Motwani's pair
/// (count since entry, largest possible miss): when the table is full, the lower half by `observed + missed` leaves
/// and its largest value becomes what newcomers may have missed.
/// Guarantees: exact while at most `capacity` items were ever seen; afterwards the true weight lies in
/// `observed ... observed + missed`, `missed <= errorMax <= 2 · total / capacity`, and every item heavier than
/// ``errorMax`` is present. An item is its 64-bit hash. Deterministic in the order of additions.
/// Cost: one probe an addition; a purge costs 100 ns an item it keeps room for. Memory: `capacity` × (48 + 16 + text).
@safe struct FrequentItems: ~Copyable {
  let capacity: Int
  private let labelBytesMax: Int
  private let items: UnsafeMutablePointer<FrequentItem>
  private(set) var count = 0
  private let buckets: UnsafeMutablePointer<UInt32>
  private let bucketMask: Int
  /// Of its own: room for the longest texts, of which little is ever used, and that from the front.
  private let labelMemory: ReservedMemory
  private let labels: UnsafeMutablePointer<UInt8>
  private var labelBytes = 0
  /// The largest weight any item not in the table can have.
  private(set) var errorMax: Int64 = 0
  /// Weight added in all.
  private(set) var total: Int64 = 0

  init(capacity: Int, labelBytesMax: Int, in memory: inout ReportMemory) {
    self.capacity = capacity
    self.labelBytesMax = labelBytesMax
    precondition(capacity < 1 << 16, "a bucket has 16 bits for a position")
    let bucketCount = (capacity * 2).nextPowerOfTwo
    bucketMask = bucketCount - 1
    unsafe buckets = unsafe memory.take(UInt32.self, count: bucketCount)
    unsafe items = unsafe memory.take(FrequentItem.self, count: capacity)
    labelMemory = ReservedMemory(byteCount: capacity * labelBytesMax + bytePadding)
    unsafe labels = unsafe labelMemory.base.assumingMemoryBound(to: UInt8.self)
  }
  deinit { labelMemory.release() }

  /// Counts an item that is in the table and returns its weight seen so far; 0 when it is not in the table: then
  /// ``insert(_:weight:bounces:purchases:_:)`` it with its text.
  @inline(__always)
  mutating func add(_ hash: UInt64, weight: Int64, bounces: Int64 = 0, purchases: Int64 = 0) -> Int64 {
    let tag = Self.tag(hash)
    var i = home(hash)
    while true {
      let b = unsafe buckets[i]
      if b == 0 { return 0 }
      if (b ^ tag) <= 0xffff {
        let item = unsafe items + Int((b & 0xffff) &- 1)
        if unsafe item.pointee.hash == hash {
          unsafe item.pointee.observed &+= weight
          unsafe item.pointee.bounces &+= bounces
          unsafe item.pointee.purchases &+= purchases
          total &+= weight
          return unsafe item.pointee.observed
        }
      }
      i = (i &+ 1) & bucketMask
    }
  }

  @inline(__always)
  private func home(_ hash: UInt64) -> Int { Int(truncatingIfNeeded: hash &>> 20) & bucketMask }
  /// The high half of a bucket; the low half is position and one, 0 for an empty bucket.
  @inline(__always)
  private static func tag(_ hash: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: hash &>> 48) &<< 16 }

  /// Asks for an item's bucket.
  @inline(__always)
  func prefetch(_ hash: UInt64) { unsafe tw_prefetch(buckets + home(hash)) }

  /// Where the item probably is, and asks for it, once its bucket is here; -1 when it is not in the table.
  @inline(__always)
  func hint(_ hash: UInt64) -> Int32 {
    let tag = Self.tag(hash)
    var i = home(hash)
    while true {
      let b = unsafe buckets[i]
      if b == 0 { return -1 }
      if (b ^ tag) <= 0xffff {
        let position = Int(b & 0xffff) &- 1
        unsafe tw_prefetch(items + position)
        return Int32(truncatingIfNeeded: position)
      }
      i = (i &+ 1) & bucketMask
    }
  }
  /// The same as ``add(_:weight:bounces:purchases:)``; `hint` may be outdated, or another item's.
  @inline(__always)
  mutating func add(_ hash: UInt64, hint: Int32, weight: Int64) -> Int64 {
    let h = Int(hint)
    guard h >= 0, h < count, unsafe items[h].hash == hash else { return add(hash, weight: weight) }
    let observed = unsafe items[h].observed &+ weight
    unsafe items[h].observed = observed
    total &+= weight
    return observed
  }

  /// Counts an item that is not in the table; what is appended to ``LabelWriter`` becomes its text.
  @inline(never)
  mutating func insert(
    _ hash: UInt64, weight: Int64, bounces: Int64 = 0, purchases: Int64 = 0, _ writeLabel: (inout LabelWriter) -> Void
  ) {
    if count == capacity { purge() }
    var label = unsafe LabelWriter(base: labels + labelBytes, capacity: labelBytesMax)
    writeLabel(&label)
    let span = ByteSpan(offset: labelBytes, length: label.count)
    labelBytes += label.count
    unsafe (items + count).initialize(
      to: FrequentItem(
        hash: hash, observed: weight, missed: errorMax, bounces: bounces, purchases: purchases, label: span))
    total &+= weight
    count += 1
    index(hash, UInt32(count))
  }

  private func index(_ hash: UInt64, _ number: UInt32) {
    var i = home(hash)
    while unsafe buckets[i] != 0 { i = (i &+ 1) & bucketMask }
    unsafe buckets[i] = Self.tag(hash) | number
  }

  /// Drops at least half of the items; the rest keep their order, so their texts move down in place.
  private mutating func purge() {
    errorMax = medianWeight(count: count, above: errorMax) { unsafe items[$0].observed &+ items[$0].missed }
    let text = unsafe labels
    var kept = 0
    var bytes = 0
    for i in 0..<count where unsafe items[i].observed &+ items[i].missed > errorMax {
      var item = unsafe items[i]
      let n = Int(item.label.length)
      unsafe (text + bytes).update(from: text + Int(item.label.offset), count: n)
      item.label = ByteSpan(offset: bytes, length: n)
      bytes += n
      unsafe items[kept] = item
      kept += 1
    }
    count = kept
    labelBytes = bytes
    reindex()
  }

  private func reindex() {
    unsafe buckets.update(repeating: 0, count: bucketMask + 1)
    for i in 0..<count { unsafe index(items[i].hash, UInt32(i + 1)) }
  }

  func item(_ i: Int) -> FrequentItem { unsafe items[i] }

  func label(_ i: Int) -> String {
    let span = unsafe items[i].label
    return unsafe String(
      decoding: UnsafeBufferPointer(start: labels + Int(span.offset), count: Int(span.length)), as: UTF8.self)
  }

  /// Positions of the `n` heaviest items; equal weights by text, then by hash.
  func heaviest(_ n: Int) -> [Int] {
    heaviestItems(
      n, of: count, weight: { unsafe items[$0].observed }, label: { label($0) }, hash: { unsafe items[$0].hash })
  }

  func write(into w: inout StateWriter) {
    w.signed(errorMax)
    w.signed(total)
    w.count(count)
    for i in 0..<count {
      let item = unsafe items[i]
      w.word(item.hash)
      w.signed(item.observed)
      w.signed(item.missed)
      w.signed(item.bounces)
      w.signed(item.purchases)
      w.count(Int(item.label.length))
      unsafe w.raw(labels + Int(item.label.offset), Int(item.label.length))
    }
  }

  mutating func read(from r: inout StateReader) throws {
    errorMax = try r.signed()
    total = try r.signed()
    let n = try r.count(atMost: capacity, "items")
    (count, labelBytes) = (0, 0)
    for i in 0..<n {
      var item = FrequentItem(hash: try r.word(), missed: 0, label: .absent)
      item.observed = try r.signed()
      item.missed = try r.signed()
      item.bounces = try r.signed()
      item.purchases = try r.signed()
      let length = try r.count(atMost: labelBytesMax, "bytes of a text")
      try unsafe r.raw(into: labels + labelBytes, length)
      item.label = ByteSpan(offset: labelBytes, length: length)
      labelBytes += length
      unsafe (items + i).initialize(to: item)
      count = i + 1
    }
    reindex()
  }
}

/// Composes an item's text in place: parts separated by ``separator``, control bytes made spaces (texts from the data need 15 readable bytes
/// behind them), each part cut to its
/// limit at a character boundary and then ending in "…".
@safe struct LabelWriter {
  /// Between parts; never inside one.
  static let separator: UInt8 = 0x1f
  private let base: UnsafeMutablePointer<UInt8>
  private let capacity: Int
  private(set) var count = 0

  init(base: UnsafeMutablePointer<UInt8>, capacity: Int) {
    unsafe self.base = unsafe base
    self.capacity = capacity
  }

  mutating func byte(_ b: UInt8) {
    precondition(count < capacity, "a text longer than its table allows")
    unsafe base[count] = b
    count += 1
  }
  mutating func part(_ p: UnsafePointer<UInt8>, _ n: Int, bytesMax: Int) {
    if count > 0 { byte(Self.separator) }
    var length = n
    if n > bytesMax {
      length = bytesMax - 3
      while length > 0, unsafe p[length] & 0xc0 == 0x80 { length -= 1 }
    }
    precondition(count + length <= capacity, "a text longer than its table allows")
    // 16 bytes a step: whatever is written behind the text is overwritten, or is the padding
    var i = 0
    while i < length {
      unsafe tw_copy16(base + count + i, p + i, 16)
      var controls = unsafe tw_stop16(p + i)
      while controls != 0 {
        let k = i + controls.trailingZeroBitCount
        if k < length, unsafe p[k] < 0x20 { unsafe base[count + k] = 0x20 }
        controls &= controls - 1
      }
      i += 16
    }
    count += length
    if n > bytesMax { for b in [0xe2, 0x80, 0xa6] as [UInt8] { byte(b) } }
  }
  mutating func part(_ text: String, bytesMax: Int) {
    var text = text
    text.withUTF8 { u in
      if let p = u.baseAddress, u.count > 0 {
        unsafe withPadding(p, u.count) { unsafe part($0, u.count, bytesMax: bytesMax) }
      } else if count > 0 {
        byte(Self.separator)
      }
    }
  }

  private func withPadding(_ p: UnsafePointer<UInt8>, _ n: Int, _ body: (UnsafePointer<UInt8>) -> Void) {
    unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: n + bytePadding) { room in
      unsafe room.baseAddress!.initialize(from: p, count: n)
      unsafe (room.baseAddress! + n).initialize(repeating: 0, count: bytePadding)
      unsafe body(room.baseAddress!)
    }
  }
}
