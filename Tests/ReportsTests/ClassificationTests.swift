import FlatMemory
import Testing

@testable import Reports

/// User agents, referrers and campaigns as they occur in the wild.
@Suite struct ClassificationTests {
  @Test(arguments: [
    (
      "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
      "Chrome", "Windows", "Desktop"
    ),
    (
      "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/125.0.0.0 Safari/537.36 Edg/125.0.2535.92",
      "Edge", "Windows", "Desktop"
    ),
    (
      "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4.1 Safari/605.1.15",
      "Safari", "macOS", "Desktop"
    ),
    ("Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:126.0) Gecko/20100101 Firefox/126.0", "Firefox", "Linux", "Desktop"),
    (
      "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
      "Safari", "iOS", "Phone"
    ),
    (
      "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/126.0.6478.35 Mobile/15E148 Safari/604.1",
      "Chrome", "iOS", "Phone"
    ),
    (
      "Mozilla/5.0 (iPad; CPU OS 16_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.6 Mobile/15E148 Safari/604.1",
      "Safari", "iPadOS", "Tablet"
    ),
    (
      "Mozilla/5.0 (Linux; Android 14; SM-S918B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/25.0 Chrome/121.0.0.0 Mobile Safari/537.36",
      "Samsung Internet", "Android", "Phone"
    ),
    (
      "Mozilla/5.0 (Linux; Android 13; SM-X710) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
      "Chrome", "Android", "Tablet"
    ),
    (
      "Mozilla/5.0 (Linux; Android 12; Pixel 6 Build/SD1A.210817.023; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/94.0.4606.71 Mobile Safari/537.36",
      "Android WebView", "Android", "Phone"
    ),
    (
      "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/125.0.0.0 Safari/537.36",
      "Chrome", "ChromeOS", "Desktop"
    ),
    (
      "Mozilla/5.0 (Windows NT 6.1; WOW64; Trident/7.0; rv:11.0) like Gecko", "Internet Explorer", "Windows", "Desktop"
    ),
    ("Opera/9.80 (Windows NT 6.1; U; en) Presto/2.8.131 Version/11.11", "Opera", "Windows", "Desktop"),
    (
      "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36 OPR/110.0.0.0",
      "Opera", "Windows", "Desktop"
    ),
    (
      "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 YaBrowser/24.4 Mobile Safari/537.36",
      "Yandex Browser", "Android", "Phone"
    ),
    (
      "Mozilla/5.0 (SMART-TV; LINUX; Tizen 7.0) AppleWebKit/537.36 (KHTML, like Gecko) 94.0.4606.31/7.0 TV Safari/537.36",
      "Safari", "TV system", "TV"
    ),
    (
      "Mozilla/5.0 (PlayStation; PlayStation 5/6.50) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.1 Safari/605.1.15",
      "Safari", "Console system", "Game console"
    ),
    (
      "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/21E219 [FBAN/FBIOS;FBAV/458.0]",
      "Facebook app", "iOS", "Phone"
    ),
    (
      "Mozilla/5.0 (Linux; Android 9; CUBOT_X18_Plus) AppleWebKit/537.36 Chrome/90.0 Mobile Safari/537.36", "Chrome",
      "Android", "Phone"
    ),
    ("Mozilla/5.0 (X11; FreeBSD amd64; rv:109.0) Gecko/20100101 Firefox/118.0", "Firefox", "BSD", "Desktop"),
  ]) func browsers(_ agent: String, _ browser: String, _ system: String, _ device: String) {
    let c = AgentClassifier.classify(agent)
    #expect(c.bot == .none, "\(agent)")
    #expect(c.browser.name == browser, "\(agent)")
    #expect(c.system.name == system, "\(agent)")
    #expect(c.device.name == device, "\(agent)")
  }

  @Test(arguments: [
    ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", BotReason.searchEngine),
    ("Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)", .searchEngine),
    ("Mozilla/5.0 (compatible; YandexBot/3.0; +http://yandex.com/bots)", .searchEngine),
    ("Mozilla/5.0 (compatible; Baiduspider/2.0; +http://www.baidu.com/search/spider.html)", .searchEngine),
    ("msnbot/2.0b (+http://search.msn.com/msnbot.htm)", .searchEngine),
    (
      "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)",
      .artificialIntelligence
    ),
    (
      "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; ClaudeBot/1.0; +claudebot@anthropic.com)",
      .artificialIntelligence
    ),
    (
      "Mozilla/5.0 (Linux; Android 5.0) AppleWebKit/537.36 (KHTML, like Gecko) Mobile Safari/537.36 (compatible; Bytespider)",
      .artificialIntelligence
    ),
    ("Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)", .seo),
    ("Mozilla/5.0 (compatible; SemrushBot/7~bl; +http://www.semrush.com/bot.html)", .seo),
    ("facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)", .preview),
    ("Twitterbot/1.0", .preview),
    ("WhatsApp/2.23.20.0", .preview),
    ("Mozilla/5.0+(compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)", .monitoring),
    ("kube-probe/1.29", .monitoring),
    ("Feedly/1.0 (+http://www.feedly.com/fetcher.html; 12 subscribers)", .feed),
    ("UniversalFeedParser/4.2-pre-314-svn +http://feedparser.org/", .feed),
    ("curl/8.5.0", .library),
    ("python-requests/2.31.0", .library),
    ("Go-http-client/2.0", .library),
    ("Wget/1.21.2", .library),
    ("Apache-HttpClient/4.5.13 (Java/11.0.18)", .library),
    (
      "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/125.0.0.0 Safari/537.36",
      .headless
    ),
    ("Mozilla/5.00 (Nikto/2.1.6) (Evasions:None) (Test:000001)", .scanner),
    ("Mozilla/5.0 zgrab/0.x", .scanner),
    ("ExampleBot/1.0", .generic),
    ("some-company crawler", .generic),
  ]) func bots(_ agent: String, _ reason: BotReason) {
    let c = AgentClassifier.classify(agent)
    #expect(c.bot == reason, "\(agent)")
    #expect(c.device == .bot, "\(agent)")
  }

  @Test func oddAgents() {
    for agent in ["", " ", "\u{0}", "bot", "ab", String(repeating: "x", count: 10_000)] {
      let c = AgentClassifier.classify(agent)
      #expect(c.bot == (agent == "bot" ? .generic : .none), "\(agent.prefix(9))")
    }
  }

  private func source(
    referrer: String?, entry: String = "https://shop.example.com/", siteHosts: [String] = []
  ) -> [String] {
    var s = SessionSpec()
    (s.entry, s.exit, s.referrer) = (entry, entry, referrer)
    var accumulator = SessionReportAccumulator(options: ReportOptions(siteHosts: siteHosts))
    SessionBatch([s]).forEachRow { accumulator.add($0, $1) }
    let report = accumulator.finish(quality: ReportQuality())
    let row = report.campaigns.rows[0]
    return [row.name] + row.details! + [report.channels.rows[0].name]
  }

  @Test(
    arguments: [
      (nil, ["(direct)", "(none)", "(not set)", "Direct"]),
      ("-", ["(direct)", "(none)", "(not set)", "Direct"]),
      ("https://www.google.com/", ["google", "organic", "(not set)", "Organic Search"]),
      ("https://www.google.co.uk/url?sa=t&q=shoes", ["google", "organic", "(not set)", "Organic Search"]),
      ("http://search.yahoo.com/search?p=x", ["yahoo", "organic", "(not set)", "Organic Search"]),
      ("https://duckduckgo.com/", ["duckduckgo", "organic", "(not set)", "Organic Search"]),
      ("android-app://com.google.android.googlequicksearchbox/", ["google", "organic", "(not set)", "Organic Search"]),
      ("https://mail.google.com/mail/u/0/", ["mail.google.com", "email", "(not set)", "Email"]),
      ("https://l.facebook.com/l.php?u=x", ["l.facebook.com", "referral", "(not set)", "Organic Social"]),
      ("https://t.co/abc", ["t.co", "referral", "(not set)", "Organic Social"]),
      ("https://www.linkedin.com/feed/", ["linkedin.com", "referral", "(not set)", "Organic Social"]),
      ("https://www.youtube.com/watch?v=1", ["youtube.com", "referral", "(not set)", "Organic Video"]),
      ("https://www.amazon.de/", ["amazon.de", "referral", "(not set)", "Organic Shopping"]),
      ("https://Blog.Example.ORG:8443/post", ["blog.example.org", "referral", "(not set)", "Referral"]),
      ("https://notgoogle.example/", ["notgoogle.example", "referral", "(not set)", "Referral"]),
      (
        "https://google.evil.example.com.attacker.net/",
        ["google.evil.example.com.attacker.net", "referral", "(not set)", "Referral"]
      ),
      ("https://user:secret@partner.example/", ["partner.example", "referral", "(not set)", "Referral"]),
      ("http://[2001:db8::1]:8080/", ["[2001:db8::1]", "referral", "(not set)", "Referral"]),
      ("https://shop.example.com/cart", ["(direct)", "(none)", "(not set)", "Direct"]),
      ("https://www.shop.example.com/cart", ["(direct)", "(none)", "(not set)", "Direct"]),
      ("https://example.com/", ["(direct)", "(none)", "(not set)", "Direct"]),
      ("/cart", ["(direct)", "(none)", "(not set)", "Direct"]),
    ] as [(String?, [String])]) func referrers(_ referrer: String?, _ expected: [String])
  {
    #expect(source(referrer: referrer) == expected, "\(referrer ?? "none")")
  }

  @Test func ownHostsOfALogWithBarePaths() {
    let expected = ["(direct)", "(none)", "(not set)", "Direct"]
    #expect(source(referrer: "http://www.example.com/a", entry: "/b", siteHosts: ["example.com"]) == expected)
    #expect(source(referrer: "http://shop.example.com/a", entry: "/b", siteHosts: ["WWW.example.com"]) == expected)
    #expect(source(referrer: "http://www.example.com/a", entry: "/b")[3] == "Referral")
  }

  @Test(arguments: [
    (
      "utm_source=newsletter&utm_medium=email&utm_campaign=spring%20sale",
      ["newsletter", "email", "spring sale", "Email"]
    ),
    ("utm_source=google&utm_medium=cpc&utm_campaign=brand", ["google", "cpc", "brand", "Paid Search"]),
    ("a=1&utm_campaign=x+y&utm_medium=CPC&utm_source=Bing", ["Bing", "CPC", "x y", "Paid Search"]),
    ("utm_source=facebook&utm_medium=paid_social", ["facebook", "paid_social", "(not set)", "Paid Social"]),
    ("utm_source=instagram.com&utm_medium=social", ["instagram.com", "social", "(not set)", "Organic Social"]),
    ("utm_source=youtube&utm_medium=cpv", ["youtube", "cpv", "(not set)", "Paid Video"]),
    ("utm_source=youtube&utm_medium=cpc", ["youtube", "cpc", "(not set)", "Paid Video"]),
    ("utm_source=partner&utm_medium=affiliate", ["partner", "affiliate", "(not set)", "Affiliates"]),
    ("utm_source=adnet&utm_medium=banner", ["adnet", "banner", "(not set)", "Display"]),
    ("utm_source=adnet&utm_medium=cpm", ["adnet", "cpm", "(not set)", "Display"]),
    ("utm_source=amazon&utm_medium=ppc", ["amazon", "ppc", "(not set)", "Paid Shopping"]),
    ("utm_source=x&utm_medium=web&utm_campaign=shop-week", ["x", "web", "shop-week", "Organic Shopping"]),
    ("utm_source=x&utm_medium=web&utm_campaign=workshops", ["x", "web", "workshops", "Unassigned"]),
    ("utm_source=x&utm_medium=cpc&utm_campaign=cross-network-1", ["x", "cpc", "cross-network-1", "Cross-network"]),
    ("utm_source=spotify&utm_medium=audio", ["spotify", "audio", "(not set)", "Audio"]),
    ("utm_source=sms", ["sms", "(not set)", "(not set)", "SMS"]),
    ("utm_source=app&utm_medium=push", ["app", "push", "(not set)", "Mobile Push"]),
    ("utm_source=firebase", ["firebase", "(not set)", "(not set)", "Mobile Push"]),
    ("utm_source=podcast&utm_medium=print", ["podcast", "print", "(not set)", "Unassigned"]),
    ("gclid=EAIaIQobChMI", ["google", "cpc", "(not set)", "Paid Search"]),
    ("msclkid=abc", ["bing", "cpc", "(not set)", "Paid Search"]),
    ("fbclid=IwAR0", ["facebook", "social", "(not set)", "Organic Social"]),
    ("ttclid=E.C.P", ["tiktok", "cpc", "(not set)", "Paid Social"]),
    ("li_fat_id=1", ["linkedin", "cpc", "(not set)", "Paid Social"]),
    ("mc_cid=abc", ["mailchimp", "email", "(not set)", "Email"]),
    ("utm_campaign=only&gclid=1", ["google", "cpc", "only", "Paid Search"]),
    ("gclid=&utm_source=&page=3", ["(direct)", "(none)", "(not set)", "Direct"]),
    ("agclid=1&xutm_source=a", ["(direct)", "(none)", "(not set)", "Direct"]),
  ]) func campaigns(_ query: String, _ expected: [String]) {
    #expect(source(referrer: nil, entry: "https://shop.example.com/p?\(query)#top") == expected, "\(query)")
  }

  @Test func campaignWinsOverReferrer() {
    let entry = "https://shop.example.com/?utm_source=partner"
    #expect(
      source(referrer: "https://www.google.com/", entry: entry) == ["partner", "(not set)", "(not set)", "Unassigned"])
    let named = "https://shop.example.com/?utm_campaign=x"
    #expect(source(referrer: "https://www.google.com/", entry: named) == ["google", "organic", "x", "Organic Search"])
  }

  @Test(arguments: [
    ("https://a.example/x/y?q=/z#f", "/x/y"), ("http://a.example", "/"), ("http://a.example?x=1", "/"),
    ("/p#a?b", "/p"),
    ("//cdn.example/z", "/z"), ("/a//b", "/a//b"), ("/?", "/"), ("p/q", "p/q"), ("/go?to=http://x.example/y", "/go"),
    ("/a:b://c", "/a:b://c"), ("app-scheme-of-some-length://h/p", "app-scheme-of-some-length://h/p"), ("?x=1", "/"),
    ("/0123456789abcdefghijklmnopqrstuvwxyz/0123456789?x", "/0123456789abcdefghijklmnopqrstuvwxyz/0123456789"),
  ]) func pages(_ url: String, _ expected: String) {
    var s = SessionSpec()
    (s.entry, s.exit) = (url, url + "")
    #expect(ReportExamples.report([s]).entryPages.rows.map(\.name) == [expected], "\(url)")
  }

  @Test func longPagesAreCutAtACharacter() {
    var s = SessionSpec()
    s.entry = "/" + String(repeating: "ä", count: 200)
    let name = ReportExamples.report([s]).entryPages.rows[0].name
    #expect(name.utf8.count <= PageURL.pageBytesMax && name.hasSuffix("ä…") && !name.contains("\u{fffd}"))
  }
}
