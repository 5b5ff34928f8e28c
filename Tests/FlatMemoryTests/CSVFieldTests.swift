import FlatMemory
import Testing
import TestSupport

/// Fields copied in wide steps against the field written byte by byte.
@Suite struct CSVFieldTests {
  /// Texts one behind the other, some absent, with what needs quotes at every place.
  private func randomTexts(_ random: inout SeededRandom) -> [[UInt8]?] {
    let special: [UInt8] = [34, 44, 10, 13]
    let rate = random.pick([2, 30, 1000, 100_000])
    return (0..<3).map { _ in
      if random.one(in: 8) { return nil }
      return (0..<random.below(random.pick([5, 34, 140]))).map { _ in
        random.one(in: rate) ? random.pick(special) : UInt8(32 + random.below(220))
      }.map { !special.contains($0) || random.one(in: rate) ? $0 : 65 }
    }
  }

  @Test func plainFields() throws {
    try forRandomCases("plain fields", count: 20_000) { random in
      let texts = randomTexts(&random)
      var bytes: [UInt8] = []
      let spans = texts.map { text in
        guard let text else { return ByteSpan.absent }
        defer { bytes += text }
        return ByteSpan(offset: bytes.count, length: text.count)
      }
      let needsQuotes = bytes.contains { [34, 44, 10, 13].contains($0) }
      // all that lies behind would need quotes
      bytes += [UInt8](repeating: 34, count: bytePadding)
      var buffer = OutputBuffer(capacity: 1024)
      defer { buffer.deallocate() }
      buffer.byte(33)
      let isPlain = bytes.withUnsafeBufferPointer { b in
        spans.withUnsafeBufferPointer { buffer.plainCSVFields3($0.baseAddress!, in: b.baseAddress!) }
      }
      let found = Array(UnsafeBufferPointer(start: buffer.base, count: buffer.count))
      if needsQuotes { return !isPlain && found == [33] ? nil : "\(texts) taken as plain" }
      let expected: [UInt8] = [33] + texts.flatMap { ($0 ?? []) + [44] as [UInt8] }
      return isPlain && found == expected ? nil : "\(found) instead of \(expected)"
    }
  }

  @Test func plainField() throws {
    try forRandomCases("plain field", count: 20_000) { random in
      let text = randomTexts(&random)[0] ?? []
      let needsQuotes = text.contains { [34, 44, 10, 13].contains($0) }
      var buffer = OutputBuffer(capacity: 1024)
      defer { buffer.deallocate() }
      let isPlain = (text + [UInt8](repeating: 34, count: bytePadding)).withUnsafeBufferPointer {
        buffer.plainCSVField($0.baseAddress!, text.count)
      }
      let found = Array(UnsafeBufferPointer(start: buffer.base, count: buffer.count))
      return isPlain != needsQuotes && found == (needsQuotes ? [] : text + [44]) ? nil : "\(found) of \(text)"
    }
  }

  @Test func copiesOfAtLeastSomeBytes() throws {
    try forRandomCases("copies", count: 5000) { random in
      let text = (0..<random.below(140)).map { _ in UInt8(random.below(256)) }
      var buffer = OutputBuffer(capacity: 1024)
      defer { buffer.deallocate() }
      (text + [UInt8](repeating: 1, count: bytePadding)).withUnsafeBufferPointer {
        buffer.bytes16($0.baseAddress!, text.count)
        buffer.bytes48($0.baseAddress!, text.count)
      }
      let found = Array(UnsafeBufferPointer(start: buffer.base, count: buffer.count))
      return found == text + text ? nil : "\(found) instead of twice \(text)"
    }
  }
}
