import Foundation
import Sessions
import Testing
import TestSupport

/// A random stream and how to run it.
struct RandomStream {
  /// In order of arrival.
  var clicks: [Click]
  var options: SessionOptions
  var delayMilliseconds: Int64 { options.watermarkDelayMilliseconds }

  /// Highest event time up to and including each event.
  var runningMaxima: [Int64] {
    var highest = Int64.min
    return clicks.map {
      highest = max(highest, $0.time)
      return highest
    }
  }

  struct Shape {
    var gaps: [Int64] = [1, 2, 3, 10, 1000, 1_800_000]
    var boundaries = GapBoundary.allCases
    var eventsMax = 60
    var keysMax = 5
    /// Delays in gaps (nil: any small number of gaps).
    var delays: [Int64]?
    /// How far arrival may lag behind the watermark delay, in gaps; 0: never late.
    var lateGapsMax: Int64 = 0
    var latenesses: [Int64] = [0]
    var ownGaps = false
    var days: [(any DayBoundaries)?] = [nil]
    var emissions: [SessionEmission] = [.append]
    var origin: ClosedRange<Int64> = -5_000_000...5_000_000
    var hash: (UInt32) -> UInt64 = Click.spread
    var campaigns: Int32 = 1
    var openSessionsMax = 4096
  }

  /// Times are drawn where rules change: at, just below and just above one and two gaps from the event before.
  static func make(_ shape: Shape, _ random: inout SeededRandom) -> RandomStream {
    let gap = random.pick(shape.gaps)
    let keys = 1 + random.below(shape.keysMax)
    let delay = (shape.delays.map { random.pick($0) } ?? Int64(random.below(6))) * gap
    let lag = delay + (shape.lateGapsMax > 0 ? Int64(random.below(Int(shape.lateGapsMax) + 1)) * gap : 0)
    let options = SessionOptions(
      gapMilliseconds: gap, boundary: random.pick(shape.boundaries),
      allowedLatenessMilliseconds: random.pick(shape.latenesses) * gap / 2, watermarkDelayMilliseconds: delay,
      emission: random.pick(shape.emissions), days: random.pick(shape.days), openSessionsMax: shape.openSessionsMax)
    var time = Int64.random(in: shape.origin, using: &random)
    var clicks: [(arrival: Int64, click: Click)] = []
    let busy = random.pick([1, 3, 8])
    for _ in 0..<random.below(shape.eventsMax + 1) {
      time += step(gap, busy: busy, &random)
      let key = UInt32(random.below(keys))
      var c = Click(time: time, key: key, hash: shape.hash(key), value: Int32(random.below(64)))
      if shape.ownGaps, random.one(in: 3) {
        c.gap = random.pick([0, 1, gap / 2, gap - 1, gap, gap + 1, 3 * gap, 7 * gap])
      }
      c.campaign = Int32(random.below(Int(shape.campaigns)))
      // an event is at most `lag` behind any that arrived before it
      clicks.append((time + Int64.random(in: 0...lag, using: &random), c))
    }
    clicks.sort { $0.arrival < $1.arrival }
    let inOrder = clicks.enumerated().map { i, x in
      var c = x.click
      c.position = Int32(i)
      return c
    }
    return RandomStream(clicks: inOrder, options: options)
  }

  private static func step(_ gap: Int64, busy: Int, _ random: inout SeededRandom) -> Int64 {
    if random.below(busy) > 0 { return Int64.random(in: 0...max(1, gap / 4), using: &random) }
    switch random.below(9) {
    case 0: return 0
    case 1: return 1
    case 2: return gap - 1
    case 3: return gap
    case 4: return gap + 1
    case 5: return 2 * gap
    case 6: return 2 * gap + 1
    case 7: return Int64.random(in: 0...5 * gap, using: &random)
    default: return Int64.random(in: 0...40 * gap, using: &random)
    }
  }
}

/// Days that begin at a fixed distance from midnight UTC.
struct FixedOffsetDays: DayBoundaries {
  var offsetMilliseconds: Int64
  var dayMilliseconds: Int64 = 86_400_000
  func day(containing time: Int64) -> (start: Int64, end: Int64) {
    let local = time + offsetMilliseconds
    var day = local / dayMilliseconds
    if local < 0, day * dayMilliseconds != local { day -= 1 }
    let start = day * dayMilliseconds - offsetMilliseconds
    return (start, start + dayMilliseconds)
  }
}
