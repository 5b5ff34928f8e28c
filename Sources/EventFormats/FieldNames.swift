/// The usual names of each role's field, the likeliest first.
///
/// Names are compared without case and without `_`, `-`, `.`, `@` and spaces: `eventTime`, `event_time` and
/// `event.time` are one name.
enum FieldNames {
  static func usual(_ role: FieldRole) -> [String] {
    switch role {
    case .time:
      [
        "timestamp", "ts", "time", "event_time", "event_timestamp", "datetime", "date_time", "date", "created_at",
        "timestamp_unix", "unix_timestamp", "timestamp_ms", "time_ms", "occurred_at", "server_time", "received_at",
        "sent_at", "collector_tstamp", "derived_tstamp", "time_local", "time_iso8601", "epoch", "t",
      ]
    case .user:
      [
        "user_id", "user", "uuid", "visitor_id", "visitor", "client_id", "anonymous_id", "distinct_id", "customer_id",
        "user_pseudo_id", "domain_userid", "device_id", "account_id", "member_id", "uid", "username", "cookie_id",
        "remote_addr", "client_ip", "ip", "session_id", "session",
      ]
    case .item:
      [
        "item_id", "product_id", "item", "product", "sku", "content_id", "article_id", "reference", "video_id",
        "song_id",
        "asin",
      ]
    case .event:
      ["event", "event_type", "event_name", "action", "action_type", "type", "behavior", "behavior_type"]
    case .url:
      ["url", "page_url", "page_location", "page", "page_path", "path", "uri", "request_uri", "request", "href"]
    case .referrer: ["referrer", "referer", "page_referrer", "http_referer", "ref"]
    case .userAgent: ["user_agent", "http_user_agent", "useragent", "ua", "agent"]
    case .value: ["value", "price", "amount", "revenue", "total"]
    }
  }

  static func normalized(_ name: String) -> String {
    String(name.lowercased().filter { !"_-.@ $\u{feff}\"".contains($0) })
  }
}

/// The name most like a mistyped one, if any is: at most a third of its letters differ.
func closestName(to name: String, among names: [String]) -> String? {
  let wanted = Array(FieldNames.normalized(name))
  var best: (name: String, distance: Int)?
  for candidate in names {
    let letters = Array(FieldNames.normalized(candidate))
    let limit = max(wanted.count, letters.count) / 3
    let distance = editDistance(wanted, letters)
    if distance <= limit, distance < best?.distance ?? .max { best = (candidate, distance) }
  }
  return best?.name
}

/// Insertions, deletions, replacements and swaps of neighbours that turn a into b (optimal string alignment).
func editDistance(_ a: [Character], _ b: [Character]) -> Int {
  var beforeLast = [Int](repeating: 0, count: b.count + 1)
  var last = Array(0...b.count)
  for i in 0..<a.count {
    var row = [i + 1]
    for j in 0..<b.count {
      var d = min(last[j + 1] + 1, row[j] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
      if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { d = min(d, beforeLast[j - 1] + 1) }
      row.append(d)
    }
    (beforeLast, last) = (last, row)
  }
  return last[b.count]
}
