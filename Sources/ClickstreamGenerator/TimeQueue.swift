/// Things to come, earliest first; those of one time in the order they were put in.
///
/// Method: a binary heap of 16-byte keys over slots that are used again. Cost: O(log n) key moves, payloads stay put.
struct TimeQueue<Payload: BitwiseCopyable & Sendable>: Sendable {
  private struct Key: BitwiseCopyable {
    var time: Int64
    /// Order of arrival; wraps around.
    var sequence: UInt32
    var slot: UInt32

    @inline(__always)
    func isBefore(_ other: Key) -> Bool {
      time != other.time
        ? time < other.time : Int32(truncatingIfNeeded: sequence &- other.sequence) < 0
    }
  }
  private var keys: [Key] = []
  private var slots: [Payload] = []
  private var freeSlots: [UInt32] = []
  private var sequence: UInt32 = 0

  var isEmpty: Bool { keys.isEmpty }
  var count: Int { keys.count }

  /// Of the earliest; `Int64.max` when there is none.
  var firstTime: Int64 { keys.isEmpty ? .max : keys[0].time }
  /// The earliest payload; there must be one.
  var first: Payload { slots[Int(keys[0].slot)] }

  mutating func insert(_ payload: Payload, at time: Int64) {
    let slot: UInt32
    if let free = freeSlots.popLast() {
      slot = free
      slots[Int(slot)] = payload
    } else {
      slot = UInt32(slots.count)
      slots.append(payload)
    }
    sequence &+= 1
    keys.append(Key(time: time, sequence: sequence, slot: slot))
    siftUp()
  }

  /// Puts the earliest off to a later time.
  mutating func replaceFirst(with payload: Payload, at time: Int64) {
    let slot = keys[0].slot
    slots[Int(slot)] = payload
    sequence &+= 1
    keys[0] = Key(time: time, sequence: sequence, slot: slot)
    siftDown()
  }

  mutating func removeFirst() {
    freeSlots.append(keys[0].slot)
    keys.swapAt(0, keys.count - 1)
    keys.removeLast()
    if keys.count > 1 { siftDown() }
  }

  private mutating func siftUp() {
    var i = keys.count - 1
    let key = keys[i]
    while i > 0 {
      let parent = (i - 1) / 2
      if !key.isBefore(keys[parent]) { break }
      keys[i] = keys[parent]
      i = parent
    }
    keys[i] = key
  }

  private mutating func siftDown() {
    let (count, key) = (keys.count, keys[0])
    var i = 0
    while true {
      var child = 2 * i + 1
      if child >= count { break }
      if child + 1 < count, keys[child + 1].isBefore(keys[child]) { child += 1 }
      if !keys[child].isBefore(key) { break }
      keys[i] = keys[child]
      i = child
    }
    keys[i] = key
  }
}
