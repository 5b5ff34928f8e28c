import EventFormats
import FlatMemory
import Reports

/// When a session first reached cart, checkout and purchase: three delays after its start in a slab record that only
/// sessions with such an event have. Order of arrival does not matter: the earliest of each is kept.
enum FunnelSteps {
  static let byteCount = 12
  static let none = UInt32.max
}

extension LogSessionProgram {
  @inline(__always)
  private func delays(_ a: UnsafeMutablePointer<Aggregate>) -> UnsafeMutablePointer<UInt32> {
    UnsafeMutableRawPointer(slab.pointer(a.pointee.steps)).assumingMemoryBound(to: UInt32.self)
  }

  /// Notes a cart, checkout or purchase event.
  @inline(never)
  mutating func noteStep(_ a: UnsafeMutablePointer<Aggregate>, _ e: UnsafePointer<LogEvent>, start: Int64) {
    if a.pointee.steps == 0 {
      a.pointee.steps = slab.allocate(byteCount: FunnelSteps.byteCount)
      delays(a).update(repeating: FunnelSteps.none, count: 3)
    }
    let k = Int(e.pointee.eventClass.rawValue) - Int(EventClass.cart.rawValue)
    let d = UInt32(clamping: min(e.pointee.time &- start, Int64(FunnelSteps.none - 1)))
    if d < delays(a)[k] { delays(a)[k] = d }
  }
  /// The session's start went back.
  func moveSteps(_ a: UnsafeMutablePointer<Aggregate>, by milliseconds: Int64) {
    let p = delays(a)
    for k in 0..<3 where p[k] != FunnelSteps.none {
      p[k] = UInt32(clamping: min(Int64(p[k]) + milliseconds, Int64(FunnelSteps.none - 1)))
    }
  }
  mutating func mergeSteps(
    _ x: UnsafeMutablePointer<Aggregate>, _ xStart: Int64, _ y: UnsafeMutablePointer<Aggregate>, _ yStart: Int64
  ) {
    guard y.pointee.steps != 0 else { return }
    moveSteps(y, by: yStart &- xStart)
    if x.pointee.steps == 0 {
      swap(&x.pointee.steps, &y.pointee.steps)
      return
    }
    let p = delays(x)
    let q = delays(y)
    for k in 0..<3 { p[k] = min(p[k], q[k]) }
  }
  func readSteps(_ a: UnsafeMutablePointer<Aggregate>, into row: inout SessionRow) {
    guard a.pointee.steps != 0 else { return }
    let p = delays(a)
    (row.cartDelayMilliseconds, row.checkoutDelayMilliseconds, row.purchaseDelayMilliseconds) = (p[0], p[1], p[2])
  }
}
