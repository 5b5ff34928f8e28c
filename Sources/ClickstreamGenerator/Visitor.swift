/// Who visits: people count from 0 in the order of their first visit; crawlers and the scraper have numbers above them.
struct VisitorNumber: RawRepresentable, BitwiseCopyable, Sendable, Equatable {
  var rawValue: UInt32

  static let botBase: UInt32 = 9_000_000
  /// Crawlers come from eight addresses per product.
  static let crawlerAddressCount = 8

  static func human(_ index: Int) -> VisitorNumber { VisitorNumber(rawValue: UInt32(index)) }
  static func crawler(agent: Int, address: Int) -> VisitorNumber {
    VisitorNumber(rawValue: botBase + 1 + UInt32(agent * crawlerAddressCount + address))
  }
  static let scraper = VisitorNumber(rawValue: botBase)

  var isBot: Bool { rawValue >= VisitorNumber.botBase }

  /// The four bytes of an IPv4 address, one for each visitor: people in 10.0.0.0/8, crawlers and the scraper in the
  /// blocks kept for documentation.
  var address: UInt32 {
    if self == .scraper { return 203 << 24 | 113 << 8 | 77 }
    if isBot { return 198 << 24 | 51 << 16 | 100 << 8 | (rawValue - VisitorNumber.botBase) & 0xff }
    // an odd factor permutes the 24 bits
    return 10 << 24 | (rawValue &* 0x9e_3779 &+ 0x01_0203) & 0xff_ffff
  }
}

/// What does not change about a person from visit to visit, derived from their number: nothing is stored.
struct Visitor: Sendable {
  private let traits: UInt64

  init(_ number: VisitorNumber, seed: UInt64) { traits = mixed(mixed(seed) ^ UInt64(number.rawValue)) }

  /// The word their user agent is picked with.
  var agentWord: UInt64 { mixed(traits ^ 0xa6e7) }

  /// Whether they tend to be on line at this hour (UTC) of this weekday (0: Monday): everybody has nine hours around a
  /// favourite one; three in ten keep to weekends, four in ten to working days.
  func isUsuallyOnline(hour: Int, weekday: Int) -> Bool {
    let favourite = Int(((traits & 0xffff) * 24) >> 16)
    let distance = (hour - favourite + 24) % 24
    if min(distance, 24 - distance) > 4 { return false }
    switch (traits >> 16) % 10 {
    case 0...2: return weekday >= 5
    case 3...6: return weekday < 5
    default: return true
    }
  }
}

/// The people seen so far and who of them comes back.
///
/// Guarantees: at most `visitorCount` people. Returning visitors are drawn with a bias to those first seen lately, among
/// them those whose habits fit the hour. Cost: constant memory.
struct VisitorPool: Sendable {
  private let seed: UInt64
  private let visitorCount: Int
  private let returnChance: Probability
  private(set) var seenCount = 0

  init(_ options: ClickstreamOptions) {
    (seed, visitorCount) = (options.seed, options.visitorCount)
    returnChance = Probability(options.returnShare)
  }

  /// The next visit's visitor, and whether they were there before.
  mutating func next(hour: Int, weekday: Int, _ random: inout RandomSource) -> (VisitorNumber, isReturning: Bool) {
    // while few have been seen, hardly anybody can come back
    let canReturn = random.below(seenCount + 100) < seenCount
    if seenCount < visitorCount, !canReturn || !random.chance(returnChance) {
      seenCount += 1
      return (.human(seenCount - 1), false)
    }
    var number = VisitorNumber.human(0)
    for _ in 0..<6 {
      let u = random.unit()
      number = .human(seenCount - 1 - min(seenCount - 1, Int(u * u * Double(seenCount))))
      if Visitor(number, seed: seed).isUsuallyOnline(hour: hour, weekday: weekday) { break }
    }
    return (number, true)
  }
}
