/// The shop's products: their popularity, category, number and price.
///
/// Guarantees: item 0 is the most popular; popularity is rank^-s. Numbers are a permutation of 1…count, so that they
/// do not tell the rank. Cost: 8 bytes an item.
struct Catalogue: Sendable {
  static let categoryNames = [
    "running-shoes", "jackets", "backpacks", "headphones", "coffee", "lamps", "desks", "bikes", "watches", "books",
    "games", "plants", "cookware", "towels", "cameras", "tents", "skincare", "toys", "chairs", "speakers", "sunglasses",
    "scarves", "tea", "pens",
  ]
  /// The usual price of a category, in whole units.
  private static let categoryPrices: [Double] = [
    85, 120, 70, 95, 14, 45, 240, 620, 150, 16, 42, 18, 60, 22, 480, 190, 24, 28, 130, 110, 75, 30, 9, 12,
  ]
  /// What is typed into the shop's search, percent-encoded.
  static let searchTerms = [
    "running+shoes", "rain+jacket", "laptop+backpack", "noise+cancelling+headphones", "espresso+beans", "desk+lamp",
    "standing+desk", "city+bike", "smart+watch", "travel+guide", "board+game", "monstera", "cast+iron+pan",
    "bath+towels", "mirrorless+camera", "2+person+tent", "sunscreen+spf+50", "wooden+train", "office+chair",
    "bluetooth+speaker", "polarized+sunglasses", "wool+scarf", "earl+grey", "fountain+pen", "caf%C3%A9+cr%C3%A8me",
    "gift", "sale", "waterproof", "kids+helmet", "red", "h%C3%A4ngematte", "size+42", "vegan", "50%25+off", "usb-c",
    "%E8%8C%B6", "repair+kit", "xl", "gift+card", "returns",
  ]

  let itemCount: Int
  let categoryCount: Int
  private let popularity: AliasTable
  private let numberFactor: Int
  private let seed: UInt64

  init(_ options: ClickstreamOptions) {
    itemCount = options.itemCount
    categoryCount = min(Catalogue.categoryNames.count, options.itemCount)
    seed = mixed(options.seed ^ 0xca7a)
    popularity = AliasTable(
      weights: (0..<options.itemCount).map { powerOf2(-options.zipfExponent * binaryLogarithm(Double($0 + 1))) })
    // near the golden ratio of the count, and without a common divisor with it: a permutation
    var factor = max(1, options.itemCount * 618 / 1000)
    while Catalogue.greatestCommonDivisor(factor, options.itemCount) != 1 { factor += 1 }
    numberFactor = factor
  }

  private static func greatestCommonDivisor(_ a: Int, _ b: Int) -> Int {
    var (a, b) = (a, b)
    while b != 0 { (a, b) = (b, a % b) }
    return a
  }

  /// Any item, by popularity.
  @inline(__always)
  func draw(_ random: inout RandomSource) -> Int { popularity.draw(&random) }

  /// An item of a category, by popularity: a draw from all, moved to the neighbouring rank that is of the category.
  @inline(__always)
  func draw(category: Int, _ random: inout RandomSource) -> Int {
    let rank = popularity.draw(&random)
    let moved = rank - rank % categoryCount + category
    return moved < itemCount ? moved : moved - categoryCount
  }

  @inline(__always)
  func category(_ item: Int) -> Int { item % categoryCount }

  /// The number shown for an item, 1…count.
  @inline(__always)
  func number(_ item: Int) -> Int { (item * numberFactor + itemCount / 3) % itemCount + 1 }

  /// A price that ends in 99 or 50, around the category's usual one.
  func priceHundredths(_ item: Int) -> Int {
    var random = RandomSource(seed: seed, stream: UInt64(item))
    let whole = random.logNormal(median: Catalogue.categoryPrices[category(item)], deviation: 0.5)
    return Int(max(whole, 2)) * 100 + (random.below(4) == 0 ? 50 : 99) - 100
  }
}
