import Foundation
import Sessions

/// A combination of options that cannot be run.
public struct ReplayConfigurationError: Error, CustomStringConvertible, Equatable {
  public let description: String
  public init(_ description: String) { self.description = description }
}

extension ReplayConfiguration {
  func validate() throws {
    func refuse(_ text: String) throws -> Never { throw ReplayConfigurationError(text) }
    if inputs.isEmpty { try refuse("no input: name a file, or - for standard input") }
    if inputs.filter({ $0 == "-" }).count > 1 { try refuse("standard input (-) can be read only once") }
    if gapMilliseconds <= 0 { try refuse("--gap must be longer than 0") }
    if gapMilliseconds >= 1 << 32 { try refuse("--gap must be shorter than 49 days") }
    if let d = watermarkDelayMilliseconds, d < 0 { try refuse("--watermark-delay must not be negative") }
    if allowedLatenessMilliseconds < 0 { try refuse("--allowed-lateness must not be negative") }
    if let d = maxDurationMilliseconds, d <= 0 { try refuse("--max-duration must be longer than 0") }
    if let n = maxEvents, n <= 0 { try refuse("--max-events must be at least 1") }
    if let s = sinceMilliseconds, let u = untilMilliseconds, s >= u { try refuse("--since must be before --until") }
    if let p = maxBadPercent, !(p >= 0 && p <= 100) { try refuse("--max-bad must be between 0% and 100%") }
    if threads < 0 || threads > 1024 { try refuse("--threads must be between 0 (one a core) and 1024") }
    let outputs = [sessionsPath, reportPath, deadLettersPath].compactMap { $0 }
    // a device such as /dev/null takes any number of outputs; a file only one
    let places = outputs.filter { $0 == "-" || !PublishedFile.isStream($0) }.map(place)
    if Set(places).count != places.count { try refuse("two outputs have the same name") }
    let inputPlaces = Set(inputs.filter { $0 != "-" }.map(place))
    for o in outputs where o != "-" && !PublishedFile.isStream(o) && inputPlaces.contains(place(o)) {
      try refuse("'\(o)' is an input; choose another output")
    }
    _ = try dayBoundaries()
  }

  /// The file that a path leads to, however it is written.
  private func place(_ path: String) -> String {
    path == "-" ? path : URL(fileURLWithPath: path).standardizedFileURL.resolvingSymlinksInPath().path
  }

  func dayBoundaries() throws -> ZoneDays? {
    guard let zone = splitAtMidnightZone else { return nil }
    guard let days = ZoneDays(named: zone) else {
      throw ReplayConfigurationError("--split-at-midnight: there is no time zone '\(zone)'; try UTC or Europe/Berlin")
    }
    return days
  }
}
