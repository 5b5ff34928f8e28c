import EventFormats
import FlatMemory
import Foundation
import Testing

/// Random lines against Foundation's parser: every field of every line, whatever its order, spacing, escapes and
/// neighbours, in blocks of any size.
@Suite struct JSONLinesRandomTests {
  private static let junk = [
    "null", "true", "12.5e3", "-7", "[]", "{}", #"[1,[2,{"a":"]}"}],"\\\""]"#,
    #"{"x":{"user_id":"no","y":["{","}"]}}"#, #""plain""#, #""q\"uo\\te""#, #""""#, "false", "0", #"{"url":"no"}"#,
  ]
  private static let pieces = [
    "a", "b", "1", ",", "\"", "\\", "\n", "\r", "\t", "/", "é", "漢", "😀", " ", "{", "}", "[", ":", "\u{1}",
  ]

  private struct Line {
    var text: String
    var pairs: [(key: String, value: String)]
  }

  private static func text(_ g: inout SeededGenerator, _ n: Int) -> String {
    (0..<n).map { _ in pieces[g.below(pieces.count)] }.joined()
  }

  /// A JSON string, with or without more escapes than it needs.
  private static func string(_ text: String, escaped: Bool) -> String {
    var s = "\""
    for u in text.unicodeScalars {
      switch u {
      case "\"", "\\": s += "\\\(u)"
      case "\n": s += "\\n"
      case "\r": s += "\\r"
      case "\t": s += "\\t"
      default:
        if u.value < 32 || (escaped && u.value > 96) {
          for unit in String(u).utf16 {
            s += "\\u" + String(repeating: "0", count: 4 - String(unit, radix: 16).count) + String(unit, radix: 16)
          }
        } else {
          s.unicodeScalars.append(u)
        }
      }
    }
    return s + "\""
  }

  private static func line(_ g: inout SeededGenerator, _ i: Int) -> String {
    let regular = g.chance(60)
    let escaped = !regular && g.chance(50)
    let time = 1_767_225_600_000 + Int64(i) * 977
    func value(_ regularValue: String, _ others: [Int]) -> String {
      if regular { return string(regularValue, escaped: false) }
      if g.chance(15) { return "null" }
      return string(text(&g, others[g.below(others.count)]), escaped: g.chance(30))
    }
    let user = g.chance(70) ? "u\(i)" : "\(i)-" + text(&g, [3, 6, 9, 14, 15, 16, 17, 30, 90][g.below(9)])
    var pairs: [(String, String)] = [
      ("timestamp", string(isoText(time), escaped: escaped)), ("user_id", string(user, escaped: escaped)),
      ("event", value(["view", "purchase", "click"][g.below(3)], [0, 1, 8])),
      ("item_id", value("p\(i % 50)", [0, 2, 20])),
      ("url", value("https://x/p/\(i)", [0, 5, 70, 200, 500])), ("referrer", value("", [0, 3])),
    ]
    if !regular {
      for _ in 0..<g.below(4) {
        let keys = ["a", "k\"ey", "User_id", "urls", String(repeating: "n", count: 40), "page"]
        pairs.insert((keys[g.below(keys.count)], junk[g.below(junk.count)]), at: g.below(pairs.count + 1))
      }
      if g.chance(30) {
        pairs.insert(("page", "{\"ref\":\(string(text(&g, 4), escaped: false)),\"n\":1}"), at: g.below(pairs.count))
      }
      if g.chance(40) { pairs.shuffle(using: &g) }
      pairs.removeAll { !["timestamp", "user_id"].contains($0.0) && g.chance(10) }
    }
    let space = regular ? "" : ["", " ", "\t  "][g.below(3)]
    let members = pairs.map { "\(string($0.0, escaped: escaped))\(space):\(space)\($0.1)" }.joined(
      separator: ",\(space)")
    return "{\(space)\(members)\(space)}" + (g.chance(10) ? "\r" : "")
  }

  private static func isoText(_ time: Int64) -> String {
    let date = Date(timeIntervalSince1970: Double(time) / 1000)
    var style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
    style.timeZone = .gmt
    return date.formatted(style)
  }

  /// A line that must be rejected, with the reason.
  private static func brokenLine(_ g: inout SeededGenerator) -> (String, String) {
    let good = line(&g, 1)
    switch g.below(8) {
    case 0: return ("{", "malformed-json")
    case 1: return ("{\"user_id\":\"x\"}", "missing-time")
    case 2: return ("{\"timestamp\":\"2026-13-01T00:00:00.000Z\",\"user_id\":\"z\"}", "unreadable-time")
    case 3: return ("{\"timestamp\":\"2026-01-01T00:00:00.000Z\",\"user_id\":null}", "missing-user")
    case 4:
      return ("{\"timestamp\":\"2026-01-01T00:0a:00.000Z\",\"user_id\":\"bad\",\"event\":\"view\"}", "unreadable-time")
    case 5: return (good.trimmingCharacters(in: ["\r"]) + "x", "malformed-json")
    case 6: return (String(good.dropLast(good.hasSuffix("\r") ? 2 : 1)), "malformed-json")
    default: return ("[1]", "malformed-json")
    }
  }

  @Test(arguments: [1 << 20, 4096, 700])
  func agreesWithFoundation(blockByteCount: Int) throws {
    var g = SeededGenerator(seed: newSeed("agreesWithFoundation(\(blockByteCount))"))
    var plan = shopPlan
    plan.fields[.referrer] = "page.ref"
    var lines: [String] = []
    var wanted: [DecodedEvent] = []
    var reasons: [String] = []
    var offset = 0
    for i in 0..<3000 {
      if g.chance(8) {
        let (text, reason) = Self.brokenLine(&g)
        lines.append(text)
        reasons.append(reason)
      } else if g.chance(3) {
        lines.append([" ", "", "\r"][g.below(3)])
      } else {
        let text = Self.line(&g, i)
        lines.append(text)
        wanted.append(try reference(text, at: offset))
      }
      offset += lines[lines.count - 1].utf8.count + 1
    }
    let result = decode(lines.joined(separator: "\n"), plan, blockByteCount: blockByteCount)
    #expect(result.reasons == reasons)
    #expect(result.events.count == wanted.count)
    for (got, want) in zip(result.events, wanted) where got != want {
      Issue.record("got \(got)\nwant \(want)")
      break
    }
  }

  private func reference(_ line: String, at offset: Int) throws -> DecodedEvent {
    let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    func text(_ value: Any?) -> String? {
      switch value {
      case let s as String: s
      default: nil
      }
    }
    var e = DecodedEvent()
    e.offset = offset
    let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
    let date = try style.parse(try #require(text(object["timestamp"])))
    e.time = Int64((date.timeIntervalSince1970 * 1000).rounded())
    e.user = try #require(text(object["user_id"]))
    e.url = text(object["url"]) ?? ""
    e.referrer = text((object["page"] as? [String: Any])?["ref"]) ?? ""
    e.event = text(object["event"]) ?? ""
    e.eventClass = e.event == "view" || e.event.isEmpty ? .view : e.event == "purchase" ? .purchase : .other
    e.hasItem = !(text(object["item_id"]) ?? "").isEmpty
    if e.hasItem { e.item = fingerprint(try #require(text(object["item_id"]))) }
    return e
  }

  private func fingerprint(_ text: String) -> UInt32 {
    let bytes = Array(text.utf8)
    let f = unsafe (bytes + [UInt8](repeating: 0, count: bytePadding)).withUnsafeBufferPointer {
      unsafe UInt32(truncatingIfNeeded: hashBytes($0.baseAddress!, bytes.count) >> 32)
    }
    return f == 0 ? 1 : f
  }
}
