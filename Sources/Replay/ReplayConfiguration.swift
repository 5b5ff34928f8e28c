public import EventFormats
public import Sessions

/// A replay as data: what to read, how to group it, where to write. Everything the command line can say.
public struct ReplayConfiguration: Codable, Sendable, Equatable {
  /// Paths; `-` is standard input. Several inputs are several source partitions.
  public var inputs: [String] = ["-"]
  public var format = FormatOptions()
  public var gapMilliseconds: Int64 = 1_800_000
  public var boundary = GapBoundary.merge
  /// Longest session; nil: any.
  public var maxDurationMilliseconds: Int64?
  /// Most events in a session; nil: any.
  public var maxEvents: Int?
  /// Time zone whose midnights end sessions; nil: none do.
  public var splitAtMidnightZone: String?
  public var splitOnCampaign = false
  /// How far the watermark trails the highest event time; nil: as the log's own order requires.
  public var watermarkDelayMilliseconds: Int64?
  public var allowedLatenessMilliseconds: Int64 = 0
  /// Events before / at or after these instants are left out.
  public var sinceMilliseconds: Int64?
  public var untilMilliseconds: Int64?
  /// 0: as fast as possible.
  public var speed = 0.0
  /// 0: one a core.
  public var threads = 0
  /// Bytes of input per micro-batch. Results do not depend on it.
  public var blockByteCount = 1 << 20
  /// One row a session, CSV or NDJSON by extension (`.zst` compresses); nil: none.
  public var sessionsPath: String?
  /// `.html`, `.json` or text by extension; nil: none.
  public var reportPath: String?
  public var deadLettersPath: String?
  /// Highest share of malformed lines in percent; nil: half of the first 1,000 lines.
  public var maxBadPercent: Double?
  public var checkpointDirectory: String?
  public var checkpointIntervalMilliseconds: Int64 = 10_000
  public var isFresh = false

  public init() {}

  /// Where a job's description keeps the delay that was chosen for it; not compared.
  static let chosenDelayKey = "~watermark-delay"

  /// The parameters that results depend on, for recognising the job of a checkpoint.
  func jobDescription(plans: [DecodingPlan]) -> [String: String] {
    var d: [String: String] = [:]
    d["gap"] = "\(gapMilliseconds) ms"
    d["gap-boundary"] = boundary.rawValue
    d["max-duration"] = maxDurationMilliseconds.map { "\($0) ms" } ?? "none"
    d["max-events"] = maxEvents.map { "\($0)" } ?? "none"
    d["split-at-midnight"] = splitAtMidnightZone ?? "no"
    d["split-on-campaign"] = splitOnCampaign ? "yes" : "no"
    d["watermark-delay"] = watermarkDelayMilliseconds.map { "\($0) ms" } ?? "auto"
    d["allowed-lateness"] = "\(allowedLatenessMilliseconds) ms"
    d["since"] = sinceMilliseconds.map { "\($0) ms" } ?? "the beginning"
    d["until"] = untilMilliseconds.map { "\($0) ms" } ?? "the end"
    d["sessions"] = sessionsPath ?? "none"
    d["dead-letters"] = deadLettersPath ?? "none"
    for (i, p) in plans.enumerated() {
      d["format of input \(i + 1)"] = p.summary
    }
    return d
  }
}

extension DecodingPlan {
  /// The plan in a line: format, fields, time.
  var summary: String {
    let names = FieldRole.allCases.compactMap { role in fields[role].map { "\(role.rawValue)=\($0)" } }
    return "\(format.rawValue) (\((names + [timeFormat.rawValue]).joined(separator: ", ")))"
  }
}
