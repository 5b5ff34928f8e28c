import FlatMemory

/// The file being followed, what was read of it, and what of that is whole lines.
///
/// Invariants: `buffer[given..<complete]` are whole lines not handed out yet; what stands behind is the beginning of the
/// next line. `offset` counts bytes handed out, `readOffset` those read.
struct GrowingFileState {
  private let path: String
  var descriptor: Int32 = -1
  /// Names the file that is open, for messages.
  private var openPath = ""
  private var buffer = OutputBuffer(capacity: chunkByteCount)
  private var given = 0
  private var complete = 0
  var offset: UInt64 = 0
  var readOffset: UInt64 = 0
  /// What was read, by file; the last one may still be open.
  var spans: [FileSpan] = []
  /// First bytes of the open file, as far as they were read.
  private var head: [UInt8] = []
  /// Last bytes that were read of it: they must still be there.
  private var lastBytes: [UInt8] = []
  private var sawEnd = false
  /// What an earlier run read of the open file, to its end then; nil when it did not see the end.
  private var earlier: FileSpan?
  /// What to read before the file that has the name now.
  var plan: [FilePlan] = []
  /// The open file does not grow any more.
  var isPlanned = false
  var wasTruncated = false
  var rotatedAt: Int64?
  var lastGrowth: Int64?
  var isFirst = true
  var isStopping = false
  var isEnded = false
  private static let chunkByteCount = 1 << 18
  private static let lastByteCountMax = 64

  init(path: String) { self.path = path }
  func deallocate() {
    if descriptor >= 0 { closeQuietly(descriptor) }
    buffer.deallocate()
  }

  var hasLines: Bool { given < complete }
  /// Offset in the open file up to which it was read.
  var readTo: UInt64 { spans.last.map { $0.fileStart + $0.byteCount } ?? 0 }

  /// The spans, with all of the last one that an earlier run has given and this one has not yet.
  var knownSpans: [FileSpan] {
    guard let earlier, let last = spans.last, !last.isClosed else { return spans }
    var known = earlier
    (known.start, known.fileStart, known.inode) = (last.start, last.fileStart, last.inode)
    return spans.dropLast() + [known]
  }

  mutating func give(_ p: UnsafeMutableRawPointer, _ count: Int) -> Int {
    let n = min(count, complete - given)
    unsafe p.copyMemory(from: buffer.base + given, byteCount: n)
    given += n
    offset += UInt64(n)
    if given == complete {
      buffer.count -= given
      unsafe buffer.base.update(from: buffer.base + given, count: buffer.count)
      (given, complete) = (0, 0)
    }
    return n
  }

  mutating func open(_ path: String, span: FileSpan, isPlanned: Bool) throws {
    descriptor = try openDescriptor(path, 0)
    openPath = path
    let earlier = span.isClosed ? span : nil
    var span = span
    // the name may have changed hands since it was looked at
    span.inode = FileStatus(descriptor: descriptor)?.inode ?? span.inode
    (span.start, span.byteCount, span.isClosed, span.isTerminated) = (readOffset, 0, false, false)
    head = [UInt8](repeating: 0, count: min(FileSpan.headByteCountMax, Int(span.fileStart)))
    _ = try unsafe head.withUnsafeMutableBytes {
      try unsafe readFully(descriptor, at: 0, into: $0, path: path)
    }
    span.head = head.isEmpty ? nil : digest(of: head)
    span.headByteCount = head.count
    spans.append(span)
    self.isPlanned = isPlanned
    self.earlier = earlier
    (wasTruncated, rotatedAt, lastGrowth, isFirst, sawEnd) = (false, nil, nil, false, false)
    let n = min(Self.lastByteCountMax, Int(span.fileStart))
    lastBytes = try readBack(n)
  }
  /// The bytes before the place that was read to.
  private func readBack(_ count: Int) throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    let n = try unsafe bytes.withUnsafeMutableBytes {
      try unsafe readFully(descriptor, at: readTo - UInt64(count), into: $0, path: openPath)
    }
    return Array(bytes.prefix(n))
  }

  /// Reads on; false when there is nothing more now.
  mutating func fill() throws -> Bool {
    let at = spans.count - 1
    var room = Self.chunkByteCount
    if let earlier { room = min(room, Int(earlier.byteCount - spans[at].byteCount)) }
    let have = buffer.count
    buffer.reserve(room)
    let n = try unsafe readFully(
      descriptor, at: readTo, into: UnsafeMutableRawBufferPointer(start: buffer.base + have, count: room),
      path: openPath)
    if n == 0 {
      sawEnd = true
      return false
    }
    // it grew; after a truncation other bytes stand where it was read
    if sawEnd, try readBack(lastBytes.count) != lastBytes {
      wasTruncated = true
      return false
    }
    sawEnd = false
    buffer.count += n
    spans[at].byteCount += UInt64(n)
    readOffset += UInt64(n)
    let added = unsafe UnsafeBufferPointer(start: buffer.base + have, count: n)
    if head.count < FileSpan.headByteCountMax, Int(spans[at].fileStart) + Int(spans[at].byteCount) - n == head.count {
      unsafe head += added.prefix(FileSpan.headByteCountMax - head.count)
      (spans[at].head, spans[at].headByteCount) = (digest(of: head), head.count)
    }
    unsafe lastBytes = (lastBytes + added.suffix(Self.lastByteCountMax)).suffix(Self.lastByteCountMax)
    let lines = unsafe wholeLines(buffer.base + have, n)
    if lines > 0 { complete = have + lines }
    return true
  }

  /// Ends the line that the file leaves unfinished.
  mutating func closeFile() {
    let at = spans.count - 1
    // of the line, all but the end may have been given out before
    if earlier?.isTerminated ?? (spans[at].byteCount > 0 && lastBytes.last != 10) {
      buffer.reserve(1)
      buffer.byte(10)
      readOffset += 1
      spans[at].isTerminated = true
      complete = buffer.count
    }
    spans[at].isClosed = true
    spans[at].wasTruncated = wasTruncated ? true : earlier?.wasTruncated
    spans[at].modified = FileStatus(descriptor: descriptor)?.modified ?? spans[at].modified
    closeQuietly(descriptor)
    descriptor = -1
  }
}
