/// Lines of a terminal page: headings, rows with bars, sparklines. Every character counts as one column.
struct TextPage {
  private let width: Int
  private let color: Bool
  private(set) var text = ""

  init(width: Int, color: Bool) {
    self.width = width
    self.color = color
  }

  private func styled(_ s: String, _ code: String) -> String { color ? "\u{1b}[\(code)m\(s)\u{1b}[0m" : s }
  private func bold(_ s: String) -> String { styled(s, "1") }
  private func dim(_ s: String) -> String { styled(s, "2") }
  private func accent(_ s: String) -> String { styled(s, "36") }

  /// Without control and formatting characters, which could drive the terminal, cut to `columns`.
  static func plain(_ s: String, _ columns: Int) -> String {
    var clean = String.UnicodeScalarView()
    for u in s.unicodeScalars {
      switch u.properties.generalCategory {
      case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate: clean.append("?")
      default: clean.append(u)
      }
    }
    let text = String(clean)
    return text.count <= columns ? text : String(text.prefix(max(columns - 1, 0))) + "…"
  }
  private static func padded(_ s: String, _ columns: Int) -> String {
    s + String(repeating: " ", count: max(0, columns - s.count))
  }
  private static func right(_ s: String, _ columns: Int) -> String {
    String(repeating: " ", count: max(0, columns - s.count)) + s
  }

  mutating func line(_ s: String) { text += Self.plain(s, width) + "\n" }
  mutating func heading(_ s: String) { text += bold(Self.plain(s, width)) + "\n" }

  /// Up to three labelled figures in columns.
  mutating func figures(_ pairs: [(String, String)]) {
    let column = min(width / 3, 32)
    var out = ""
    for (label, value) in pairs {
      let v = Self.plain(value, column - 3)
      let l = Self.plain(label, max(column - v.count - 2, 4))
      out += "  " + dim(l) + " " + accent(v) + String(repeating: " ", count: max(0, column - 3 - l.count - v.count))
    }
    text += out + "\n"
  }

  /// "label: a 1 · b 2", as many as fit.
  mutating func pairs(_ label: String, _ pairs: [(String, String)]) {
    var shown: [String] = []
    var columns = 13
    for (name, value) in pairs {
      let item = "\(Self.plain(name, 40)) \(value)"
      columns += item.count + 3
      if columns > width, !shown.isEmpty { break }
      shown.append(item)
    }
    let list = Self.plain(shown.joined(separator: " · "), width - 13)
    text += "  " + dim(Self.padded(label, 10)) + " " + list + "\n"
  }

  mutating func shares(_ label: String, _ b: SessionReport.Breakdown) {
    pairs(label, b.rows.prefix(6).map { ($0.name, ReportFormat.percent($0.share)) })
  }

  mutating func table(_ title: String, _ b: SessionReport.Breakdown, rows: Int) {
    heading(title)
    if b.rows.isEmpty {
      line("  none in this log")
      return
    }
    for r in b.rows.prefix(rows) {
      row(r.name, (r.missed > 0 ? "≥" : "") + ReportFormat.grouped(r.sessions), share: r.share)
    }
  }

  private func bar(_ share: Double, _ columns: Int) -> String {
    let eighths = Int((min(max(share, 0), 1) * Double(columns * 8)).rounded())
    let parts = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"]
    return Self.padded(String(repeating: "█", count: eighths / 8) + parts[eighths % 8], columns)
  }

  mutating func row(_ name: String, _ count: String, share: Double) {
    let barColumns = width >= 80 ? 20 : 10
    let nameColumns = width - barColumns - 24
    text += "  " + Self.padded(Self.plain(name, nameColumns), nameColumns) + Self.right(count, 12)
    text += Self.right(ReportFormat.percent(share), 8) + "  " + accent(bar(share, barColumns)) + "\n"
  }

  mutating func bar(_ name: String, share: Double, _ count: String, _ remark: String) {
    let barColumns = width >= 80 ? 20 : 10
    text += "  " + Self.padded(Self.plain(name, 9), 9) + " " + accent(bar(share, barColumns))
    text += Self.right(count, 12) + "  " + dim(Self.plain(remark, max(width - barColumns - 26, 0))) + "\n"
  }

  private static let levels: [Character] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"]

  /// A line of blocks, neighbours added up where there are more values than columns.
  mutating func sparkline(_ values: [Int]) {
    let perColumn = (values.count + width - 3) / (width - 2)
    let sums = stride(from: 0, to: values.count, by: max(perColumn, 1)).map {
      values[$0..<min($0 + max(perColumn, 1), values.count)].reduce(0, +)
    }
    text += "  " + accent(Self.blocks(sums)) + "\n"
  }

  private static func blocks(_ values: [Int]) -> String {
    let top = max(values.max() ?? 0, 1)
    return String(values.map { $0 == 0 ? " " : levels[min($0 * 8 / top, 7)] })
  }

  mutating func sparklineWithLabels(_ bins: [(String, Int)]) {
    let total = bins.reduce(0) { $0 + $1.1 }
    let largest = bins.enumerated().max { $0.element.1 < $1.element.1 }
    let most = largest.map {
      let share = Double($0.element.1) / Double(max(total, 1))
      return "most: \($0.element.0) (\(ReportFormat.percent(share)))"
    }
    let line = bins.first.map { "\($0.0) " } ?? ""
    let blocks = bins.map { Self.blocks([$0.1, largest?.element.1 ?? 1]).prefix(1) }.joined()
    text += "  " + dim(line) + accent(blocks) + dim(" \(bins.last?.0 ?? "")   \(most ?? "")") + "\n"
  }
}
