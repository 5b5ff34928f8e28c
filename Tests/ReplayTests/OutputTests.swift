import FlatMemory
import Foundation
@testable import Replay
import Testing
import TestSupport

@Suite struct OutputTests {
  @Test func timestampsRoundTrip() {
    for seed in seeds(1) {
      var r = SeededRandom(seed: seed)
      var text = TimestampText()
      var b = OutputBuffer()
      defer { b.deallocate() }
      let f = ISO8601DateFormatter()
      f.formatOptions = [.withInternetDateTime, .withFractionalSeconds]
      for i in 0..<5000 {
        let t =
          i % 2 == 0
          ? Int64.random(in: -62_135_596_800_000...253_402_300_799_999, using: &r)
          : 1_767_225_600_000 + Int64.random(in: 0...172_800_000, using: &r)
        b.count = 0
        b.reserve(TimestampText.byteCountMax)
        text.append(t, to: &b)
        let s = unsafe String(decoding: UnsafeBufferPointer(start: b.base, count: b.count), as: UTF8.self)
        #expect(s.count == 24, "\(s)")
        if t > -12_219_292_800_000 {  // Foundation's calendar is Julian before 1582
          #expect(
            f.date(from: s).map { Int64(($0.timeIntervalSince1970 * 1000).rounded()) } == t, "seed \(seed) \(t) \(s)")
        }
      }
    }
  }

  @Test func daysOfAZoneAgreeWithTheCalendar() throws {
    for zone in [
      "UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "America/Sao_Paulo",
    ] {
      let days = try #require(ZoneDays(named: zone))
      var calendar = Calendar(identifier: .gregorian)
      calendar.timeZone = TimeZone(identifier: zone)!
      for seed in seeds(1) {
        var r = SeededRandom(seed: seed)
        for _ in 0..<1000 {
          let t = Int64.random(in: 0...2_524_608_000_000, using: &r)
          let interval = calendar.dateInterval(of: .day, for: Date(timeIntervalSince1970: Double(t) / 1000))!
          let d = days.day(containing: t)
          #expect(d.start <= t && t < d.end)
          #expect(d.start == Int64(interval.start.timeIntervalSince1970 * 1000), "\(zone) \(t) seed \(seed)")
          #expect(d.end == Int64(interval.end.timeIntervalSince1970 * 1000), "\(zone) \(t) seed \(seed)")
        }
      }
    }
    #expect(ZoneDays(named: "Mars/Olympus") == nil)
  }

  @Test func campaignsAreToldApart() {
    func hash(_ s: String) -> UInt32 {
      let bytes = Array(s.utf8) + [UInt8](repeating: 0, count: 64)
      return unsafe bytes.withUnsafeBufferPointer { unsafe campaignHash($0.baseAddress!, s.utf8.count) }
    }
    #expect(hash("/a") == 0)
    #expect(hash("/a?x=1&y=2") == 0)
    #expect(hash("/a?utm_campaign=a") != 0)
    #expect(hash("/a?utm_campaign=a") == hash("https://b.example/c?q=1&utm_campaign=a#utm_campaign=z"))
    #expect(hash("/a?utm_campaign=a") != hash("/a?utm_campaign=b"))
  }

  @Test func outputsNeverAppearHalfWritten() throws {
    let folder = ScratchFolder()
    let f = PublishedFile(path: folder.file("x.csv"), head: Array("head\n".utf8))
    try f.create()
    #expect(folder.names == ["x.csv.partial"])
    try f.publish()
    #expect(folder.names == ["x.csv"])
    #expect(folder.read("x.csv") == Array("head\n".utf8))
    let g = PublishedFile(path: folder.file("y.csv"))
    try g.create()
    g.discard()
    #expect(folder.names == ["x.csv"])
    #expect(throws: OutputError.self) { try PublishedFile(path: folder.file("no/such/folder.csv")).create() }
    #expect(throws: OutputError.self) { try PublishedFile(path: folder.path).create() }
  }
}
