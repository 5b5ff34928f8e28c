public import Foundation

/// A span of event time, from `start` to before `end`, in milliseconds since 1970 UTC.
public struct TimeWindow: StreamKey, BitwiseCopyable {
  /// The first instant of the window.
  public var start: Int64
  /// The first instant behind it.
  public var end: Int64

  /// `start` as a date.
  public var startDate: Date { Date(timeIntervalSince1970: Double(start) / 1000) }
  /// `end` as a date.
  public var endDate: Date { Date(timeIntervalSince1970: Double(end) / 1000) }

  @inlinable
  public init(start: Int64, end: Int64) {
    self.start = start
    self.end = end
  }
  @inlinable
  public func hash(into hasher: inout StableHasher) {
    hasher.combine(UInt64(bitPattern: start))
    hasher.combine(UInt64(bitPattern: end))
  }
  @inlinable
  /// By end, then start: the order in which windows close.
  public static func < (a: TimeWindow, b: TimeWindow) -> Bool {
    a.end != b.end ? a.end < b.end : a.start < b.start
  }
}

/// Something that belongs to a window.
public struct Windowed<Value> {
  /// The window.
  public var window: TimeWindow
  /// What belongs to it.
  public var value: Value

  @inlinable
  public init(window: TimeWindow, value: Value) {
    self.window = window
    self.value = value
  }
}
extension Windowed: Sendable where Value: Sendable {}
extension Windowed: Equatable where Value: Equatable {}
extension Windowed: Hashable where Value: Hashable {}
extension Windowed: Codable where Value: Codable {}

/// Which windows an event time belongs to.
public enum TimeWindows: Sendable, Equatable {
  /// One after the other, each as long as the next begins; `offsetMilliseconds` moves their boundaries from 1970.
  case tumbling(milliseconds: Int64, offsetMilliseconds: Int64 = 0)
  /// A window of a length every slide; an element belongs to length / slide of them.
  case sliding(milliseconds: Int64, slideMilliseconds: Int64, offsetMilliseconds: Int64 = 0)
  /// As long as a key's elements follow each other within the gap (a distance of exactly the gap still does); the window
  /// ends a gap after the last one.
  case session(gapMilliseconds: Int64)

  @usableFromInline
  var shape: (length: Int64, slide: Int64, offset: Int64) {
    switch self {
    case .tumbling(let length, let offset): (length, length, offset)
    case .sliding(let length, let slide, let offset): (length, slide, offset)
    case .session(let gap): (gap, gap, 0)
    }
  }
  @usableFromInline
  func check() {
    let (length, slide, _) = shape
    precondition(length > 0 && slide > 0, "\(self): lengths are positive")
    precondition(slide <= length, "\(self): a slide longer than the window would leave elements in none")
  }
  /// The start of the last window that begins at or before a time.
  @inlinable @inline(__always)
  static func lastStart(_ time: Int64, slide: Int64, offset: Int64) -> Int64 {
    let t = time &- offset
    var q = t / slide
    if t < 0, q &* slide != t { q &-= 1 }
    return q &* slide &+ offset
  }
}

/// When results of an aggregation are given out.
public enum OutputMode: Sendable, Equatable {
  /// Once, when the watermark has passed the window and its allowed lateness.
  case append
  /// Whenever an interval changed it.
  case update
  /// All there are, at the end of every interval; nothing is forgotten.
  case complete
}
