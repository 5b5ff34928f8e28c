import FlatMemory

/// Event names to their class. Case, `-`, `_`, `.` and spaces do not matter: `Add to cart` is `add_to_cart`.
///
/// Guarantees: the same name always gives the same class. Cost: 2–3 ns for a name seen lately (a direct-mapped
/// cache on the hash of its bytes), some 100 ns otherwise. The owner calls ``deallocate()``.
struct EventClassifier {
  private struct Entry {
    var hash: UInt64
    var eventClass: EventClass
  }
  private static let entryCount = 256
  private let entries: UnsafeMutablePointer<Entry>

  init() {
    entries = .allocate(capacity: EventClassifier.entryCount)
    // an entry at i is valid when its hash belongs at i: no hash of position 1 is 0
    entries.initialize(repeating: Entry(hash: 1, eventClass: .other), count: EventClassifier.entryCount)
    entries[1].hash = 0
  }
  func deallocate() { entries.deallocate() }

  @inline(__always)
  func classify(_ p: UnsafePointer<UInt8>, _ n: Int) -> EventClass {
    let hash = hashBytes(p, n)
    let i = Int(truncatingIfNeeded: hash) & (EventClassifier.entryCount &- 1)
    if entries[i].hash == hash { return entries[i].eventClass }
    return classifyInFull(p, n, hash, i)
  }

  @inline(never)
  private func classifyInFull(_ p: UnsafePointer<UInt8>, _ n: Int, _ hash: UInt64, _ i: Int) -> EventClass {
    let name = EventClassifier.normalized(
      String(decoding: UnsafeBufferPointer(start: p, count: min(n, 255)), as: UTF8.self))
    let eventClass = EventClassifier.eventClass(normalizedName: name)
    entries[i] = Entry(hash: hash, eventClass: eventClass)
    return eventClass
  }

  static func normalized(_ name: String) -> String {
    String(name.lowercased().filter { $0 != "-" && $0 != "_" && $0 != " " && $0 != "." })
  }

  static func eventClass(normalizedName name: String) -> EventClass {
    switch name {
    case "view", "views", "pageview", "page", "pageviews", "pageload", "pagevisit", "visit", "screen", "screenview",
      "productview", "viewproduct", "productviewed", "viewitem", "itemview", "viewitemlist", "viewcategory",
      "viewcontent", "$pageview", "$screen", "impression":
      .view
    case "cart", "addtocart", "addcart", "cartadd", "productadded", "addedtocart", "additemtocart", "basket",
      "addtobasket":
      .cart
    case "checkout", "begincheckout", "checkoutstarted", "initiatecheckout", "startcheckout", "checkoutstart":
      .checkout
    case "purchase", "purchased", "order", "ordercompleted", "orderplaced", "ordercomplete", "placeorder",
      "transaction",
      "buy", "sale", "signup", "completeregistration", "conversion", "completepurchase", "checkoutcompleted",
      "subscribe":
      .purchase
    default: .other
    }
  }
}
