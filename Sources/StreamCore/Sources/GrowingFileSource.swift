import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// How a growing file is followed.
public struct GrowingFileOptions: Sendable {
  /// Begin at the end of what is there when the job starts, as `tail -f` does.
  public var startsAtEnd: Bool
  /// A file that was rotated away is read until nothing has been added to it for so long: its writer may still hold it.
  public var rotationGraceMilliseconds: Int64
  /// Ends when what is there has been read, instead of waiting for more; a file that is not there is an error then. A run
  /// that resumes reads what was added meanwhile, if the last line had its end.
  public var endsWhenRead: Bool

  /// The properties in one expression, each with its default.
  public init(
    startsAtEnd: Bool = false, rotationGraceMilliseconds: Int64 = 1000, endsWhenRead: Bool = false
  ) {
    self.startsAtEnd = startsAtEnd
    self.rotationGraceMilliseconds = rotationGraceMilliseconds
    self.endsWhenRead = endsWhenRead
  }
}

/// The lines of a log file that is still written, over rotations: `tail -F`.
///
/// Guarantees: only whole lines; a last line without an end waits until it is complete or the file was rotated away, and
/// gets a line end then. A file is rotated away when another one has its name (rename) or when it has become shorter or
/// other bytes stand where it was read (copytruncate). A name that does not exist yet is waited for. After a restart the
/// bytes from any offset on are the same again: the file that was being read is found under its new name, by its beginning,
/// among `name.*` and `name-*` in its folder, and the ones rotated after it are read too.
/// Limits: what was added to a file and truncated between two reads was never seen; compressed files cannot be gone on
/// with.
/// Cost: one copy; a look at the name a read that finds nothing new.
public final class GrowingFileSource: ByteSource, @unchecked Sendable {
  public let name: String
  let path: String
  let options: GrowingFileOptions
  private let clock: any ProcessingClock
  let state: Guarded<GrowingFileState>

  /// - Parameters:
  ///   - path: of the file; it need not be there yet.
  ///   - clock: times how long a rotated file is still read.
  public init(
    _ path: String, options: GrowingFileOptions = GrowingFileOptions(), clock: any ProcessingClock = SystemClock()
  ) {
    self.path = path
    name = path
    self.options = options
    self.clock = clock
    state = Guarded(GrowingFileState(path: path))
    if options.endsWhenRead { stopFollowing() }
  }
  deinit { state.withLock { $0.deallocate() } }

  public var identity: String? { "growing file" }
  public var isExhausted: Bool { state.withLock { $0.isEnded && !$0.hasLines } }

  /// Reads what is there to its end and ends the stream, instead of waiting for more (as ``GrowingFileOptions/endsWhenRead``
  /// does from the start).
  public func stopFollowing() { state.withLock { $0.isStopping = true } }

  public func completeRecords(in p: UnsafePointer<UInt8>, count: Int, isEnd: Bool) -> Int {
    unsafe isEnd ? count : wholeLines(p, count)
  }

  public func read(into p: UnsafeMutableRawPointer, count: Int) throws -> Int {
    try state.withLock { s in
      while true {
        if s.hasLines { return unsafe s.give(p, count) }
        if s.isEnded { return 0 }
        if s.descriptor < 0, try !openNext(&s) {
          if options.endsWhenRead, s.spans.isEmpty { throw FileError.system(ENOENT, "cannot be read", path: path) }
          if s.isStopping { s.isEnded = true }
          return 0
        }
        if try s.fill() {
          s.lastGrowth = clock.nowMilliseconds
          continue
        }
        if try !isOver(&s) {
          if s.hasLines { continue }
          return 0
        }
        s.closeFile()
      }
    }
  }

  /// Asked at the end of the file: whether nothing will follow in it.
  private func isOver(_ s: inout GrowingFileState) throws -> Bool {
    if s.isPlanned || s.wasTruncated { return true }
    guard let span = s.spans.last else { return true }
    let now = FileStatus(path: path)
    if let now, now.inode == span.inode {
      s.rotatedAt = nil
      if now.byteCount < s.readTo {
        s.wasTruncated = true
        return true
      }
    } else if now != nil {
      let since = max(s.rotatedAt ?? clock.nowMilliseconds, s.lastGrowth ?? .min)
      s.rotatedAt = s.rotatedAt ?? clock.nowMilliseconds
      // something may have come before the name changed hands
      if try s.fill() {
        s.lastGrowth = clock.nowMilliseconds
        return false
      }
      if clock.nowMilliseconds - since >= options.rotationGraceMilliseconds || s.isStopping { return true }
    }
    return s.isStopping
  }

  /// Opens the file whose turn it is; false when there is none now.
  private func openNext(_ s: inout GrowingFileState) throws -> Bool {
    // others may have come and gone under the name since the last one
    if s.plan.isEmpty, !s.wasTruncated, let last = s.spans.last, FileStatus(path: path)?.inode != last.inode {
      s.plan = FilePlan.followers(path, since: last.modified, excluding: Set(s.spans.map(\.inode)))
    }
    if !s.plan.isEmpty {
      let next = s.plan[0]
      let its = try next.currentPath(of: path, source: name)
      try s.open(its, span: next.span, isPlanned: its != path || next.span.isClosed)
      s.plan.removeFirst()
      return true
    }
    guard let status = FileStatus(path: path) else { return false }
    if s.isStopping, let last = s.spans.last, last.isClosed, last.inode == status.inode, !s.wasTruncated {
      return false
    }
    var span = FileSpan(name: path, inode: status.inode, modified: status.modified, start: s.readOffset, fileStart: 0)
    if options.startsAtEnd, s.isFirst { span.fileStart = status.byteCount }
    do { try s.open(path, span: span, isPlanned: false) } catch let e as FileError where e.number == ENOENT {
      return false
    }
    return true
  }

  // MARK: checkpoints

  /// What goes into checkpoints, as JSON: the spans from the offset on, or the last one before it.
  struct Detail: Codable { var spans: [FileSpan] }

  public func detail(at offset: UInt64) -> String {
    state.withLock { s in
      var spans = s.knownSpans
      // a span of an earlier run that has not been given again yet
      spans += s.plan.compactMap { $0.isFollower ? nil : $0.span }
      // a file that was only read to its end for now may grow until it is gone on with
      if s.isStopping, let last = spans.last, last.isClosed, !last.isTerminated, last.wasTruncated != true,
        FileStatus(path: path)?.inode == last.inode
      {
        spans[spans.count - 1].isClosed = false
      }
      let first = spans.firstIndex { $0.end > offset } ?? max(0, spans.count - 1)
      return encodeDetail(Detail(spans: spans.dropFirst(first).map { $0.rest(from: offset) }))
    }
  }
  public func seek(to offset: UInt64) throws { try seek(to: offset, detail: "") }
  public func seek(to offset: UInt64, detail: String) throws {
    guard let detail = try? JSONDecoder().decode(Detail.self, from: Data(detail.utf8)) else {
      if offset == 0, detail.isEmpty { return }
      throw SourceError(
        source: name, problem: "was to go on at byte \(offset) with a position it cannot read",
        advice: "the checkpoint is of another source; start over with --fresh")
    }
    let plan = try FilePlan.make(detail.spans, path: path, source: name)
    state.withLock { s in
      s.plan = plan
      // nothing is left of the last file, but which files follow depends on it
      if var last = detail.spans.last, plan.allSatisfy(\.isFollower) {
        last.isClosed = true
        s.spans = [last]
      }
      (s.offset, s.readOffset) = (offset, offset)
      s.isFirst = detail.spans.isEmpty && offset == 0
    }
  }
  public func wasCommitted(offset: UInt64) {
    // the last one stays: it says which files have been read
    state.withLock { s in
      let n = s.spans.dropLast().prefix { $0.isClosed && $0.end <= offset }.count
      s.spans.removeFirst(n)
    }
  }
}
