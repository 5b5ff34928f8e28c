/// HTML with every text escaped on its way in.
struct HTMLPage {
  private(set) var text = ""

  /// Markup as it stands; never a text from the data.
  mutating func markup(_ s: String) { text += s }

  /// A text as HTML, safe in content and in quoted attributes.
  static func escaped(_ s: String) -> String {
    var out = String.UnicodeScalarView()
    for u in s.unicodeScalars {
      switch u {
      case "&": out.append(contentsOf: "&amp;".unicodeScalars)
      case "<": out.append(contentsOf: "&lt;".unicodeScalars)
      case ">": out.append(contentsOf: "&gt;".unicodeScalars)
      case "\"": out.append(contentsOf: "&quot;".unicodeScalars)
      case "'": out.append(contentsOf: "&#39;".unicodeScalars)
      case "\u{2028}", "\u{2029}": out.append(" ")
      // would turn the reading direction of what follows
      case "\u{202a}"..."\u{202e}", "\u{2066}"..."\u{2069}": out.append("\u{fffd}")
      default: out.append(u.value == 0 ? "\u{fffd}" : u)
      }
    }
    return String(out)
  }

  /// JSON that can stand inside a script element: no "<", "&", line separator or direction mark is left as it is.
  static func scriptSafe(json: String) -> String {
    var out = String.UnicodeScalarView()
    for u in json.unicodeScalars {
      switch u {
      case "<": out.append(contentsOf: "\\u003c".unicodeScalars)
      case ">": out.append(contentsOf: "\\u003e".unicodeScalars)
      case "&": out.append(contentsOf: "\\u0026".unicodeScalars)
      case "\u{2028}": out.append(contentsOf: "\\u2028".unicodeScalars)
      case "\u{2029}": out.append(contentsOf: "\\u2029".unicodeScalars)
      case "\u{202a}"..."\u{202e}", "\u{2066}"..."\u{2069}":
        out.append(contentsOf: "\\u\(String(u.value, radix: 16))".unicodeScalars)
      default: out.append(u)
      }
    }
    return String(out)
  }

  /// Everything before the content: policy, style, title with its remarks, the choice of colours.
  mutating func documentHead(_ title: String, _ remarks: [String]) {
    markup(
      """
      <!DOCTYPE html>
      <html lang="en" data-charts="0/0" data-errors="script did not run">
      <head>
      <meta charset="utf-8">
      <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; \
      script-src 'unsafe-inline'; img-src data:">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <meta name="robots" content="noindex">
      <title>\(Self.escaped(title))</title>
      <link rel="icon" href="data:,">
      <style>\(HTMLStyle.text)</style>
      </head>
      <body>
      <header><div>
      <h1>\(Self.escaped(title))</h1>

      """)
    markup("<p class=\"sub\">\(Self.escaped(remarks.joined(separator: " · ")))</p>\n</div>\n")
    markup("<div class=\"themes\" role=\"group\" aria-label=\"Colours\">")
    for (value, label) in [("auto", "Auto"), ("light", "Light"), ("dark", "Dark")] {
      markup("<button type=\"button\" value=\"\(value)\" aria-pressed=\"\(value == "auto")\">\(label)</button>")
    }
    markup("</div></header>\n<noscript><main><p class=\"empty\">Charts need scripts, which are switched off; ")
    markup("all tables below are complete.</p></main></noscript>\n")
  }

  mutating func figure(_ label: String, _ big: String, _ small: String) {
    markup("<div class=\"figure\"><dt>\(Self.escaped(label))</dt><dd class=\"big\" title=\"\(Self.escaped(big))\">")
    markup("\(Self.escaped(big))</dd><dd class=\"small\">\(Self.escaped(small))</dd></div>\n")
  }

  mutating func head(_ title: String, _ note: String) {
    markup("<div class=\"head\"><h3>\(Self.escaped(title))</h3>")
    if !note.isEmpty { markup("<p class=\"note\">\(Self.escaped(note))</p>") }
    markup("</div>\n")
  }

  mutating func chart(_ name: String, _ title: String, _ note: String, isWide: Bool = false) {
    markup("<section class=\"card\(isWide ? " wide" : "")\">\n")
    head(title, note)
    markup("<div class=\"chart\" data-chart=\"\(name)\"></div>\n</section>\n")
  }

  /// A table of shares with a bar behind each name; what lies beyond the eighth row is folded away by the script.
  mutating func table(
    _ id: String, _ title: String, column: String, _ note: String, _ b: SessionReport.Breakdown, empty: String
  ) {
    markup("<section class=\"card\">\n")
    head(title, note)
    if b.rows.isEmpty {
      markup("<p class=\"empty\">\(Self.escaped(empty))</p>\n</section>\n")
      return
    }
    let hasPurchases = b.rows.contains { $0.purchases > 0 }
    markup("<table class=\"bars\"><thead><tr><th scope=\"col\">\(Self.escaped(column))</th>")
    markup("<th scope=\"col\" class=\"n\">Sessions</th><th scope=\"col\" class=\"p share\">Share</th>")
    markup("<th scope=\"col\" class=\"p\">Bounce</th>")
    if hasPurchases { markup("<th scope=\"col\" class=\"p bought\" title=\"with a purchase\">Bought</th>") }
    markup("</tr></thead>\n<tbody>\n")
    let top = max(b.rows[0].share, 0.000001)
    for row in b.rows.prefix(8) { tableRow(row, top, hasPurchases) }
    markup("</tbody>\n")
    if b.rows.count > 8 {
      markup("<tbody id=\"\(id)-more\">\n")
      for row in b.rows.dropFirst(8) { tableRow(row, top, hasPurchases) }
      markup("</tbody></table>\n")
      let label = "Show \(b.rows.count - 8) more"
      markup("<button class=\"more\" type=\"button\" hidden aria-expanded=\"false\" aria-controls=\"\(id)-more\" ")
      markup("data-more=\"\(label)\">\(label)</button>\n")
    } else {
      markup("</table>\n")
    }
    tableRemarks(b)
    markup("</section>\n")
  }

  private mutating func tableRow(_ row: SessionReport.Breakdown.Row, _ top: Double, _ hasPurchases: Bool) {
    let name = Self.escaped(row.name)
    let details = (row.details ?? []).map(Self.escaped)
    let more = details.isEmpty ? "" : " <small>\(details.joined(separator: " · "))</small>"
    let width = ReportFormat.decimal(min(row.share / top, 1) * 100, places: 1)
    let title = ([name] + details).joined(separator: " · ")
    markup("<tr><td class=\"name\"><span class=\"bar\" style=\"width:\(width)%\"></span>")
    markup("<span class=\"text\" title=\"\(title)\">\(name)\(more)</span></td>")
    markup("<td class=\"n\">\(row.missed > 0 ? "≥ " : "")\(ReportFormat.grouped(row.sessions))</td>")
    markup("<td class=\"p weak share\">\(Self.escaped(ReportFormat.percent(row.share)))</td>")
    markup("<td class=\"p weak\">\(Self.escaped(ReportFormat.percent(row.bounceRate)))</td>")
    if hasPurchases {
      let rate = Double(row.purchases) / Double(max(row.sessions, 1))
      markup("<td class=\"p weak bought\">\(Self.escaped(ReportFormat.percent(rate)))</td>")
    }
    markup("</tr>\n")
  }

  private mutating func tableRemarks(_ b: SessionReport.Breakdown) {
    var remarks: [String] = []
    if b.other > 0 { remarks.append("\(ReportFormat.grouped(b.other)) sessions in rows not listed.") }
    if b.absent > 0 { remarks.append("\(ReportFormat.grouped(b.absent)) sessions without.") }
    if b.errorMax > 0 {
      remarks.append(
        "More distinct values than are tracked: rows with ≥ may lack up to "
          + "\(ReportFormat.grouped(b.errorMax)) sessions.")
    }
    if !remarks.isEmpty {
      markup("<p class=\"note\" style=\"margin-top:10px\">\(remarks.joined(separator: " "))</p>\n")
    }
  }

  /// A table of names, sessions and shares only.
  mutating func shares(_ rows: [SessionReport.Breakdown.Row]) {
    markup("<table class=\"bars\"><thead><tr><th scope=\"col\">Name</th><th scope=\"col\" class=\"n\">Sessions</th>")
    markup("<th scope=\"col\" class=\"p\">Share</th></tr></thead>\n<tbody>\n")
    let top = max(rows.first?.share ?? 0, 0.000001)
    for row in rows {
      let name = Self.escaped(row.name)
      let width = ReportFormat.decimal(min(row.share / top, 1) * 100, places: 1)
      markup("<tr><td class=\"name\"><span class=\"bar\" style=\"width:\(width)%\"></span>")
      markup("<span class=\"text\" title=\"\(name)\">\(name)</span></td>")
      markup("<td class=\"n\">\(ReportFormat.grouped(row.sessions))</td>")
      markup("<td class=\"p weak\">\(Self.escaped(ReportFormat.percent(row.share)))</td></tr>\n")
    }
    markup("</tbody></table>\n")
  }

  mutating func facts(_ pairs: [(String, String)]) {
    markup("<dl class=\"facts\">\n")
    for (label, value) in pairs {
      markup("<div><dt>\(Self.escaped(label))</dt><dd>\(Self.escaped(value))</dd></div>\n")
    }
    markup("</dl>\n")
  }
}
