import FlatMemory

/// Remembers for each key when its last session ended, for as long as a late event could still open or stretch another
/// session back over it. This is what keeps the emitted sessions of a key from overlapping.
///
/// Keys are 64-bit hashes: two keys sharing one (once in 10^10 pairs of a million) could at worst make an event late.
/// Invariants: open addressing at most half full, hash 0 is stored as 1; the queue holds each entry once, in the order
/// sessions were given out. Cost: 5 ns a session, 48 bytes an ended session within two gaps of the watermark.
@usableFromInline
@safe struct RecentlyEnded: @unchecked Sendable {
  @usableFromInline struct Entry: BitwiseCopyable {
    @usableFromInline var key: UInt64
    @usableFromInline var last: Int64
    @inlinable init(key: UInt64, last: Int64) {
      self.key = key
      self.last = last
    }
  }
  @usableFromInline var table: UnsafeMutablePointer<Entry>
  @usableFromInline var mask: Int
  @usableFromInline var count = 0
  /// A ring: entries in the order they were noted.
  @usableFromInline var queue: UnsafeMutablePointer<Entry>
  @usableFromInline var queueMask: Int
  @usableFromInline var head = 0
  @usableFromInline var tail = 0

  @usableFromInline init() {
    unsafe table = .allocate(capacity: 256)
    unsafe table.initialize(repeating: Entry(key: 0, last: 0), count: 256)
    mask = 255
    unsafe queue = .allocate(capacity: 256)
    queueMask = 255
  }
  func deallocate() {
    unsafe table.deallocate()
    unsafe queue.deallocate()
  }

  @inlinable @inline(__always)
  func home(_ key: UInt64) -> Int { Int(truncatingIfNeeded: key &>> 20) & mask }

  /// Position of a key or of the empty place where it belongs.
  @inlinable
  func position(_ key: UInt64) -> Int {
    var i = home(key)
    while unsafe table[i].key != 0 && table[i].key != key { i = (i &+ 1) & mask }
    return i
  }

  /// When the key's last session ended, or `.min`.
  @inlinable
  func last(_ hash: UInt64) -> Int64 {
    let e = unsafe table[position(hash | 1)]
    return e.key == 0 ? .min : e.last
  }

  @inlinable
  mutating func note(_ hash: UInt64, last: Int64) {
    let key = hash | 1
    if tail &- head > queueMask { growQueue() }
    unsafe queue[tail & queueMask] = Entry(key: key, last: last)
    tail &+= 1
    insert(key, last)
  }
  @inlinable
  mutating func insert(_ key: UInt64, _ last: Int64) {
    if (count &+ 1) &* 2 > mask { growTable() }
    let i = position(key)
    if unsafe table[i].key == 0 {
      count &+= 1
      unsafe table[i] = Entry(key: key, last: last)
    } else if unsafe table[i].last < last {
      unsafe table[i].last = last
    }
  }

  /// Forgets sessions that ended before `bound`.
  @inlinable
  mutating func expire(before bound: Int64) {
    while head < tail {
      let e = unsafe queue[head & queueMask]
      if e.last >= bound { return }
      head &+= 1
      let i = position(e.key)
      // a later session of the key has its own entry in the queue
      if unsafe table[i].key != 0, unsafe table[i].last < bound { remove(at: i) }
    }
  }
  @inlinable
  mutating func remove(at position: Int) {
    var i = position
    var j = i
    while true {
      j = (j &+ 1) & mask
      if unsafe table[j].key == 0 { break }
      if unsafe (j &- home(table[j].key)) & mask >= (j &- i) & mask {
        unsafe table[i] = unsafe table[j]
        i = j
      }
    }
    unsafe table[i] = Entry(key: 0, last: 0)
    count &-= 1
  }

  @inline(never) @usableFromInline
  mutating func growTable() {
    let old = unsafe table
    let n = mask + 1
    mask = n * 2 - 1
    unsafe table = .allocate(capacity: n * 2)
    unsafe table.initialize(repeating: Entry(key: 0, last: 0), count: n * 2)
    for k in 0..<n where unsafe old[k].key != 0 { unsafe table[position(old[k].key)] = unsafe old[k] }
    unsafe old.deallocate()
  }
  @inline(never) @usableFromInline
  mutating func growQueue() {
    let n = queueMask + 1
    let q = UnsafeMutablePointer<Entry>.allocate(capacity: n * 2)
    for k in head..<tail { unsafe q[k & (n * 2 - 1)] = unsafe queue[k & queueMask] }
    unsafe queue.deallocate()
    unsafe queue = unsafe q
    queueMask = n * 2 - 1
  }

  /// The queue, oldest first; enough to rebuild everything.
  @usableFromInline
  func entries() -> [Int64] {
    var out: [Int64] = []
    out.reserveCapacity((tail - head) * 2)
    for k in head..<tail {
      let e = unsafe queue[k & queueMask]
      out.append(Int64(bitPattern: e.key))
      out.append(e.last)
    }
    return out
  }
  @usableFromInline
  mutating func restore(_ entries: [Int64]) {
    for k in stride(from: 0, to: entries.count - 1, by: 2) {
      note(UInt64(bitPattern: entries[k]), last: entries[k + 1])
    }
  }
}
