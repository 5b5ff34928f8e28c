/// A page of the shop, or what stands in its place as a referrer.
struct Page: BitwiseCopyable, Sendable, Equatable {
  enum Kind: UInt8, BitwiseCopyable, Sendable {
    /// No referrer.
    case none
    /// Another site; `number` is its index in ``TrafficSources/referrers``.
    case external
    case home
    /// A category; `number` is its index, `detail` the page of the list, from 1.
    case listing
    /// Search results; `number` is the index of the term.
    case search
    /// `number` is the item.
    case product
    /// Putting an item in the cart; `number` is the item.
    case cart
    case checkout
    /// The page after a purchase.
    case confirmation
  }
  var kind: Kind = .none
  /// 0: no campaign; else 1 + its index in ``TrafficSources/campaignQueries``.
  var campaign: UInt8 = 0
  var detail: UInt16 = 0
  var number: UInt32 = 0
}

/// What a visitor did: the event's name.
enum Action: UInt8, BitwiseCopyable, Sendable, CaseIterable {
  case view, search, addtocart, checkout, purchase
}

/// One event before it is written: trivial, 56 bytes.
struct ClickEvent: BitwiseCopyable, Sendable {
  /// Milliseconds since 1970 UTC.
  var time: Int64
  var visitor: VisitorNumber
  /// Index in ``UserAgents``.
  var agent: UInt16
  var action: Action
  var page: Page
  var referrer: Page
  /// The item looked at or bought; ``noItem`` for none.
  var item: UInt32
  /// Of a purchase: the sum to pay in hundredths.
  var valueHundredths: UInt32

  static let noItem = UInt32.max

  /// What follows the last event of a stream.
  static let end = ClickEvent(
    time: .max, visitor: .scraper, agent: 0, action: .view, page: Page(), referrer: Page(), item: noItem,
    valueHundredths: 0)
  var isEnd: Bool { time == .max }

  /// A word that only depends on the event; for what is the same however often the event is written.
  var fingerprint: UInt64 {
    mixed(
      UInt64(bitPattern: time) ^ UInt64(visitor.rawValue) << 40 ^ UInt64(page.number) << 8 ^ UInt64(action.rawValue))
  }
}
