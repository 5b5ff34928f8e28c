/// The edges of a graph that expire, in the order of their times, and where each of them now stands.
///
/// Guarantees: an id names one edge from its insertion until its time is passed, whatever moves inside the adjacency;
/// edges leave in the order of (time, insertion), also when they came out of order.
/// Cost: 16 bytes in the queue, 8 in the table; O(1) for an edge that is not older than its predecessor, a heap of the
/// late ones for the others.
struct EdgeWindow {
  struct Place: BitwiseCopyable {
    var source: UInt32
    var position: UInt32
  }
  struct Entry: BitwiseCopyable {
    var timeMilliseconds: Int64
    var id: UInt32
    var late: UInt32  // insertion order among late edges; 0 for edges in order
  }
  /// The source of an id whose edge was removed before its time.
  static let gone = UInt32.max

  private(set) var places: [Place] = []
  private(set) var freeIDs: [UInt32] = []
  /// Edges that came in order: a queue whose first live entry is at `head`.
  private(set) var queue: [Entry] = []
  private(set) var head = 0
  /// Edges that came out of order: a binary heap by (time, insertion).
  private(set) var late: [Entry] = []
  private(set) var lateCount: UInt32 = 0

  var edgeCount: Int { places.count - freeIDs.count }

  mutating func insert(timeMilliseconds: Int64, source: UInt32, position: UInt32) -> UInt32 {
    let id: UInt32
    let place = Place(source: source, position: position)
    if let reused = freeIDs.popLast() {
      id = reused
      places[Int(id)] = place
    } else {
      id = UInt32(places.count)
      places.append(place)
    }
    if head < queue.count, queue[queue.count - 1].timeMilliseconds > timeMilliseconds {
      lateCount += 1
      late.append(Entry(timeMilliseconds: timeMilliseconds, id: id, late: lateCount))
      siftUp(late.count - 1)
    } else {
      queue.append(Entry(timeMilliseconds: timeMilliseconds, id: id, late: 0))
    }
    return id
  }

  func place(_ id: UInt32) -> Place { places[Int(id)] }
  mutating func move(_ id: UInt32, to position: UInt32) { places[Int(id)].position = position }
  mutating func markGone(_ id: UInt32) { places[Int(id)].source = Self.gone }

  /// Takes the oldest edge out when its time is below `cutoff`; nil source when it was removed before.
  mutating func popExpired(before cutoff: Int64) -> Place? {
    var entry: Entry?
    if head < queue.count { entry = queue[head] }
    var fromHeap = false
    if let first = late.first, first.timeMilliseconds < (entry?.timeMilliseconds ?? .max) {
      entry = first
      fromHeap = true
    }
    guard let entry, entry.timeMilliseconds < cutoff else { return nil }
    if fromHeap {
      removeFirstLate()
    } else {
      head += 1
      if head > 4096 && head * 2 > queue.count {
        queue.removeFirst(head)
        head = 0
      }
    }
    freeIDs.append(entry.id)
    return places[Int(entry.id)]
  }

  // MARK: the heap

  private static func precedes(_ a: Entry, _ b: Entry) -> Bool {
    (a.timeMilliseconds, a.late) < (b.timeMilliseconds, b.late)
  }

  private mutating func siftUp(_ start: Int) {
    var i = start
    while i > 0, Self.precedes(late[i], late[(i - 1) / 2]) {
      late.swapAt(i, (i - 1) / 2)
      i = (i - 1) / 2
    }
  }

  private mutating func removeFirstLate() {
    late.swapAt(0, late.count - 1)
    late.removeLast()
    var i = 0
    while true {
      var least = i
      for child in [2 * i + 1, 2 * i + 2] where child < late.count && Self.precedes(late[child], late[least]) {
        least = child
      }
      if least == i { break }
      late.swapAt(i, least)
      i = least
    }
    if late.isEmpty { lateCount = 0 }
  }

  // MARK: snapshots

  init() {}

  init(places: [Place], freeIDs: [UInt32], queue: [Entry], late: [Entry], lateCount: UInt32) {
    self.places = places
    self.freeIDs = freeIDs
    self.queue = queue
    self.late = late
    self.lateCount = lateCount
  }
}
