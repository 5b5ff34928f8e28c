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
    unsafe UnsafeMutableRawPointer(slab.pointer(a.pointee.steps)).assumingMemoryBound(to: UInt32.self)
  }

  /// Notes a cart, checkout or purchase event.
  @inline(never)
  mutating func noteStep(_ a: UnsafeMutablePointer<Aggregate>, _ e: UnsafePointer<LogEvent>, start: Int64) {
    if unsafe a.pointee.steps == 0 {
      unsafe a.pointee.steps = slab.allocate(byteCount: FunnelSteps.byteCount)
      unsafe delays(a).update(repeating: FunnelSteps.none, count: 3)
    }
    let k = unsafe Int(e.pointee.eventClass.rawValue) - Int(EventClass.cart.rawValue)
    let d = unsafe UInt32(clamping: min(e.pointee.time &- start, Int64(FunnelSteps.none - 1)))
    if unsafe d < delays(a)[k] { unsafe delays(a)[k] = d }
  }
  /// The session's start went back.
  func moveSteps(_ a: UnsafeMutablePointer<Aggregate>, by milliseconds: Int64) {
    let p = unsafe delays(a)
    for k in 0..<3 where unsafe p[k] != FunnelSteps.none {
      unsafe p[k] = unsafe UInt32(clamping: min(Int64(p[k]) + milliseconds, Int64(FunnelSteps.none - 1)))
    }
  }
  mutating func mergeSteps(
    _ x: UnsafeMutablePointer<Aggregate>, _ xStart: Int64, _ y: UnsafeMutablePointer<Aggregate>, _ yStart: Int64
  ) {
    guard unsafe y.pointee.steps != 0 else { return }
    unsafe moveSteps(y, by: yStart &- xStart)
    if unsafe x.pointee.steps == 0 {
      unsafe swap(&x.pointee.steps, &y.pointee.steps)
      return
    }
    let p = unsafe delays(x)
    let q = unsafe delays(y)
    for k in 0..<3 { unsafe p[k] = unsafe min(p[k], q[k]) }
  }
  /// Without a branch: whether a session has steps cannot be foretold. Behind handle 0 lie readable bytes.
  @inline(__always)
  func readSteps(_ a: UnsafeMutablePointer<Aggregate>, into row: inout SessionRow) {
    let p = unsafe delays(a)
    let none = unsafe a.pointee.steps == 0 ? FunnelSteps.none : 0
    (row.cartDelayMilliseconds, row.checkoutDelayMilliseconds, row.purchaseDelayMilliseconds) = unsafe (
      p[0] | none, p[1] | none, p[2] | none
    )
  }
}
