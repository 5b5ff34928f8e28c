import EventFormats

/// A moment on the command line: an ISO 8601 date or time (UTC unless it says otherwise), or Unix seconds or
/// milliseconds, told apart by their size.
struct Instant: Equatable, Sendable {
  /// Since 1970 UTC.
  var milliseconds: Int64

  /// Throws an ``ArgumentProblem`` when it is no moment.
  init(argument: String) throws {
    guard let time = eventTime(of: argument) else {
      throw ArgumentProblem(
        "a time is wanted: 2026-01-31, 2026-01-31T09:30:00Z, 2026-01-31T09:30+01:00, Unix seconds or milliseconds")
    }
    milliseconds = time
  }
}
