import EventFormats
import FlatMemory
import Sessions
import Testing

@testable import Replay

/// What an open session takes, of a partition's share of a million.
@Suite struct SessionMemoryTests {
  @Test func aMillionOpenSessionsTakeAtMost200BytesEach() {
    let (users, eventsPerUser, pages) = (1_000_000 / 16, 6, 2_000)
    var text = OutputBuffer(capacity: 1 << 22)
    defer { text.deallocate() }
    func put(_ s: String) -> (offset: Int, count: Int) {
      var s = s
      return s.withUTF8 { p in
        text.reserve(p.count + bytePadding)
        let offset = text.count
        text.bytes(p.baseAddress!, p.count)
        return (offset, p.count)
      }
    }
    let urls = (0..<pages).map { put("https://shop.example.com/p/\($0)?ref=x") }
    let names = (0..<users).map { put("u\($0)") }
    text.reserve(bytePadding)

    var program = LogSessionProgram(splits: LogSplits())
    program.bytes = UnsafePointer(text.base)
    var sessionizer = Sessionizer(options: SessionOptions(gapMilliseconds: 3_600_000_000), program: program)
    defer {
      sessionizer.program.deallocate()
      sessionizer.deallocate()
    }
    for i in 0..<users * eventsPerUser {
      let (user, page) = (names[i % users], urls[i &* 7919 % pages])
      var e = LogEvent()
      e.time = Int64(i)
      e.userHash = hashBytes(text.base + user.offset, user.count)
      (e.userOffset, e.userLength) = (UInt32(user.offset), UInt16(user.count))
      (e.urlOffset, e.urlLength) = (UInt32(page.offset), UInt16(page.count))
      e.item = UInt32(1 + i % 3)
      e.eventClass = .view
      sessionizer.take(&e, maximum: .min)
    }
    #expect(sessionizer.openCount == users)
    // the index: 16 bytes an entry at half load, by which a table is told that has just grown
    let bytes = sessionizer.slotByteCount + sessionizer.program.stateByteCount + 16 * users
    #expect(bytes <= 200 * users, "\(Double(bytes) / Double(users)) bytes a session")
  }
}
