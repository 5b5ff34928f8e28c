import Testing

@testable import StreamCore
import TestSupport

/// Blocks are whole records, contiguous, and together the source, however it is cut.
@Suite struct BlockReaderTests {
  @Test func blocksAreTheSourceInWholeRecords() throws {
    try forRandomCases("blocks", count: 1500) { random in
      let text = TickInput.make(sources: 1, linesMax: random.pick([0, 1, 5, 40]), &random).texts[0]
      let bytes = Array(text.utf8)
      let pieceMax = random.pick([1, 7, 64, 1000, Int.max])
      let blockByteCount = random.pick([1, 16, 64, 500, 1 << 20])
      // resume at a record's start, with another record's start as the end of what was read before
      let starts = [0] + bytes.indices.filter { bytes[$0] == 10 }.map { $0 + 1 }
      var from = 0
      var replayEnd = 0
      if random.one(in: 2) { from = random.pick(starts) }
      if random.one(in: 2) { replayEnd = random.pick(starts + [bytes.count]) }
      let reader = try BlockReader(
        source: MemorySource(text, pieceMax: pieceMax), offset: UInt64(from), replayEnd: UInt64(replayEnd))
      let batch = Batch()
      var read: [UInt8] = []
      var at = UInt64(from)
      var blocks = 0
      repeat {
        batch.reset()
        try reader.fill(batch, byteCount: blockByteCount)
        blocks += 1
        let block = unsafe Array(
          UnsafeBufferPointer(start: batch.block.base + batch.start, count: batch.end - batch.start))
        if !block.isEmpty, block.last != 10 { return "block \(blocks) does not end with a record" }
        if batch.sourceOffset != at { return "block \(blocks) begins at \(batch.sourceOffset), not \(at)" }
        if batch.isReplay != (at < UInt64(replayEnd)) { return "block \(blocks) at \(at): isReplay \(batch.isReplay)" }
        if batch.isReplay, batch.sourceEndOffset > UInt64(replayEnd) {
          return "block \(blocks) reaches over \(replayEnd)"
        }
        at = batch.sourceEndOffset
        for i in 0..<64 where unsafe batch.block.base[batch.end + i] != 0 { return "no zeros behind block \(blocks)" }
        read += block
        // the line end that a last record lacked is not the source's
        if Int(at) == bytes.count, bytes.last != 10, !read.isEmpty, read.count == bytes.count - from + 1 {
          read.removeLast()
        }
        if blocks > bytes.count + 2 { return "no end after \(blocks) blocks" }
      } while !reader.isAtEnd
      if at != UInt64(bytes.count) { return "ends at \(at) of \(bytes.count)" }
      return read == Array(bytes[from...]) ? nil : "\(read.count) bytes read of \(bytes.count - from)"
    }
  }

  @Test func errorsOfTheSourceComeThrough() throws {
    let reader = try BlockReader(source: MemorySource("1 2 3\n", fuse: .init(0)), offset: 0)
    #expect(throws: MemorySource.PowerFailure.self) { try reader.fill(Batch(), byteCount: 10) }
  }
}
