/// A session report: every figure that the renderers show, ready to be stored as JSON.
///
/// Times are milliseconds since 1970 UTC or ISO 8601 texts, rates are fractions of 1 rounded to six decimals, and every
/// estimate stands next to its error. An error of 0 means exact.
public struct SessionReport: Codable, Sendable, Equatable {
  /// Raised when a field changes its meaning or goes away.
  public var formatVersion = 1
  public var period: Period?
  public var figures = Figures()
  public var durations = Durations()
  public var viewsPerSession = ViewsPerSession()
  public var timeline: Timeline?
  public var hours = HourGrid()
  public var entryPages = Breakdown()
  public var exitPages = Breakdown()
  public var referrers = Breakdown()
  public var campaigns = Breakdown()
  public var channels = Breakdown()
  public var devices = Breakdown()
  public var systems = Breakdown()
  public var browsers = Breakdown()
  public var bots = Bots()
  public var funnel = Funnel()
  public var paths = Paths()
  public var cohorts: Cohorts?
  public var endings = Breakdown()
  public var quality = ReportQuality()

  /// From the first event of the first session to the last event of all.
  public struct Period: Codable, Sendable, Equatable {
    public var start: String
    public var end: String
    public var startMilliseconds: Int64
    public var endMilliseconds: Int64
  }

  /// The key figures.
  public struct Figures: Codable, Sendable, Equatable {
    public var sessions = 0
    public var users = 0
    /// Relative standard error of the user figures; 0: exact.
    public var usersRelativeError = 0.0
    /// Users with more than one session.
    public var returningUsers = 0
    /// First sessions of their user in this log, and later ones.
    public var newSessions = 0
    public var returningSessions = 0
    public var sessionsPerUser = 0.0
    public var events = 0
    public var views = 0
    public var viewsPerSession = 0.0
    public var items = 0
    /// Sum of the events' values, an exact decimal.
    public var value = "0"
    public var valuePerSession = 0.0
    /// Values that were no finite number or beyond ±9·10¹²; not in the sum.
    public var valuesRejected = 0
    public var engagedSessions = 0
    public var engagementRate = 0.0
    public var bouncedSessions = 0
    public var bounceRate = 0.0
    public var purchases = 0
    public var purchaseRate = 0.0
    /// The same without bots.
    public var humanSessions = 0
    public var humanEvents = 0
    public var humanViews = 0
    public var humanEngagementRate = 0.0
  }

  /// Durations in milliseconds: first to last event.
  public struct Durations: Codable, Sendable, Equatable {
    public var mean = 0.0
    public var p50 = 0
    public var p90 = 0
    public var p99 = 0
    public var maximum = 0
    /// Of the percentiles.
    public var relativeError = LogHistogram.relativeError
    public var histogram: [Bin] = []
  }

  /// Sessions whose figure lies above the previous bin's bound and up to this one's; nil: no bound.
  public struct Bin: Codable, Sendable, Equatable {
    public var label: String
    public var upTo: Int?
    public var sessions: Int
  }

  public struct ViewsPerSession: Codable, Sendable, Equatable {
    public var p50 = 0
    public var p90 = 0
    public var p99 = 0
    public var maximum = 0
    public var histogram: [Bin] = []
  }

  public struct Timeline: Codable, Sendable, Equatable {
    public var bucketMilliseconds: Int64
    /// Relative standard error of a bucket's users.
    public var usersRelativeError = AdaptiveTimeline.relativeError
    public var points: [Point]

    /// Sessions that started in a bucket, their views and users.
    public struct Point: Codable, Sendable, Equatable {
      public var start: String
      public var startMilliseconds: Int64
      public var sessions: Int
      public var views: Int
      public var users: Int
    }
  }

  /// Sessions and views by start, UTC: seven rows from Monday, 24 hours each.
  public struct HourGrid: Codable, Sendable, Equatable {
    public var sessions: [[Int]] = []
    public var views: [[Int]] = []
  }

  /// Sessions by one property, the most frequent first.
  public struct Breakdown: Codable, Sendable, Equatable {
    public var rows: [Row] = []
    /// Sessions that have the property at all, and that lack it.
    public var sessions = 0
    public var absent = 0
    /// Sessions in none of the rows.
    public var other = 0
    /// Distinct values; at least so many when ``errorMax`` is not 0.
    public var distinct = 0
    /// A row's sessions may be too low by up to its own ``Row/missed``, which is at most this; 0: all exact.
    public var errorMax = 0

    public struct Row: Codable, Sendable, Equatable {
      public var name: String
      /// More parts of the name (medium and campaign of a source).
      public var details: [String]?
      public var sessions: Int
      /// Of ``Breakdown/sessions``.
      public var share: Double
      public var bounceRate: Double
      public var purchases: Int
      public var missed: Int
    }
  }

  /// Sessions of bots. User agents tell them, and a rate no human reaches.
  public struct Bots: Codable, Sendable, Equatable {
    public var sessions = 0
    public var share = 0.0
    public var events = 0
    public var reasons: [Reason] = []

    public struct Reason: Codable, Sendable, Equatable {
      public var reason: String
      public var sessions: Int
      public var share: Double
    }
  }

  /// Session → cart → checkout → purchase, in this order within a session.
  public struct Funnel: Codable, Sendable, Equatable {
    public var steps: [Step] = []
    /// Milliseconds from a session's start to its purchase.
    public var medianToPurchase = 0
    public var p90ToPurchase = 0
    public var relativeError = LogHistogram.relativeError

    public struct Step: Codable, Sendable, Equatable {
      public var name: String
      public var sessions: Int
      /// Of the step before, and of all sessions.
      public var fromPrevious: Double
      public var fromStart: Double
      /// Milliseconds since the step before.
      public var medianFromPrevious: Int
      public var p90FromPrevious: Int
      /// Sessions with such an event in whatever order.
      public var anyOrder: Int
    }
  }

  /// The first pages of sessions and the flow between them, from a sample.
  public struct Paths: Codable, Sendable, Equatable {
    /// Sessions used and the number they stand for.
    public var sampled = 0
    public var sessions = 0
    public var top: [Path] = []
    public var pathErrorMax = 0
    /// Position in the path → pages, the last one being all others.
    public var positions: [[Node]] = []
    public var links: [Link] = []
    public var linkErrorMax = 0

    public struct Path: Codable, Sendable, Equatable {
      public var pages: [String]
      public var sessions: Int
      public var share: Double
    }
    public struct Node: Codable, Sendable, Equatable {
      public var name: String
      public var sessions: Int
      /// Sessions that ended with this page.
      public var exits: Int
    }
    /// From a node of `position` to one of the next.
    public struct Link: Codable, Sendable, Equatable {
      public var position: Int
      public var from: Int
      public var to: Int
      public var sessions: Int
    }
  }

  /// How many of the users first seen in a period came back in later ones.
  public struct Cohorts: Codable, Sendable, Equatable {
    /// "day" or "week" (Monday to Sunday), UTC.
    public var unit: String
    /// Cohorts before these, not listed.
    public var omitted: Int
    /// Of the counts; 0: exact.
    public var relativeError: Double
    public var rows: [Row]

    public struct Row: Codable, Sendable, Equatable {
      public var start: String
      public var users: Int
      /// Active users 0, 1, 2… periods later, as far as the log goes.
      public var active: [Int]
    }
  }

  public init() {}
}
