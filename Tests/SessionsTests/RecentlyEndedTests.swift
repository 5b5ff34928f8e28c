import Testing

@testable import Sessions
import TestSupport

/// The memory of ended sessions against a dictionary.
@Suite struct RecentlyEndedTests {
  @Test func remembersTheLatestEndUntilItExpires() throws {
    try forRandomCases("recently ended", count: 150) { random in
      var ended = RecentlyEnded()
      defer { ended.deallocate() }
      var model: [UInt64: Int64] = [:]
      var bound = Int64(0)
      var time = Int64(0)
      // neighbours in the table, and keys spread over it
      let keys = (0..<40).map { k in random.one(in: 2) ? UInt64(k) << 21 : random.next() & ~1 }
      for _ in 0..<random.pick([50, 500, 3000]) {
        switch random.below(8) {
        case 0:
          bound = max(bound, time - Int64(random.below(400)))
          ended.expire(before: bound)
        case 1:
          // what a checkpoint does
          let entries = ended.entries()
          ended.deallocate()
          ended = RecentlyEnded()
          ended.restore(entries)
        default:
          time += Int64(random.below(6))
          // sessions are given out roughly in the order of their ends
          let last = time - Int64(random.below(60))
          let key = random.one(in: 3) ? random.next() & ~1 : random.pick(keys)
          ended.note(key, last: last)
          model[key] = max(model[key] ?? .min, last)
        }
        for key in [random.pick(keys), random.next() & ~1] {
          // what ended before the bound may be forgotten or not: nobody asks further back
          let known = max(ended.last(key), bound)
          let expected = max(model[key] ?? .min, bound)
          if known != expected { return "key \(key): \(known) known, \(expected) expected" }
        }
      }
      if ended.count * 2 > ended.mask { return "more than half full" }
      return nil
    }
  }
}
