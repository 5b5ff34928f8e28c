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
  /// Asked after `read` gave 0: whether no more bytes will ever come. False: nothing now, ask again.
  var isExhausted: Bool { get }
  /// What the source needs, beside an offset it has already given out, to go on there after a restart (a folder's files
  /// and how far each was read); kept in checkpoints.
  func detail(at offset: UInt64) -> String
  /// Goes to an offset before the first read, with what ``detail(at:)`` said there.
  func seek(to offset: UInt64, detail: String) throws
  /// A checkpoint from which nothing before `offset` will be asked for again is on the disk.
  func wasCommitted(offset: UInt64)
  /// As ``ElementSource/prepare(for:)``.
  func prepare(for trigger: Trigger)
}

extension ByteSource {
  public var isExhausted: Bool { true }
  public func detail(at offset: UInt64) -> String { "" }
  public func seek(to offset: UInt64, detail: String) throws { try seek(to: offset) }
  public func wasCommitted(offset: UInt64) {}
  public func prepare(for trigger: Trigger) {}
}

/// Reads one source in blocks of whole records; the rest of the last record goes to the next block.
///
/// Cost: one copy of the partial record per block (a memory move of less than a line).
final class BlockReader: SourceReader, @unchecked Sendable {
  let source: any ByteSource
  /// Bytes already read that belong to the next block.
  private var carry: [UInt8] = []
  /// Offset in the source of the first byte of `carry`.
  private(set) var offset: UInt64 = 0
  private var status = SourceStatus.more
  /// What lies before was read by an earlier run; no block reaches over it, and a record ends there.
  private var replayEnd: UInt64 = 0

  init(source: any ByteSource) { self.source = source }
  convenience init(source: any ByteSource, offset: UInt64, replayEnd: UInt64 = 0) throws {
    self.init(source: source)
    try start(at: SourcePosition(offset: offset), replayEnd: replayEnd)
  }

  var name: String { source.name }
  var identity: String? { source.identity }
  /// The last block has been read.
  var isAtEnd: Bool { status == .ended }

  func start(at position: SourcePosition, replayEnd: UInt64) throws {
    offset = position.offset
    self.replayEnd = replayEnd
    if offset > 0 { try source.seek(to: offset, detail: position.detail) }
  }
  func wasCommitted(_ position: SourcePosition) { source.wasCommitted(offset: position.offset) }
  func prepare(for trigger: Trigger) { source.prepare(for: trigger) }
  func turnAmount(_ options: StreamingOptions) -> UInt64 { UInt64(options.turnByteCount) }

  /// Fills the batch's block.
  func fill(_ batch: Batch, limit: ReadLimit) throws -> SourceStatus {
    try fill(batch, byteCount: limit.byteCount, endOffset: limit.endOffset, turn: limit.turn)
    return status
  }

  /// - Parameter turn: what is left of the source's turn, which ends with the last record that is wholly in it, and whether
  ///   the block begins it: then a record that is longer than a turn is taken whole.
  func fill(
    _ batch: Batch, byteCount: Int, endOffset: UInt64 = .max, turn: (amount: UInt64, begins: Bool)? = nil
  ) throws {
    let block = batch.block
    var have = carry.count
    // as much again behind the text, untouched until a decoder writes what it unescapes there: a block that grows later
    // is moved
    let p = unsafe block.reserve(2 * max(byteCount, have) + 2 * blockPadding)
    unsafe carry.withUnsafeBufferPointer { if let c = $0.baseAddress { unsafe p.update(from: c, count: have) } }
    carry.removeAll(keepingCapacity: true)
    batch.isReplay = offset < replayEnd
    let end = batch.isReplay ? min(replayEnd, endOffset) : endOffset
    let countMax = end == .max ? Int.max : Int(end - offset)
    // up to where records are taken: independent of the block's size and of what was read ahead
    var reach = turn.map { Int($0.amount) } ?? .max
    var target = min(max(byteCount, have), countMax, reach)
    var base = unsafe p
    status = .more
    while true {
      while have < target, status == .more {
        let n = try unsafe source.read(into: base + have, count: target - have)
        if n == 0 { status = source.isExhausted ? .ended : .idle }
        have += n
      }
      let isLast = status == .ended || have >= countMax && countMax <= reach
      let whole =
        unsafe isLast
        ? min(have, countMax) : source.completeRecords(in: base, count: min(have, reach), isEnd: false)
      if whole > 0 || isLast || status == .idle {
        if have >= countMax, endOffset == end, status == .more { status = .idle }
        unsafe finish(batch, base, have: have, used: whole)
        return
      }
      if have >= reach {
        if turn?.begins != true {
          // the next record belongs to the source's next turn
          unsafe finish(batch, base, have: have, used: 0)
          return
        }
        reach *= 2
      }
      // a record longer than the block: read on
      target = min(max(byteCount, have * 2), countMax, reach)
      if target <= have { continue }
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
    batch.sourceDetail = source.detail(at: offset)
    offset += UInt64(used)
    batch.sourceEndOffset = offset
    batch.sourceEndDetail = source.detail(at: offset)
    batch.block.commit(end)
  }
}

/// Bytes reserved after a block's data: the padding that wide loads may read, twice.
let blockPadding = 256
