import FlatMemory
public import StreamCore

/// State as snapshots carry it: the slots as they lie in memory, the timers, the recently ended keys and the program's
/// own sections. The index is rebuilt on restore: it costs less than reading it.
extension Sessionizer {
  static var stateVersion: Int64 { 3 }

  /// Bytes of the open sessions' slots, those that wait for reuse included; what the program keeps is not counted.
  public var slotByteCount: Int { Int(top) * MemoryLayout<Slot>.stride }

  /// Copies the operator's state; call between batches.
  public func snapshot(into snapshot: StateSnapshot) {
    let header: [Int64] = [
      Self.stateVersion, Int64(MemoryLayout<Slot>.stride), Int64(top), Int64(freeSlot), watermark, wheel.position,
      wheel.nextFire, wheel.tickMilliseconds, Int64(openCount), Int64(openPeak), Int64(lateCount), Int64(mergedCount),
      Int64(outOfOrderCount),
    ]
    unsafe header.withUnsafeBufferPointer { unsafe snapshot.add("state", values: $0) }
    unsafe snapshot.add("slots", UnsafeRawBufferPointer(start: slots, count: Int(top) * MemoryLayout<Slot>.stride))
    unsafe snapshot.add("timers", values: UnsafeBufferPointer(start: wheel.heads, count: TimerWheel.bucketCount))
    unsafe ended.entries().withUnsafeBufferPointer { unsafe snapshot.add("recently-ended", values: $0) }
    program.snapshot(into: snapshot)
  }

  /// Puts back what ``snapshot(into:)`` wrote. Throws ``StreamCore/StateError`` when the state is of another layout.
  public mutating func restore(from snapshot: RestoredState) throws {
    let h = try snapshot.values("state", of: Int64.self)
    guard h.count == 13 else { throw StateError.size("sessions/state", h.count * 8) }
    guard h[0] == Self.stateVersion else {
      throw StateError.version("sessions", found: Int(h[0]), readable: Int(Self.stateVersion))
    }
    let raw = try unsafe snapshot.section("slots")
    guard h[1] == Int64(MemoryLayout<Slot>.stride), h[7] == wheel.tickMilliseconds, h[2] >= 1, h[2] <= Int64(slotMax),
      raw.count == Int(h[2]) * MemoryLayout<Slot>.stride
    else { throw StateError.size("sessions/slots", raw.count) }
    unsafe UnsafeMutableRawPointer(slots).copyMemory(from: raw.baseAddress!, byteCount: raw.count)
    top = UInt32(h[2])
    freeSlot = UInt32(h[3])
    restoreCounters(h)
    let heads = try snapshot.values("timers", of: UInt32.self)
    guard heads.count == TimerWheel.bucketCount else { throw StateError.size("sessions/timers", heads.count * 4) }
    for (i, v) in heads.enumerated() { unsafe wheel.heads[i] = v }
    ended.restore(try snapshot.values("recently-ended", of: Int64.self))
    try program.restore(from: snapshot)
    rebuildIndex()
  }

  /// Every live slot that no other one calls its older sibling heads a chain.
  private mutating func rebuildIndex() {
    var isOlder = [Bool](repeating: false, count: Int(top))
    var heads = 0
    for id in 1..<Int(max(top, 1)) where unsafe slots[id].ordinal != 0 {
      heads += 1
      if unsafe slots[id].older != 0 { unsafe isOlder[Int(slots[id].older)] = true }
    }
    index.deallocate()
    index = HashIndex(minimumCapacity: heads)
    for id in 1..<Int(max(top, 1)) where unsafe slots[id].ordinal != 0 && !isOlder[id] {
      unsafe index.insert(hash: slots[id].hash, slot: UInt32(id))
    }
  }
}
