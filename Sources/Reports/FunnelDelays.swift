/// The ordered funnel: session, cart, checkout, purchase.
///
/// A step counts when its first event is not before the previous step's first event. Delays between steps go to
/// histograms (relative error 1%).
/// Cost: 3 ns a session without a cart. Memory: 72 KB.
struct FunnelDelays: ~Copyable {
  private(set) var toCart: LogHistogram
  private(set) var cartToCheckout: LogHistogram
  private(set) var checkoutToPurchase: LogHistogram
  private(set) var toPurchase: LogHistogram

  init(in memory: inout ReportMemory) {
    toCart = LogHistogram(in: &memory)
    cartToCheckout = LogHistogram(in: &memory)
    checkoutToPurchase = LogHistogram(in: &memory)
    toPurchase = LogHistogram(in: &memory)
  }

  @inline(__always)
  mutating func add(_ row: UnsafePointer<SessionRow>, _ counters: borrowing SessionCounters) {
    let cart = unsafe row.pointee.cartDelayMilliseconds
    let checkout = unsafe row.pointee.checkoutDelayMilliseconds
    let purchase = unsafe row.pointee.purchaseDelayMilliseconds
    if checkout != SessionRow.none { counters.add(.anyCheckout, 1) }
    guard cart != SessionRow.none else { return }
    counters.add(.anyCart, 1)
    counters.add(.reachedCart, 1)
    toCart.add(Int64(cart))
    guard checkout != SessionRow.none, checkout >= cart else { return }
    counters.add(.reachedCheckout, 1)
    cartToCheckout.add(Int64(checkout &- cart))
    guard purchase != SessionRow.none, purchase >= checkout else { return }
    counters.add(.reachedPurchase, 1)
    checkoutToPurchase.add(Int64(purchase &- checkout))
    toPurchase.add(Int64(purchase))
  }

  func write(into w: inout StateWriter) {
    toCart.write(into: &w)
    cartToCheckout.write(into: &w)
    checkoutToPurchase.write(into: &w)
    toPurchase.write(into: &w)
  }
  mutating func read(from r: inout StateReader) throws {
    try toCart.read(from: &r)
    try cartToCheckout.read(from: &r)
    try checkoutToPurchase.read(from: &r)
    try toPurchase.read(from: &r)
  }
}
