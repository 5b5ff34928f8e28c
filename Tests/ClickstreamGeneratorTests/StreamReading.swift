import ClickstreamGenerator
import Foundation

/// What the tests read back from a line, with parsers of their own: strict, one format each.
struct ReadEvent: Hashable {
  var time: Int64
  var user: String
  var event: String
  var item: String
  var url: String
  var referrer: String
  var agent: String
  var value: String
}

func generate(_ options: ClickstreamOptions) throws -> (bytes: [UInt8], counts: ClickstreamGenerator.Counts) {
  var generator = try ClickstreamGenerator(options: options)
  var bytes: [UInt8] = []
  while generator.next(into: &bytes) {}
  return (bytes, generator.counts)
}

/// Lines without their newlines; the last line must have one.
func lines(_ bytes: [UInt8]) -> [ArraySlice<UInt8>] {
  var all = bytes.split(separator: 10, omittingEmptySubsequences: false)
  precondition(all.removeLast().isEmpty)
  return all
}

func precedes(_ a: ArraySlice<UInt8>, _ b: ArraySlice<UInt8>) -> Bool { a.lexicographicallyPrecedes(b) }

/// FNV-1a, 64 bits.
func digest(_ bytes: [UInt8]) -> UInt64 {
  bytes.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
}

func readJSON(_ line: ArraySlice<UInt8>) -> ReadEvent? {
  guard let any = try? JSONSerialization.jsonObject(with: Data(line)), let fields = any as? [String: Any],
    let text = fields["timestamp"] as? String, let time = isoMilliseconds(text),
    let user = fields["user_id"] as? String,
    let event = fields["event"] as? String, let url = fields["url"] as? String,
    let referrer = fields["referrer"] as? String, let agent = fields["user_agent"] as? String
  else { return nil }
  let value = (fields["value"] as? Double).map { String(format: "%.2f", $0) }
  return ReadEvent(
    time: time, user: user, event: event, item: fields["item_id"] as? String ?? "", url: url, referrer: referrer,
    agent: agent, value: value ?? "")
}

func readCSV(_ line: ArraySlice<UInt8>) -> ReadEvent? {
  guard let text = String(validating: line, as: UTF8.self) else { return nil }
  var fields = [""]
  var isQuoted = false
  for character in text {
    switch character {
    case "\"": isQuoted.toggle()
    case "," where !isQuoted: fields.append("")
    default: fields[fields.count - 1].append(character)
    }
  }
  guard !isQuoted, fields.count == 8, let time = isoMilliseconds(fields[0]) else { return nil }
  return ReadEvent(
    time: time, user: fields[1], event: fields[2], item: fields[3], url: fields[4], referrer: fields[5],
    agent: fields[6], value: fields[7])
}

/// The address is the user, the status the event, the size the value.
func readCombined(_ line: ArraySlice<UInt8>) -> ReadEvent? {
  let pattern =
    #/
    (\d+\.\d+\.\d+\.\d+)\ -\ -\ \[(\d\d)\/([A-Z][a-z]{2})\/(\d{4}):(\d\d:\d\d:\d\d)\ \+0000\]
    \ "(?:GET|POST)\ (\S+)\ HTTP\/1\.1"\ (\d{3})\ (\d+|-)\ "([^"]*)"\ "([^"]*)"
    /#
  guard let text = String(validating: line, as: UTF8.self), let match = text.wholeMatch(of: pattern) else { return nil }
  let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
  guard let month = months.firstIndex(of: String(match.3)) else { return nil }
  let two = month < 9 ? "0\(month + 1)" : "\(month + 1)"
  guard let time = isoMilliseconds("\(match.4)-\(two)-\(match.2)T\(match.5).000Z") else { return nil }
  return ReadEvent(
    time: time, user: String(match.1), event: String(match.7), item: "", url: String(match.6),
    referrer: match.9 == "-" ? "" : String(match.9), agent: String(match.10), value: String(match.8))
}

/// `2026-01-05T08:00:00.123Z`, exactly; counts days one by one.
func isoMilliseconds(_ text: String) -> Int64? {
  let bytes = Array(text.utf8)
  let shape = Array("0000-00-00T00:00:00.000Z".utf8)
  guard bytes.count == shape.count,
    zip(bytes, shape).allSatisfy({ $1 == 48 ? (48...57).contains($0) : $0 == $1 })
  else { return nil }
  func number(_ range: Range<Int>) -> Int { bytes[range].reduce(0) { $0 * 10 + Int($1) - 48 } }
  let (year, month, day) = (number(0..<4), number(5..<7), number(8..<10))
  let (hour, minute, second) = (number(11..<13), number(14..<16), number(17..<19))
  guard year >= 1970, (1...12).contains(month), hour < 24, minute < 60, second < 60 else { return nil }
  func isLeap(_ y: Int) -> Bool { y % 4 == 0 && (y % 100 != 0 || y % 400 == 0) }
  let monthDays = [31, isLeap(year) ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
  guard day >= 1, day <= monthDays[month - 1] else { return nil }
  var days = day - 1
  for y in 1970..<year { days += isLeap(y) ? 366 : 365 }
  for m in 0..<(month - 1) { days += monthDays[m] }
  return Int64(((days * 24 + hour) * 60 + minute) * 60 + second) * 1_000 + Int64(number(20..<23))
}
