/// A user agent and how common it is.
struct UserAgent: Sendable {
  /// Relative share of the visitors of its kind.
  let weight: Int
  let isPhone: Bool
  let text: String

  /// - Parameter line: weight, `phone`, `other` or `robot`, and the text, with a space between them.
  fileprivate init(line: Substring) {
    let parts = line.split(separator: " ", maxSplits: 2)
    (weight, isPhone, text) = (Int(parts[0]) ?? 0, parts[1] == "phone", String(parts[2]))
  }
}

/// The user agents of people, crawlers and the scraper.
///
/// Guarantees: no text holds a quote, a backslash or a control character, so all formats write them as they are.
enum UserAgents {
  /// What people browse with: desktops, phones, tablets, a television.
  static let people = list(
    """
    196 other Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 \
    Safari/537.36
    48 other Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 \
    Safari/537.36
    52 other Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 \
    Safari/537.36 Edg/143.0.0.0
    30 other Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:146.0) Gecko/20100101 Firefox/146.0
    8 other Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 \
    Safari/537.36 OPR/125.0.0.0
    52 other Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) \
    Version/26.1 Safari/605.1.15
    44 other Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) \
    Chrome/143.0.0.0 Safari/537.36
    10 other Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:146.0) Gecko/20100101 Firefox/146.0
    14 other Mozilla/5.0 (X11; Linux x86_64; rv:146.0) Gecko/20100101 Firefox/146.0
    12 other Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 \
    Safari/537.36
    6 other Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 \
    Safari/537.36
    158 phone Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) \
    Version/26.1 Mobile/15E148 Safari/604.1
    46 phone Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) \
    Version/18.5 Mobile/15E148 Safari/604.1
    24 phone Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) \
    CriOS/143.0.7499.38 Mobile/15E148 Safari/604.1
    14 phone Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) \
    Mobile/15E148 Instagram 408.0.0.22.75 (iPhone15,3; iOS 18_6; de_DE; de; scale=3.00; 1290x2796)
    172 phone Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Mobile \
    Safari/537.36
    38 phone Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/29.0 \
    Chrome/136.0.0.0 Mobile Safari/537.36
    10 phone Mozilla/5.0 (Android 15; Mobile; rv:146.0) Gecko/146.0 Firefox/146.0
    9 phone Mozilla/5.0 (Linux; Android 14; SM-A546B Build/UP1A.231005.007; wv) AppleWebKit/537.36 (KHTML, like \
    Gecko) Version/4.0 Chrome/143.0.7499.34 Mobile Safari/537.36
    30 other Mozilla/5.0 (iPad; CPU OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) \
    Version/26.1 Mobile/15E148 Safari/604.1
    17 other Mozilla/5.0 (Linux; Android 13; SM-X200) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 \
    Safari/537.36
    10 other Mozilla/5.0 (SMART-TV; Linux; Tizen 8.0) AppleWebKit/537.36 (KHTML, like Gecko) 120.0.6099.5/8.0 \
    TV Safari/537.36
    """)

  static let crawlers = list(
    """
    34 robot Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)
    14 robot Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X Build/MMB29P) AppleWebKit/537.36 (KHTML, like Gecko) \
    Chrome/143.0.7499.40 Mobile Safari/537.36 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)
    14 robot Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; bingbot/2.0; \
    +http://www.bing.com/bingbot.htm) Chrome/136.0.0.0 Safari/537.36
    9 robot Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)
    8 robot Mozilla/5.0 (compatible; SemrushBot/7~bl; +http://www.semrush.com/bot.html)
    7 robot Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.3; \
    +https://openai.com/gptbot)
    5 robot Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; ClaudeBot/1.0; \
    +claudebot@anthropic.com)
    4 robot Mozilla/5.0 (compatible; YandexBot/3.0; +http://yandex.com/bots)
    3 robot facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)
    2 robot Mozilla/5.0 (compatible; archive.org_bot +http://archive.org/details/archive.org_bot)
    """)

  /// An everyday browser: only its rate gives it away.
  static let scraper =
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"

  private static func list(_ lines: String) -> [UserAgent] {
    lines.split(separator: "\n").map { UserAgent(line: $0) }
  }

  /// People's, then crawlers', then the scraper's.
  static let allTexts = people.map(\.text) + crawlers.map(\.text) + [scraper]
  static let crawlerBase = people.count
  static let scraperIndex = people.count + crawlers.count
}
