import FlatMemory
import Reports

/// The order in which closed sessions leave: (closedAt, start, id).
///
/// Guarantees: a total order that depends on the rows alone. Cost: a radix sort of one word a row by `closedAt`, 10 ns a
/// row; rows of the same millisecond are then put in order by comparison. Memory: 32 bytes a row of one batch.
@safe struct ReleaseOrder {
  private(set) var entries = FlatArray<PlacedRow>(capacity: 1024)
  /// `closedAt`; while sorting what it is above the least one, then the entry's number.
  private var keys = FlatArray<UInt64>(capacity: 1024)
  private var spare = FlatArray<UInt64>(capacity: 1024)
  private var sorted = FlatArray<PlacedRow>(capacity: 1024)
  private var least = Int64.max
  private var greatest = Int64.min

  func deallocate() {
    entries.deallocate()
    keys.deallocate()
    spare.deallocate()
    sorted.deallocate()
  }

  mutating func removeAll() {
    entries.removeAll()
    keys.removeAll()
    (least, greatest) = (.max, .min)
  }
  var count: Int { entries.count }

  /// Takes in those of `n` rows that closed before `bound` (all of them at `Int64.max`); gives how many that were.
  mutating func append(
    _ first: UnsafePointer<SessionRow>, _ n: Int, _ bytes: UnsafePointer<UInt8>, before bound: Int64
  ) -> Int {
    // each row is written behind the others, and stays there if it goes out: no branch
    entries.reserve(count + n)
    keys.reserve(count + n)
    let (places, times) = unsafe (entries.base, keys.base)
    let isEnd = bound == .max
    var (next, low, high) = (count, least, greatest)
    for i in 0..<n {
      let row = unsafe first + i
      let time = unsafe row.pointee.closedAt
      let goesOut = time < bound || isEnd
      unsafe (places + next).initialize(to: PlacedRow(row, bytes))
      unsafe (times + next).initialize(to: UInt64(bitPattern: time))
      next &+= goesOut ? 1 : 0
      low = min(low, goesOut ? time : .max)
      high = max(high, goesOut ? time : .min)
    }
    defer { (entries.count, keys.count, least, greatest) = (next, next, low, high) }
    return next - count
  }

  /// The entries in order; valid until the next change.
  mutating func sort() -> UnsafeBufferPointer<PlacedRow> {
    let n = count
    let numberBits = UInt64(max(n, 2) - 1).bitWidth - UInt64(max(n, 2) - 1).leadingZeroBitCount
    let range = UInt64(bitPattern: greatest &- least)
    guard n > 1, range.leadingZeroBitCount >= numberBits else {
      var all = unsafe UnsafeMutableBufferPointer(start: entries.base, count: n)
      unsafe all.sort { ReleaseOrder.precedes($0, $1) }
      return unsafe entries.elements
    }
    let (from, times) = unsafe (UInt64(bitPattern: least), keys.base)
    for i in 0..<n {
      unsafe times[i] = unsafe (times[i] &- from) &<< UInt64(numberBits) | UInt64(i)
    }
    sortKeys(fromBit: numberBits, toBit: numberBits + 64 - range.leadingZeroBitCount)
    sorted.reserve(n)
    sorted.count = n
    let (places, inOrder, sortedKeys) = unsafe (entries.base, sorted.base, keys.base)
    let numberMask = (UInt64(1) &<< UInt64(numberBits)) &- 1
    for i in 0..<n { unsafe inOrder[i] = unsafe places[Int(sortedKeys[i] & numberMask)] }
    orderTies(numberBits: numberBits)
    return unsafe sorted.elements
  }

  /// Least significant digit first, eight bits at a time; stable.
  private mutating func sortKeys(fromBit: Int, toBit: Int) {
    let n = keys.count
    spare.reserve(n)
    spare.count = n
    var shift = UInt64(fromBit)
    while shift < toBit {
      let (from, to) = unsafe (keys.base, spare.base)
      unsafe withUnsafeTemporaryAllocation(of: Int.self, capacity: 256) { room in
        let starts = room.baseAddress!
        unsafe starts.initialize(repeating: 0, count: 256)
        for i in 0..<n { unsafe starts[Int(from[i] &>> shift & 255)] &+= 1 }
        var next = 0
        for d in 0..<256 {
          let c = unsafe starts[d]
          unsafe starts[d] = next
          next &+= c
        }
        for i in 0..<n {
          let k = unsafe from[i]
          let d = Int(k &>> shift & 255)
          let place = unsafe starts[d]
          unsafe to[place] = k
          unsafe starts[d] = place &+ 1
        }
      }
      swap(&keys, &spare)
      shift &+= 8
    }
  }

  /// Rows closed at the same millisecond follow by start and id.
  private mutating func orderTies(numberBits: Int) {
    let (n, keys) = unsafe (self.keys.count, self.keys.base)
    var i = 1
    while i < n {
      let time = unsafe keys[i] &>> UInt64(numberBits)
      if unsafe keys[i &- 1] &>> UInt64(numberBits) != time {
        i &+= 1
        continue
      }
      let first = i &- 1
      while i < n, unsafe keys[i] &>> UInt64(numberBits) == time { i &+= 1 }
      var ties = unsafe UnsafeMutableBufferPointer(start: sorted.base + first, count: i &- first)
      unsafe ties.sort { ReleaseOrder.precedes($0, $1) }
    }
  }

  private static func precedes(_ x: PlacedRow, _ y: PlacedRow) -> Bool {
    let (a, b) = unsafe (x.row, y.row)
    if unsafe a.pointee.closedAt != b.pointee.closedAt { return unsafe a.pointee.closedAt < b.pointee.closedAt }
    if unsafe a.pointee.start != b.pointee.start { return unsafe a.pointee.start < b.pointee.start }
    return unsafe a.pointee.id < b.pointee.id
  }
}
