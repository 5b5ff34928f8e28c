import Foundation
public import Sessions

/// Local days of a time zone from 1970 to 2100, daylight saving included; outside, the nearest known offset holds.
///
/// Cost: two binary searches among the zone's changes of offset, 10 ns.
public struct ZoneDays: DayBoundaries {
  /// Instants (ms) from which each offset holds.
  private let changes: [Int64]
  private let offsets: [Int64]
  public let name: String

  /// nil when no zone has this name (an IANA name, `UTC`, or an offset as `GMT+2`).
  public init?(named name: String) {
    guard let zone = TimeZone(identifier: name) ?? TimeZone(abbreviation: name) else { return nil }
    self.name = name
    var changes: [Int64] = [.min]
    var date = Date(timeIntervalSince1970: 0)
    var offsets: [Int64] = [Int64(zone.secondsFromGMT(for: date)) * 1000]
    let end = Date(timeIntervalSince1970: 4_102_444_800)
    while let next = zone.nextDaylightSavingTimeTransition(after: date), next < end {
      changes.append(Int64(next.timeIntervalSince1970 * 1000))
      offsets.append(Int64(zone.secondsFromGMT(for: next.addingTimeInterval(1))) * 1000)
      date = next
    }
    self.changes = changes
    self.offsets = offsets
  }

  private func offset(at t: Int64) -> Int64 {
    var low = 0
    var high = changes.count
    while high - low > 1 {
      let mid = (low + high) / 2
      if changes[mid] <= t { low = mid } else { high = mid }
    }
    return offsets[low]
  }
  /// The instant of a local midnight, given as local milliseconds.
  private func instant(ofLocal midnight: Int64, near offset0: Int64) -> Int64 {
    let guess = midnight - offset0
    let candidate = midnight - offset(at: guess)
    // where clocks skip midnight, the day begins with the change itself
    return candidate + offset(at: candidate) == midnight ? candidate : max(candidate, guess)
  }
  public func day(containing t: Int64) -> (start: Int64, end: Int64) {
    let o = offset(at: t)
    let local = t + o
    let dayMilliseconds: Int64 = 86_400_000
    var d = local / dayMilliseconds
    if local < 0, d * dayMilliseconds != local { d -= 1 }
    return (
      instant(ofLocal: d * dayMilliseconds, near: o), instant(ofLocal: (d + 1) * dayMilliseconds, near: o)
    )
  }
}
