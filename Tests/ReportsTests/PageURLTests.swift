import FlatMemory
import Testing
import TestSupport

@testable import Reports

/// URLs cut up with the origin of the one before kept, against each cut up by itself.
@Suite struct PageURLTests {
  private func randomURL(_ random: inout SeededRandom) -> String {
    func text(_ n: Int, _ letters: String) -> String {
      String((0..<random.below(n)).map { _ in Array(letters)[random.below(letters.count)] })
    }
    let origins = [
      "https://shop.example.com", "http://a.b", "//cdn.example.com", "", "", "android-app://x", "https://",
    ]
    let path = text(3, "/") + text(random.pick([8, 30, 90]), "abc/&.=-%")
    let query = random.one(in: 2) ? "?" + text(random.pick([4, 30]), "ab=&?utm_gclid") : ""
    return random.pick(origins) + path + query + (random.one(in: 4) ? "#" + text(9, "a?&#") : "")
  }

  @Test func keptOriginsChangeNothing() throws {
    var memory = ReportMemory()
    defer { memory.release() }
    let memo = OriginMemo(in: &memory)
    let filter = TagFilter(in: &memory)
    try forRandomCases("URLs", count: 30_000) { random in
      let url = randomURL(&random)
      let bytes = Array(url.utf8) + Array("?&/#utm_source=x".utf8) + [UInt8](repeating: 63, count: bytePadding)
      return bytes.withUnsafeBufferPointer { b in
        let (p, n) = (b.baseAddress!, url.utf8.count)
        let (plain, found) = (PageURL(p, n), PageURL(p, n, near: memo))
        guard
          [plain.hostStart, plain.hostEnd, plain.pathStart, plain.pathEnd]
            == [found.hostStart, found.hostEnd, found.pathStart, found.pathEnd],
          plain.hasQuery == found.hasQuery,
          !plain.hasQuery || (plain.queryStart, plain.queryEnd) == (found.queryStart, found.queryEnd)
        else { return "\(found) instead of \(plain) of \(url)" }
        let tags = CampaignTags(p, from: plain.queryStart, to: plain.queryEnd)
        let mayHold = !plain.hasQuery || filter.mayHoldTags(p, found.parameters)
        return tags.isEmpty || mayHold ? nil : "no tags suspected in \(url)"
      }
    }
  }

  @Test func filterSuspectsEveryCampaignParameter() {
    var memory = ReportMemory()
    defer { memory.release() }
    let filter = TagFilter(in: &memory)
    for name in ["utm_source", "gclid", "_kx", "ScCid", "li_fat_id", "mc_eid", "_hsenc", "srsltid"] {
      let bytes = Array("/?a=1&\(name)=1".utf8) + [UInt8](repeating: 0, count: bytePadding)
      bytes.withUnsafeBufferPointer { #expect(filter.mayHoldTags($0.baseAddress!, 1 << 1 | 1 << 5), "\(name)") }
    }
    let plain = Array("/?ref=x&page=1".utf8) + [UInt8](repeating: 0, count: bytePadding)
    plain.withUnsafeBufferPointer { #expect(!filter.mayHoldTags($0.baseAddress!, 1 << 1 | 1 << 7)) }
  }
}
