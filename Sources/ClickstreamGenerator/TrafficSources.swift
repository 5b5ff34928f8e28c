/// Where a visit comes from: its referrer, its campaign, and the kinds of page it lands on.
struct TrafficSource: Sendable {
  /// Relative share of the visits of new and of returning visitors.
  let newWeight: Int
  let returningWeight: Int
  /// Index in ``TrafficSources/referrers``; nil: no referrer.
  let referrer: Int?
  /// Index in ``TrafficSources/campaignChannels``; nil: not from a campaign.
  let channel: Int?
  /// How often of 100 the visit lands on a category or on a product; else on the home page.
  let listingLandings: Int
  let productLandings: Int

  init(_ newWeight: Int, _ returningWeight: Int, _ referrer: Int?, _ channel: Int?, listing: Int, product: Int) {
    (self.newWeight, self.returningWeight, self.referrer, self.channel) = (
      newWeight, returningWeight, referrer, channel
    )
    (listingLandings, productLandings) = (listing, product)
  }
}

/// All sources, campaigns and referring sites.
enum TrafficSources {
  /// `utm_source` and `utm_medium`.
  static let campaignChannels: [(source: String, medium: String)] = [
    ("google", "cpc"), ("bing", "cpc"), ("facebook", "paid-social"), ("instagram", "paid-social"),
    ("newsletter", "email"), ("partner-blog", "affiliate"),
  ]
  /// `utm_campaign`: each channel runs one of them a week, in turn.
  static let campaignNames = ["new-season", "clearance", "members-week", "free-shipping"]

  /// The query that marks a landing, by channel and name.
  static var campaignQueries: [String] {
    campaignChannels.flatMap { channel in
      campaignNames.map { "utm_source=\(channel.source)&utm_medium=\(channel.medium)&utm_campaign=\($0)" }
    }
  }

  /// Index in ``campaignQueries`` of what a channel runs at a time.
  static func campaign(channel: Int, at time: Int64) -> Int {
    channel * campaignNames.count + Int((time / (7 * 86_400_000) + Int64(channel)) % Int64(campaignNames.count))
  }

  static let referrers = [
    "https://www.google.com/", "https://www.bing.com/", "https://duckduckgo.com/", "https://www.ecosia.org/",
    "https://www.facebook.com/", "https://l.instagram.com/", "https://t.co/", "https://www.reddit.com/",
    "https://www.pinterest.com/", "https://www.youtube.com/", "https://mail.google.com/", "https://outlook.live.com/",
    "https://gear-blog.example.org/best-of/shoes?page=2", "https://deals.example.net/today", "https://chatgpt.com/",
  ]

  static let all: [TrafficSource] = [
    TrafficSource(210, 420, nil, nil, listing: 10, product: 12),
    // organic search
    TrafficSource(250, 150, 0, nil, listing: 30, product: 45), TrafficSource(30, 20, 1, nil, listing: 30, product: 45),
    TrafficSource(22, 18, 2, nil, listing: 30, product: 45), TrafficSource(8, 6, 3, nil, listing: 30, product: 45),
    TrafficSource(14, 4, 14, nil, listing: 25, product: 65),
    // social
    TrafficSource(38, 12, 4, nil, listing: 20, product: 60), TrafficSource(34, 14, 5, nil, listing: 15, product: 70),
    TrafficSource(16, 6, 6, nil, listing: 10, product: 75), TrafficSource(18, 5, 7, nil, listing: 10, product: 80),
    TrafficSource(16, 8, 8, nil, listing: 25, product: 70), TrafficSource(12, 4, 9, nil, listing: 15, product: 70),
    // mail without a campaign, other sites
    TrafficSource(6, 20, 10, nil, listing: 20, product: 40), TrafficSource(3, 9, 11, nil, listing: 20, product: 40),
    TrafficSource(24, 8, 12, nil, listing: 35, product: 55), TrafficSource(14, 8, 13, nil, listing: 45, product: 45),
    // campaigns
    TrafficSource(110, 48, 0, 0, listing: 60, product: 30), TrafficSource(16, 8, 1, 1, listing: 60, product: 30),
    TrafficSource(52, 18, 4, 2, listing: 45, product: 40), TrafficSource(46, 20, 5, 3, listing: 40, product: 50),
    TrafficSource(20, 90, 10, 4, listing: 55, product: 25), TrafficSource(14, 60, nil, 4, listing: 55, product: 25),
    TrafficSource(20, 6, 12, 5, listing: 25, product: 70),
  ]
}
