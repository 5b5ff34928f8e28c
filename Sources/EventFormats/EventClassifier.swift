import FlatMemory

/// Event names to their class. Case, `-`, `_`, `.` and spaces do not matter: `Add to cart` is `add_to_cart`.
///
/// Guarantees: the same name always gives the same class. Cost: 2–3 ns for a name seen lately (a small table on the
/// hash of its bytes), some 100 ns otherwise. The owner calls ``deallocate()``.
struct EventClassifier {
  private struct Entry {
    /// Of the name; 0: nothing here.
    var hash: UInt64 = 0
    var eventClass = EventClass.other
  }
  private static let entryCount = 256
  private static let probesMax = 8
  private let entries: UnsafeMutablePointer<Entry>

  init() {
    entries = .allocate(capacity: EventClassifier.entryCount)
    entries.initialize(repeating: Entry(), count: EventClassifier.entryCount)
  }
  func deallocate() { entries.deallocate() }

  @inline(__always)
  func classify(_ p: UnsafePointer<UInt8>, _ n: Int) -> EventClass {
    let hash = hashBytes(p, n)
    let home = Int(truncatingIfNeeded: hash) & (EventClassifier.entryCount &- 1)
    if entries[home].hash == hash, hash != 0 { return entries[home].eventClass }
    return classifyInFull(p, n, hash, home)
  }

  /// Looks further from home; a new name takes the first free place, or the home of another.
  @inline(never)
  private func classifyInFull(_ p: UnsafePointer<UInt8>, _ n: Int, _ hash: UInt64, _ home: Int) -> EventClass {
    var place = home
    for probe in 0..<EventClassifier.probesMax {
      let i = (home + probe) & (EventClassifier.entryCount - 1)
      if entries[i].hash == hash, hash != 0 { return entries[i].eventClass }
      if entries[i].hash == 0 {
        place = i
        break
      }
    }
    let text = String(decoding: UnsafeBufferPointer(start: p, count: min(n, 255)), as: UTF8.self)
    let eventClass = EventClassifier.eventClass(normalizedName: EventClassifier.normalized(text))
    entries[place] = Entry(hash: hash, eventClass: eventClass)
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
