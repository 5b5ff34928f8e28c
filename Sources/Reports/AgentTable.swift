/// Kinds of device a user agent tells. Stored by raw value in snapshots: never renumber.
enum DeviceKind: UInt8, CaseIterable {
  case unknown, desktop, phone, tablet, television, console, bot
  var name: String {
    ["Unknown", "Desktop", "Phone", "Tablet", "TV", "Game console", "Bot"][Int(rawValue)]
  }
}

/// Operating systems. Stored by raw value in snapshots: never renumber.
enum OperatingSystem: UInt8, CaseIterable {
  case unknown, windows, macOS, linux, chromeOS, android, iOS, iPadOS, windowsPhone, harmonyOS, kaiOS, bsd
  case television, console
  var name: String {
    [
      "Unknown", "Windows", "macOS", "Linux", "ChromeOS", "Android", "iOS", "iPadOS", "Windows Phone", "HarmonyOS",
      "KaiOS", "BSD", "TV system", "Console system",
    ][Int(rawValue)]
  }
}

/// Browsers. Stored by raw value in snapshots: never renumber.
enum Browser: UInt8, CaseIterable {
  case unknown, chrome, safari, firefox, edge, opera, samsung, internetExplorer, yandex, uc, vivaldi, brave, duckDuckGo
  case silk, whale, qq, huawei, xiaomi, androidWebView, facebookApp, instagramApp, otherApp, androidBrowser, text
  var name: String {
    [
      "Unknown", "Chrome", "Safari", "Firefox", "Edge", "Opera", "Samsung Internet", "Internet Explorer",
      "Yandex Browser", "UC Browser", "Vivaldi", "Brave", "DuckDuckGo", "Silk", "Whale", "QQ Browser",
      "Huawei Browser", "Mi Browser", "Android WebView", "Facebook app", "Instagram app", "Other app",
      "Android Browser", "Text browser",
    ][Int(rawValue)]
  }
}

/// Why a session counts as a bot's. Stored by raw value in snapshots: never renumber.
enum BotReason: UInt8, CaseIterable {
  case none, searchEngine, artificialIntelligence, seo, preview, monitoring, feed, library, headless, scanner, generic
  case rate
  var name: String {
    [
      "Not a bot", "Search engine crawler", "AI crawler or assistant", "SEO and marketing crawler", "Link preview",
      "Uptime and speed monitor", "Feed reader", "HTTP library or script", "Headless browser", "Security scanner",
      "Calls itself a bot", "More than 100 events at over one a second",
    ][Int(rawValue)]
  }
}

/// The words that classify user agents: lower case, one table a question, first match in table order wins.
/// A word matches where the byte before it is no letter or digit; a leading "*" lets it match inside a word.
/// Sources: the agents' own published documentation.
enum AgentTable {
  static let bots: [(BotReason, String)] = [
    (
      .searchEngine,
      """
      googlebot|adsbot-google|mediapartners-google|google-inspectiontool|apis-google|googleother|storebot-google|\
      google-read-aloud|google-site-verification|bingbot|msnbot|adidxbot|bingpreview|slurp|duckduckbot|baiduspider|\
      yandexbot|yandeximages|yandexmobilebot|yandexmetrika|yandexaccessibilitybot|yadirectfetcher|sogou web spider|\
      sogou|exabot|seznambot|petalbot|applebot|yeti|naverbot|qwantify|qwantbot|mojeekbot|coccocbot|ia_archiver|\
      archive.org_bot|heritrix|360spider|haosouspider|yisouspider|teoma|gigabot|daum|bravebot|kagibot|findxbot
      """
    ),
    (
      .artificialIntelligence,
      """
      gptbot|chatgpt-user|oai-searchbot|claudebot|claude-user|claude-searchbot|claude-web|anthropic-ai|perplexitybot|\
      perplexity-user|bytespider|ccbot|cohere-ai|diffbot|meta-externalagent|meta-externalfetcher|mistralai-user|\
      amazonbot|google-extended|timpibot|youbot|img2dataset|omgili|ai2bot|duckassistbot|imagesiftbot|tiktokspider
      """
    ),
    (
      .seo,
      """
      ahrefsbot|ahrefssiteaudit|semrushbot|siteauditbot|splitsignalbot|mj12bot|dotbot|rogerbot|screaming frog|blexbot|\
      dataforseobot|serpstatbot|barkrowler|linkdexbot|megaindex|seokicks|sistrix|awariobot|seobilitybot|moatbot|\
      proximic|grapeshot|ias_crawler|admantx|brandwatch|brandverity|mauibot|turnitinbot|trendictionbot|zoominfobot
      """
    ),
    (
      .preview,
      """
      facebookexternalhit|facebookcatalog|facebot|twitterbot|linkedinbot|pinterestbot|pinterest/0|slackbot|\
      slack-imgproxy|telegrambot|whatsapp|discordbot|skypeuripreview|redditbot|embedly|vkshare|bitlybot|mastodon|\
      quora link preview|google-pagerenderer|viber|iframely|snapchat/url|line-poker|kakaotalk-scrap|bluesky cardyb
      """
    ),
    (
      .monitoring,
      """
      uptimerobot|pingdom|statuscake|site24x7|newrelicpinger|datadogsynthetics|datadog|check_http|zabbix|gtmetrix|\
      chrome-lighthouse|google page speed|pagespeed|better uptime|better stack|freshping|catchpoint|\
      elb-healthchecker|kube-probe|googlehc|uptime-kuma|amazon-route53-health-check-service|hetrixtools|nodeping|\
      updown.io|montastic|ghostinspector|rigor|ptst/|webpagetest|prometheus|blackbox exporter|cloudflare-healthchecks
      """
    ),
    (
      .feed,
      """
      feedfetcher-google|feedly|feedburner|newsblur|inoreader|tiny tiny rss|feedbin|bloglines|universalfeedparser|\
      netnewswire|feedvalidator|feeddemon|feedwrangler|rss-spider|simplepie|magpierss|freshrss|miniflux|theoldreader|\
      apple-pubsub|rome client|akregator|liferea|netvibes|windows-rss-platform|livejournal.com|newsgatoronline|wp.com
      """
    ),
    (
      .headless,
      "headlesschrome|phantomjs|slimerjs|puppeteer|playwright|selenium|cypress|splash|htmlunit|zombie.js|casperjs"
    ),
    (
      .scanner,
      """
      nikto|sqlmap|nmap|masscan|zgrab|nessus|openvas|acunetix|wpscan|dirbuster|gobuster|nuclei|censysinspect|\
      expanse|netcraft|netcraftsurveyagent|l9explore|internet-measurement|morfeus|zmeu|jorgee|whatweb|wappalyzer|\
      paloaltonetworks|shodan|netsystemsresearch|securitytrails|qualys|arachni|w3af|fuzz faster u fool|feroxbuster
      """
    ),
    (
      .library,
      """
      curl/|libcurl|wget|python-requests|python-urllib|python/|python|aiohttp|httpx|scrapy|go-http-client|java/|java|\
      apache-httpclient|apache-httpasyncclient|jakarta|okhttp|axios|node-fetch|node.js|undici|got (|got/|\
      libwww-perl|lwp-trivial|lwp::simple|lwp-request|perl|ruby|typhoeus|faraday|rest-client|mechanize|guzzlehttp|php/|\
      php-curl|symfony|winhttp|httpie|postmanruntime|insomnia|powershell|windowspowershell|reqwest|hyper/|ureq|\
      colly|fasthttp|dart/|http_request2|zend_http_client|snoopy|wordpress|httrack|webcopier|teleport pro|offline explorer|\
      sitesucker|aria2|lftp|microsoft url control|microsoft-cryptoapi|microsoft bits|apachebench|siege|jmeter|\
      k6/|vegeta|hey/|wrk/|locust|restsharp|http.rb|http-client|async-http-client|swift-nio|alamofire-test
      """
    ),
    (.generic, "*crawler|*spider|*crawl|*scraper|*scrape|*archiver|*fetcher|*validator|*checker|+http|*@"),
  ]

  static let browsers: [(Browser, String)] = [
    (.facebookApp, "fban/|fbav/|fb_iab"), (.instagramApp, "instagram"),
    (.otherApp, "bytedancewebview|musical_ly|snapchat|pinterest|linkedinapp|twitter for|micromessenger|line/|gsa/"),
    (.edge, "edg/|edge/|edga/|edgios/"), (.samsung, "samsungbrowser"), (.opera, "opr/|opera|opios/|opt/"),
    (.yandex, "yabrowser"), (.uc, "ucbrowser|ucweb"), (.vivaldi, "vivaldi"), (.brave, "brave"),
    (.duckDuckGo, "duckduckgo/|ddg/"), (.silk, "silk/"), (.whale, "whale/"), (.qq, "mqqbrowser|qqbrowser"),
    (.huawei, "huaweibrowser"), (.xiaomi, "miuibrowser|xiaomi/"),
    (.firefox, "firefox|fxios/|focus/|iceweasel|waterfox|palemoon|minefield"),
    (.androidWebView, "; wv)|wv)"), (.chrome, "chrome/|crios/|chromium"),
    (.internetExplorer, "msie|trident/"), (.text, "lynx|links|elinks|w3m|dillo"),
    (.androidBrowser, "android"), (.safari, "safari/|version/|applewebkit"),
    (.firefox, "seamonkey|gecko/"), (.safari, "konqueror|khtml"),
  ]

  static let systems: [(OperatingSystem, String)] = [
    (.windowsPhone, "windows phone|iemobile"), (.console, "playstation|xbox|nintendo"),
    (
      .television,
      "smart-tv|smarttv|smart_tv|appletv|apple tv|googletv|web0s|webos.tv|tizen|roku|netcast|hbbtv|crkey|bravia"
    ),
    (.harmonyOS, "harmonyos|openharmony|harmony"), (.kaiOS, "kaios"), (.android, "android"),
    (.iPadOS, "ipad"), (.iOS, "iphone|ipod|ios "), (.windows, "windows|win64|win32|win98|win95|winnt|win 9x"),
    (.chromeOS, "cros"), (.macOS, "macintosh|mac os x|mac_powerpc|macos|darwin"), (.bsd, "freebsd|openbsd|netbsd"),
    (.linux, "linux|ubuntu|fedora|debian|x11|sunos"),
  ]

  static let devices: [(DeviceKind, String)] = [
    (.console, "playstation|xbox|nintendo"),
    (
      .television,
      """
      smart-tv|smarttv|smart_tv|smart tv|appletv|apple tv|googletv|google tv|android tv|web0s|webos.tv|roku|netcast|\
      hbbtv|crkey|bravia|aft
      """
    ),
    (.tablet, "ipad|tablet|kindle|silk/|playbook|nexus 7|nexus 9|nexus 10|sm-t|sm-x|kf"),
    (.phone, "iphone|ipod|mobile|windows phone|iemobile|blackberry|bb10|opera mini|opera mobi|symbian|kaios|phone"),
    (.tablet, "android"),
    (.desktop, "windows|macintosh|mac os x|cros|x11|linux|win64|win32|win98|freebsd|openbsd|netbsd|ubuntu|sunos"),
  ]
}
