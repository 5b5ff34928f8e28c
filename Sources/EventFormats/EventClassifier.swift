import FlatMemory

/// Event names to their class. Case, `-`, `_`, `.` and spaces do not matter: `Add to cart` is `add_to_cart`.
///
/// Guarantees: the same name always gives the same class. Cost: 2–3 ns for a name seen lately (a small table on the
/// hash of its bytes), some 100 ns otherwise. The owner calls ``deallocate()``.
@safe struct EventClassifier {
  private struct Entry {
    /// Of the name; where there is none, one that would not be looked for here.
    var hash: UInt64
    var eventClass = EventClass.other
    var isTaken = false
  }
  private static let entryCount = 256
  private static let probesMax = 8
  private let entries: UnsafeMutablePointer<Entry>

  init() {
    unsafe entries = .allocate(capacity: EventClassifier.entryCount)
    for i in 0..<EventClassifier.entryCount { unsafe (entries + i).initialize(to: Entry(hash: UInt64(i) ^ 1)) }
  }
  func deallocate() { unsafe entries.deallocate() }

  /// The class of a name, whose hash is ``hashBytes(_:_:)``.
  @inline(__always)
  func classify(_ p: UnsafePointer<UInt8>, _ n: Int, _ hash: UInt64) -> EventClass {
    let home = Int(truncatingIfNeeded: hash) & (EventClassifier.entryCount &- 1)
    if _fastPath(unsafe entries[home].hash == hash) { return unsafe entries[home].eventClass }
    return unsafe classifyInFull(p, n, hash, home)
  }

  /// Looks further from home; a new name takes the first free place, or the home of another.
  @inline(never)
  private func classifyInFull(_ p: UnsafePointer<UInt8>, _ n: Int, _ hash: UInt64, _ home: Int) -> EventClass {
    var place = home
    for probe in 0..<EventClassifier.probesMax {
      let i = (home + probe) & (EventClassifier.entryCount - 1)
      if unsafe !entries[i].isTaken {
        place = i
        break
      }
      if unsafe entries[i].hash == hash { return unsafe entries[i].eventClass }
    }
    let text = unsafe String(decoding: UnsafeBufferPointer(start: p, count: min(n, 255)), as: UTF8.self)
    let eventClass = EventClassifier.eventClass(normalizedName: EventClassifier.normalized(text))
    unsafe entries[place] = Entry(hash: hash, eventClass: eventClass, isTaken: true)
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
