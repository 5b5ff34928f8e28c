public import FlatMemory

/// Why a session ended. The raw values are stored in snapshots: never renumber.
public enum SessionEnd: UInt8, BitwiseCopyable, Sendable, Codable, CaseIterable {
  case gap = 0
  case maxDuration = 1
  case maxEvents = 2
  case midnight = 3
  case campaign = 4
  case endOfInput = 5
  case bot = 6

  /// The name written in the `ended_by` column.
  public var name: String {
    switch self {
    case .gap: "gap"
    case .maxDuration: "max-duration"
    case .maxEvents: "max-events"
    case .midnight: "midnight"
    case .campaign: "campaign"
    case .endOfInput: "end-of-input"
    case .bot: "bot"
    }
  }
}

/// One closed session: trivial, its texts in the byte arena that comes with the batch of rows
/// (``FlatMemory/bytePadding`` readable bytes behind every text).
public struct SessionRow: BitwiseCopyable, Sendable {
  /// Stable over runs and restarts.
  public var id: UInt64
  /// Hash of the user id, the basis of every sample by user.
  public var userHash: UInt64
  /// Time of the first and of the last event, milliseconds since 1970 UTC.
  public var start: Int64
  public var end: Int64
  /// The watermark at which the session became final; rows reach sinks in the order (closedAt, start, id).
  public var closedAt: Int64
  /// Sum of the events' values.
  public var value: Double
  public var events: UInt32
  /// Events that are page views.
  public var views: UInt32
  /// Distinct items (exact to 1,024, then within 3%).
  public var items: UInt32
  /// Milliseconds from ``start`` to the first cart, checkout and purchase event; `UInt32.max`: none.
  public var cartDelayMilliseconds: UInt32
  public var checkoutDelayMilliseconds: UInt32
  public var purchaseDelayMilliseconds: UInt32
  public var user: ByteSpan
  /// Full URLs (or paths) of the first and last event, as logged; absent when no event had one.
  public var entry: ByteSpan
  public var exit: ByteSpan
  /// Referrer and user agent of the first event; absent when it had none.
  public var referrer: ByteSpan
  public var agent: ByteSpan
  /// Offset of ``pathCount`` consecutive ``ByteSpan`` values (unaligned): the URLs of the session's first views in
  /// time order. Only sampled sessions carry a path; each stands for `1 << pathWeightLog2` sessions.
  public var pathOffset: UInt32
  public var pathCount: UInt8
  public var pathWeightLog2: UInt8
  public var endedBy: SessionEnd
  /// Bit 0: more than 100 events at over one a second (a bot by rate).
  public var flags: UInt8

  @inlinable @inline(__always)
  public static var none: UInt32 { UInt32.max }

  @inlinable @inline(__always)
  public init() {
    (id, userHash, start, end, closedAt, value) = (0, 0, 0, 0, 0, 0)
    (events, views, items) = (0, 0, 0)
    (cartDelayMilliseconds, checkoutDelayMilliseconds, purchaseDelayMilliseconds) = (.max, .max, .max)
    (user, entry, exit, referrer, agent) = (.absent, .absent, .absent, .absent, .absent)
    (pathOffset, pathCount, pathWeightLog2, endedBy, flags) = (0, 0, 0, .gap, 0)
  }
}
