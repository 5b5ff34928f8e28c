// Turns a click log into visits: clicks of one user belong together until half an hour passes without any.
//
//   $ swift run --package-path tools/examples sessionization Fixtures/clickstream.ndjson
//
// Reads a file to its end and prints a line for each visit when it is over. Clicks may be up to an hour out of order.
import Foundation
import StreamCore

struct Click: Codable, Sendable {
  var timestamp: String
  var user: String
  var url: String
  enum CodingKeys: String, CodingKey {
    case timestamp, url
    case user = "user_id"
  }

  var time: Date {
    (try? Date(timestamp, strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: true))) ?? .distantPast
  }
}
/// What is kept of a visit: its size does not depend on the number of clicks.
struct Visit: Codable, Sendable {
  var clicks = 0
  var entry = ""
  var exit = ""
}

guard let path = CommandLine.arguments.dropFirst().first else {
  print("usage: sessionization FILE")
  exit(64)
}
let context = StreamingContext()
let lines = context.textFile(path).decodedJSON(as: Click.self)
lines.malformed.forEach(name: "malformed") { FileHandle.standardError.write(Data("malformed, \($0)\n".utf8)) }
let clicks = lines.elements.withWatermark(delayMilliseconds: 3_600_000) { $0.time }

let visits = clicks.keyed { $0.user }
  .windowed(by: .session(gapMilliseconds: 1_800_000), name: "visits")
  .aggregate(startingWith: Visit()) { visit, click in
    visit.clicks += 1
    if visit.clicks == 1 { visit.entry = click.url }
    visit.exit = click.url
  } merge: { earlier, later in
    earlier.clicks += later.clicks
    earlier.exit = later.exit
  }

visits.results.forEach(name: "visits") { user, visit in
  let minutes = (visit.window.end - visit.window.start - 1_800_000) / 60_000
  print("\(user): \(visit.value.clicks) clicks in \(minutes) min, from \(visit.value.entry) to \(visit.value.exit)")
}
context.runOrExit()
