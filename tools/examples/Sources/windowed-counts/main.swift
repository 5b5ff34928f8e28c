// Counts the views of each page by minute of event time, whatever the order in which the views arrive.
//
//   $ printf '12:00:05 /home\n12:01:10 /cart\n12:00:50 /home\n' | swift run --package-path tools/examples windowed-counts
//
// A view may arrive ten seconds of event time late and still be counted; one that comes when its minute has been given
// out is printed as late instead of being dropped.
import StreamCore

struct View: Codable, Sendable {
  var time: Int64  // milliseconds since midnight
  var page: String

  /// From a line such as `12:00:05 /home`; nil from any other.
  init?(_ line: String) {
    let parts = line.split(separator: " ")
    let clock = parts.first?.split(separator: ":").compactMap { Int64($0) } ?? []
    guard parts.count == 2, clock.count == 3 else { return nil }
    time = ((clock[0] * 60 + clock[1]) * 60 + clock[2]) * 1000
    page = String(parts[1])
  }
}
func clock(_ milliseconds: Int64) -> String {
  let seconds = milliseconds / 1000
  return [seconds / 3600, seconds / 60 % 60, seconds % 60].map { ($0 < 10 ? "0" : "") + "\($0)" }.joined(separator: ":")
}

let context = StreamingContext()
let views = context.standardInputLines()
  .compactMap { View($0) }
  .withWatermark(delayMilliseconds: 10_000) { $0.time }

let counts = views.keyed { $0.page }
  .windowed(by: .tumbling(milliseconds: 60_000), name: "views-per-minute")
  .count()

let rows = counts.results.map { page, count in
  "\(clock(count.window.start)) to \(clock(count.window.end)): \(page) \(count.value)"
}
let late = counts.late.map { page, view in "late: \(page) at \(clock(view.time))" }
rows.union(late).forEach(name: "rows") { print($0) }
context.runOrExit()
