/// How figures are written for people: the same in the terminal and in HTML, in no locale but this one.
public enum ReportFormat {
  /// "1,234,567".
  public static func grouped(_ n: Int) -> String {
    let digits = Array(String(n.magnitude).utf8)
    var out: [UInt8] = n < 0 ? [45] : []
    for (i, d) in digits.enumerated() {
      if i > 0, (digits.count - i) % 3 == 0 { out.append(44) }
      out.append(d)
    }
    return String(decoding: out, as: UTF8.self)
  }

  /// One or two decimals, rounded half up.
  static func decimal(_ v: Double, places: Int) -> String {
    var scale = 1
    for _ in 0..<places { scale *= 10 }
    guard v.magnitude < 9e15 / Double(scale) else { return grouped(Int(clamping: Int64(max(min(v, 9e18), -9e18)))) }
    let scaled = Int((v.magnitude * Double(scale)).rounded())
    let fraction = String(scaled % scale)
    let tail = places == 0 ? "" : "." + String(repeating: "0", count: places - fraction.count) + fraction
    return (v < 0 && scaled > 0 ? "-" : "") + grouped(scaled / scale) + tail
  }

  /// "12.3%"; "<0.1%" for what is not quite nothing.
  static func percent(_ ratio: Double) -> String {
    if ratio > 0, ratio < 0.0005 { return "<0.1%" }
    if ratio < 1, ratio >= 0.9995 { return ">99.9%" }
    return decimal(ratio * 100, places: 1) + "%"
  }

  /// "850 ms", "12.3 s", "4 min 05 s", "2 h 03 min", "3 d 4 h".
  static func duration(_ milliseconds: Int) -> String {
    func two(_ n: Int) -> String { n < 10 ? "0\(n)" : "\(n)" }
    if milliseconds < 1000 { return "\(milliseconds) ms" }
    if milliseconds < 59_950 { return decimal(Double(milliseconds) / 1000, places: 1) + " s" }
    let seconds = (milliseconds + 500) / 1000
    if seconds < 3600 { return "\(seconds / 60) min \(two(seconds % 60)) s" }
    if seconds < 86_400 { return "\(seconds / 3600) h \(two(seconds / 60 % 60)) min" }
    return "\(grouped(seconds / 86_400)) d \(seconds / 3600 % 24) h"
  }

  /// "1.2 GB", in powers of 1000.
  static func bytes(_ n: Int) -> String {
    var v = Double(n)
    for unit in ["bytes", "KB", "MB", "GB", "TB"] {
      if v < 1000 || unit == "TB" { return unit == "bytes" ? "\(n) bytes" : decimal(v, places: 1) + " " + unit }
      v /= 1000
    }
    return "\(n) bytes"
  }

  /// "2026-01-31 09:30" of an ISO 8601 text.
  static func minute(_ timestamp: String) -> String {
    String(timestamp.prefix(16)).replacing("T", with: " ")
  }

  /// What buckets and widths are called.
  static func width(_ milliseconds: Int64) -> String {
    let units: [(Int64, String)] = [
      (604_800_000, "week"), (86_400_000, "day"), (3_600_000, "hour"), (60_000, "minute"),
    ]
    for (size, name) in units where milliseconds % size == 0 {
      let n = milliseconds / size
      return n == 1 ? name : "\(n) \(name)s"
    }
    return duration(Int(milliseconds))
  }
}
