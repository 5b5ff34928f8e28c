import Testing

@testable import thalweg

/// The types of arguments: what is read, what is refused.
@Suite struct ArgumentTests {
  @Test(arguments: [
    ("0", 0), ("250ms", 250), ("90s", 90_000), ("30m", 1_800_000), ("1h30m", 5_400_000), ("1.5h", 5_400_000),
    ("60d", 5_184_000_000), ("2w", 1_209_600_000), ("1H 30M", 5_400_000), ("1m500ms", 60_500), ("0.5ms", 1),
  ])
  func timeSpansAreRead(_ text: String, _ milliseconds: Int64) throws {
    #expect(try TimeSpan(argument: text).milliseconds == milliseconds)
  }

  @Test(arguments: [
    ("30", "a unit is missing"), ("1h30", "a unit is missing"), ("5x", "'x' is not a unit"), ("", "such as 30m"),
    ("m", "such as 30m"), ("1..2s", "such as 30m"), ("-5m", "such as 30m"), ("1e400s", "'e' is not a unit"),
    ("99999999999999w", "longer than"), ("inf", "such as 30m"),
  ])
  func timeSpansAreRefused(_ text: String, _ reason: String) {
    let problem = #expect(throws: ArgumentProblem.self) { try TimeSpan(argument: text) }
    #expect(problem?.description.contains(reason) == true, "\(problem?.description ?? "nothing")")
  }

  @Test(arguments: [0, 1, 999, 1000, 5_400_000, 86_400_000 * 400 + 1])
  func timeSpansAreWrittenAsTheyAreRead(_ milliseconds: Int64) throws {
    let span = TimeSpan(milliseconds: milliseconds)
    #expect(try TimeSpan(argument: span.description) == span)
  }

  @Test(arguments: [
    ("2026-01-31", 1_769_817_600_000), ("2026-01-31T09:30:00Z", 1_769_851_800_000),
    ("2026-01-31T09:30+01:00", 1_769_848_200_000), ("1769851800", 1_769_851_800_000),
    ("1769851800.25", 1_769_851_800_250), ("1769851800123", 1_769_851_800_123),
  ])
  func instantsAreRead(_ text: String, _ milliseconds: Int64) throws {
    #expect(try Instant(argument: text).milliseconds == milliseconds)
  }

  @Test(arguments: ["", "yesterday", "2026-02-30", "12", "2026-01-31T25:00Z", "1769851800x"])
  func instantsAreRefused(_ text: String) {
    #expect(throws: ArgumentProblem.self) { try Instant(argument: text) }
  }

  @Test(arguments: [("5%", 5), ("0", 0), ("0.5%", 0.5), ("100%", 100)])
  func percentagesAreRead(_ text: String, _ percent: Double) throws {
    #expect(try Percentage(argument: text).percent == percent)
  }

  @Test(arguments: ["5", "101%", "-1%", "%", "half", "nan%"])
  func percentagesAreRefused(_ text: String) {
    #expect(throws: ArgumentProblem.self) { try Percentage(argument: text) }
  }

  @Test(arguments: [("max", 0), ("1x", 1), ("60X", 60), ("0.5x", 0.5)])
  func speedsAreRead(_ text: String, _ factor: Double) throws {
    #expect(try ReplaySpeed(argument: text).factor == factor)
  }

  @Test(arguments: ["60", "x", "0x", "-1x", "infx", "fast"])
  func speedsAreRefused(_ text: String) {
    #expect(throws: ArgumentProblem.self) { try ReplaySpeed(argument: text) }
  }
}
