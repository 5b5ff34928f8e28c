/// What kind of site a referrer or a campaign source is. Stored by raw value in snapshots: never renumber.
enum SiteKind: UInt8 {
  case other, search, social, video, shopping, mail, own
}

/// The well-known sites behind the channel rules: search engines, social networks, video and shopping sites, web mail.
///
/// A name without a dot stands for that second-level name under any public suffix ("google": google.com, google.co.uk);
/// one with a dot for that domain and everything below it. The source reported for a search engine is its name.
enum ReferrerSites {
  private static let search = """
    google bing yahoo duckduckgo baidu yandex ecosia qwant startpage ask aol naver daum sogou so.com seznam \
    brave.com search.brave.com swisscows mojeek dogpile excite lycos metager presearch kagi.com you.com rambler \
    coccoc petalsearch haosou onet.pl search.ch t-online webcrawler info.com gibiru ecosia.org alltheweb altavista \
    lilo.org virgilio sapo conduit babylon avg.com incredimail search-results cnn.com/search msn.com exalead biglobe \
    so-net goo.ne.jp auone lukol searx oceanhero neeva yep.com com.google.android.googlequicksearchbox \
    r.search.yahoo.com search.yahoo.com duck.com search.marginalia.nu
    """
  private static let social = """
    facebook fb.com fb.me m.me instagram twitter t.co x.com linkedin lnkd.in pinterest pin.it reddit redd.it tiktok \
    snapchat whatsapp wa.me telegram t.me vk.com vkontakte ok.ru odnoklassniki weibo weixin wechat qzone douban renren \
    quora tumblr medium.com mastodon threads.net bsky.app discord discordapp slack.com messenger.com line.me \
    plus.google.com plus.url.google.com news.ycombinator.com ycombinator.com lobste.rs stackoverflow stackexchange \
    superuser.com serverfault.com stumbleupon digg delicious meetup xing viadeo mixi ameblo hatena kakao flickr \
    deviantart goodreads livejournal disqus gab.com parler minds.com myspace nextdoor orkut foursquare yelp \
    tripadvisor producthunt github.com gist.github.com dev.to hackernews glassdoor blogspot wordpress.com \
    com.linkedin.android com.facebook.katana com.twitter.android com.reddit.frontpage com.slack feedly.com \
    dzone sharechat clubhouse plurk taringa badoo tagged hi5 skyrock substack
    """
  private static let video = """
    youtube youtu.be vimeo dailymotion twitch netflix hulu disneyplus iqiyi youku bilibili wistia ted.com rumble \
    crackle viki veoh metacafe niconico nicovideo com.google.android.youtube curiositystream
    """
  private static let shopping = """
    amazon ebay etsy walmart target.com aliexpress alibaba taobao tmall jd.com rakuten shopify shopping.com bestbuy \
    costco wayfair zalando mercadolibre mercadolivre flipkart shopee lazada idealo pricegrabber shopzilla nextag \
    kelkoo ceneo allegro bol.com cdiscount otto.de homedepot shop.app igshopping shopping.google.com stripe wish.com \
    temu shein
    """
  private static let mail = """
    mail.google.com mail.yahoo.com outlook.live.com outlook.office.com outlook.office365.com hotmail.com mail.live.com \
    mail.aol.com mail.ru e.mail.ru mail.yandex.ru mail.yandex.com gmx.net gmx.com mail.proton.me mail.protonmail.com \
    mail.zoho.com webmail.t-online.de email.t-online.de web.de icloud.com mail.qq.com mail.163.com deref-gmx.net \
    deref-mail.com com.google.android.gm
    """

  /// Names of search engines told by another name than their host's, and sources as campaigns spell them.
  private static let aliases: [String: (SiteKind, String)] = [
    "com.google.android.googlequicksearchbox": (.search, "google"), "duck.com": (.search, "duckduckgo"),
    "so.com": (.search, "360.cn"), "t.co": (.social, "t.co"), "fb": (.social, "fb"), "ig": (.social, "ig"),
    "yt": (.video, "yt"), "adwords": (.search, "adwords"), "googleads": (.search, "googleads"),
  ]

  private static let known: [String: SiteKind] = {
    var table: [String: SiteKind] = [:]
    for (kind, list) in [
      (SiteKind.search, search), (.social, social), (.video, video), (.shopping, shopping), (.mail, mail),
    ] {
      for name in list.split(whereSeparator: \.isWhitespace) { table[String(name)] = kind }
    }
    return table
  }()

  /// Classifies a host (lower case, no port): its kind, and for a search engine the engine's name, else the host.
  static func classify(host: String) -> (kind: SiteKind, source: String) {
    if let alias = aliases[host] { return alias }
    let labels = host.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    for i in labels.indices {
      let suffix = labels[i...].joined(separator: ".")
      if suffix.contains("."), let kind = known[suffix] {
        return (kind, kind == .search ? engineName(suffix) : host)
      }
      // a bare name counts when a public suffix of one label, or of two such as "co.uk", follows
      let after = labels.count - i - 1
      guard after == 1 || (after == 2 && labels[i + 1].utf8.count <= 3) else { continue }
      if let kind = known[labels[i]] { return (kind, kind == .search ? labels[i] : host) }
    }
    return (.other, host)
  }

  private static func engineName(_ domain: String) -> String {
    let labels = domain.split(separator: ".")
    return labels.count >= 2 ? String(labels[labels.count - 2]) : domain
  }

  /// Classifies a campaign's source, which may be a bare name ("facebook") or a host.
  static func classify(source: String) -> SiteKind {
    if let alias = aliases[source] { return alias.0 }
    if let kind = known[source] { return kind }
    return source.contains(".") ? classify(host: source).kind : .other
  }
}
