/// A source of bytes in records: one source partition.
///
/// The engine reads each source from one thread at a time, in order; a source that can be read again from an offset
/// makes the whole job exactly-once.
public protocol ByteSource: AnyObject, Sendable {
  /// Shown in messages and kept in checkpoints to recognise the source.
  var name: String { get }
  /// Reads up to `count` bytes; 0 means the end.
  func read(into: UnsafeMutableRawPointer, count: Int) throws -> Int
  /// Goes to an offset (in the bytes that `read` gives) before the first read.
  func seek(to offset: UInt64) throws
  /// Length of the longest prefix of whole records in the bytes; 0 when there is none yet.
  /// `isEnd`: no more bytes will come, so a last record needs no terminator.
  func completeRecords(in bytes: UnsafePointer<UInt8>, count: Int, isEnd: Bool) -> Int
  /// What the source will be recognised by on resume (size, head digest…); nil when it cannot be replayed.
  var identity: String? { get }
}

/// Reads one source in blocks of whole records; the rest of the last record goes to the next block.
///
/// Cost: one copy of the partial record per block (a memory move of less than a line).
final class BlockReader: @unchecked Sendable {
  let source: any ByteSource
  /// Bytes already read that belong to the next block.
  private var carry: [UInt8] = []
  /// Offset in the source of the first byte of `carry`.
  private(set) var offset: UInt64
  private(set) var isAtEnd = false
  /// What lies before was read by an earlier run; no block reaches over it, and a record ends there.
  private let replayEnd: UInt64

  init(source: any ByteSource, offset: UInt64, replayEnd: UInt64 = 0) throws {
    self.source = source
    self.offset = offset
    self.replayEnd = replayEnd
    if offset > 0 { try source.seek(to: offset) }
  }

  /// Fills the batch's block; sets ``isAtEnd`` with the last one.
  func fill(_ batch: Batch, byteCount: Int) throws {
    let block = batch.block
    var have = carry.count
    // as much again behind the text, untouched until a decoder writes what it unescapes there: a block that grows later
    // is moved
    let p = unsafe block.reserve(2 * max(byteCount, have) + 2 * blockPadding)
    unsafe carry.withUnsafeBufferPointer { if let c = $0.baseAddress { unsafe p.update(from: c, count: have) } }
    carry.removeAll(keepingCapacity: true)
    batch.isReplay = offset < replayEnd
    let replayCount = batch.isReplay ? Int(replayEnd - offset) : .max
    var target = min(max(byteCount, have), replayCount)
    var base = unsafe p
    while true {
      while have < target {
        let n = try unsafe source.read(into: base + have, count: target - have)
        if n == 0 {
          isAtEnd = true
          break
        }
        have += n
      }
      let isLast = isAtEnd || have == replayCount
      let whole = unsafe isLast ? have : source.completeRecords(in: base, count: have, isEnd: false)
      if whole > 0 || isLast {
        unsafe finish(batch, base, have: have, used: whole)
        return
      }
      // a record longer than the block: read on
      target = min(have * 2, replayCount)
      block.commit(have)
      _ = unsafe block.reserve(target - have + blockPadding)
      unsafe base = unsafe block.base
      block.truncate()
    }
  }

  private func finish(_ batch: Batch, _ base: UnsafeMutablePointer<UInt8>, have: Int, used: Int) {
    if used < have { unsafe carry.append(contentsOf: UnsafeBufferPointer(start: base + used, count: have - used)) }
    var end = used
    if end > 0, unsafe base[end - 1] != 10 {
      // the last record may lack its line end; so does a piece of a line beyond all limits
      unsafe base[end] = 10
      end += 1
    }
    unsafe UnsafeMutableRawPointer(base + end).initializeMemory(as: UInt8.self, repeating: 0, count: blockPadding / 2)
    batch.start = 0
    batch.end = end
    batch.sourceOffset = offset
    offset += UInt64(used)
    batch.sourceEndOffset = offset
    batch.block.commit(end)
  }
}

/// Bytes reserved after a block's data: the padding that wide loads may read, twice.
let blockPadding = 256
