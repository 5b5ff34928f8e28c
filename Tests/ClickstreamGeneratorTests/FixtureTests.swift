import ClickstreamGenerator
import Foundation
import Testing

/// The files of Fixtures are what the generator writes, and what their README says.
@Suite struct FixtureTests {
  static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "Fixtures")

  @Test(arguments: [
    ("clickstream.ndjson", ClickstreamFormat.ndjson, 4_000), ("clickstream.csv", .csv, 2_000),
    ("access.log", .combined, 2_000),
  ])
  func theGeneratorWritesTheFixture(file: String, format: ClickstreamFormat, eventCount: Int) throws {
    var options = ClickstreamOptions()
    (options.seed, options.format, options.eventCount) = (7, format, eventCount)
    options.startMilliseconds = 1_767_571_200_000
    options.durationMilliseconds = 21 * 86_400_000
    (options.visitorCount, options.itemCount, options.botShare) = (500, 150, 0.08)
    (options.outOfOrderShare, options.outOfOrderMaxMilliseconds) = (0.03, 900_000)
    (options.duplicateShare, options.malformedShare) = (0.005, 0.003)
    let (bytes, counts) = try generate(options)
    let file = try Data(contentsOf: FixtureTests.folder.appending(path: file))
    #expect(digest(Array(file)) == digest(bytes))
    let row =
      "| \(counts.events / 1_000),000 | \(counts.botEvents) | \(counts.delayed) | \(counts.duplicates) | \(counts.malformed) |"
    let readme = try String(contentsOf: FixtureTests.folder.appending(path: "README.md"), encoding: .utf8)
    #expect(readme.contains(row), "\(row)")
  }
}
