import FlatMemory
import Reports

/// The order in which closed sessions leave: (closedAt, start, id).
///
/// Guarantees: a total order that depends on the rows alone. Cost: a radix sort of one word a row by `closedAt`, 10 ns a
/// row; rows of the same millisecond are then put in order by comparison. Memory: 32 bytes a row of one batch.
@safe struct ReleaseOrder {
  private(set) var entries = FlatArray<PlacedRow>(capacity: 1024)
  /// `closedAt` above the least one, then the entry's number.
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
    (least, greatest) = (.max, .min)
  }
  var count: Int { entries.count }

  @inline(__always)
  mutating func append(_ row: UnsafePointer<SessionRow>, _ bytes: UnsafePointer<UInt8>) {
    unsafe entries.append(PlacedRow(row, bytes))
    least = unsafe min(least, row.pointee.closedAt)
    greatest = unsafe max(greatest, row.pointee.closedAt)
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
    keys.removeAll()
    for i in 0..<n {
      let time = unsafe UInt64(bitPattern: (entries.base + i).pointee.row.pointee.closedAt &- least)
      keys.append(time &<< UInt64(numberBits) | UInt64(i))
    }
    sortKeys(fromBit: numberBits, toBit: numberBits + 64 - range.leadingZeroBitCount)
    sorted.removeAll()
    let numberMask = (UInt64(1) &<< UInt64(numberBits)) &- 1
    for i in 0..<n { unsafe sorted.append((entries.base + Int(keys[i] & numberMask)).pointee) }
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
      unsafe withUnsafeTemporaryAllocation(of: Int.self, capacity: 256) { starts in
        unsafe starts.initialize(repeating: 0)
        for i in 0..<n { unsafe starts[Int(keys[i] &>> shift & 255)] &+= 1 }
        var next = 0
        for d in 0..<256 {
          let c = unsafe starts[d]
          unsafe starts[d] = next
          next &+= c
        }
        for i in 0..<n {
          let k = keys[i]
          let d = Int(k &>> shift & 255)
          spare[unsafe starts[d]] = k
          unsafe starts[d] &+= 1
        }
      }
      swap(&keys, &spare)
      shift &+= 8
    }
  }

  /// Rows closed at the same millisecond follow by start and id.
  private mutating func orderTies(numberBits: Int) {
    var i = 0
    while i &+ 1 < keys.count {
      let time = keys[i] &>> UInt64(numberBits)
      var j = i &+ 1
      while j < keys.count, keys[j] &>> UInt64(numberBits) == time { j &+= 1 }
      if j &- i > 1 {
        var ties = unsafe UnsafeMutableBufferPointer(start: sorted.base + i, count: j &- i)
        unsafe ties.sort { ReleaseOrder.precedes($0, $1) }
      }
      i = j
    }
  }

  private static func precedes(_ x: PlacedRow, _ y: PlacedRow) -> Bool {
    let (a, b) = unsafe (x.row, y.row)
    if unsafe a.pointee.closedAt != b.pointee.closedAt { return unsafe a.pointee.closedAt < b.pointee.closedAt }
    if unsafe a.pointee.start != b.pointee.start { return unsafe a.pointee.start < b.pointee.start }
    return unsafe a.pointee.id < b.pointee.id
  }
}
