import Foundation

/// Which files of a folder are read, and when.
public struct FolderOptions: Sendable {
  /// Names that are read, as a shell would match them (`*.log`); nil for all.
  public var pattern: String?
  /// A further condition on names.
  public var isIncluded: @Sendable (String) -> Bool
  /// Leave out the files that are there when the job starts.
  public var newFilesOnly: Bool
  /// Files taken at a time; the source is idle once in between, so that an interval can end there.
  public var filesPerPollMax: Int
  /// A file that was changed so much earlier than the newest one that was read is passed over. Younger files are
  /// remembered, which bounds what a checkpoint has to keep.
  public var fileAgeMillisecondsMax: Int64
  /// The folder is looked through at most so often.
  public var pollIntervalMilliseconds: Int64
  /// Ends when every file that is there has been read, instead of waiting for others.
  public var endsWhenRead: Bool

  /// The properties in one expression, each with its default.
  public init(
    pattern: String? = nil, isIncluded: @escaping @Sendable (String) -> Bool = { _ in true },
    newFilesOnly: Bool = false, filesPerPollMax: Int = .max, fileAgeMillisecondsMax: Int64 = 7 * 24 * 3600 * 1000,
    pollIntervalMilliseconds: Int64 = 100, endsWhenRead: Bool = false
  ) {
    self.pattern = pattern
    self.isIncluded = isIncluded
    self.newFilesOnly = newFilesOnly
    self.filesPerPollMax = filesPerPollMax
    self.fileAgeMillisecondsMax = fileAgeMillisecondsMax
    self.pollIntervalMilliseconds = pollIntervalMilliseconds
    self.endsWhenRead = endsWhenRead
  }
}

/// What a folder source passed over.
public struct FolderStatistics: Sendable, Equatable {
  /// Files read to their ends.
  public var filesRead = 0
  /// Files that came too late: older than ``FolderOptions/fileAgeMillisecondsMax`` allows.
  public var filesTooOld = 0
  /// Files that were changed after they had been read, as told by their time of change.
  public var filesChanged = 0
  /// Files that were gone before they could be opened.
  public var filesGone = 0
  public init(filesRead: Int = 0, filesTooOld: Int = 0, filesChanged: Int = 0, filesGone: Int = 0) {
    self.filesRead = filesRead
    self.filesTooOld = filesTooOld
    self.filesChanged = filesChanged
    self.filesGone = filesGone
  }
}

/// The files that appear in a folder, one after the other: Spark's text file stream.
///
/// Guarantees: each file is read once and to its end, in order of its time of change, then name, among those found at a
/// time; a line end is added where a file ends without one. Files should be moved into the folder whole (an atomic
/// rename); names that begin with `.` or `_` or end in `.tmp` or `.partial` are left alone. The bytes from any offset on
/// are the same again after a restart as long as the files that were not wholly consumed are still there.
/// Cost: a listing of the folder a poll and a look at each of its files; while it reads, as fast as the disk.
/// Errors: a folder or file that cannot be read; on resume, a file that is missing or shorter than it was.
public final class FolderSource: ByteSource, @unchecked Sendable {
  /// What goes into checkpoints, as JSON.
  struct Detail: Codable {
    var spans: [FileSpan]
    /// Time of change of the files that were read and are young enough to matter, by name.
    var seen: [String: Int64]
    var newest: Int64
  }
  private struct State {
    var offset: UInt64 = 0
    /// What was given out and may be asked for again; the last one may still be read.
    var spans: [FileSpan] = []
    var descriptor: Int32 = -1
    var lastByte: UInt8 = 10
    /// Spans of an earlier run to give again.
    var replay: [FileSpan] = []
    /// The span being read was given before: it has so many bytes and perhaps an added line end.
    var given: FileSpan?
    var pending: [(name: String, modified: Int64)] = []
    var seen: [String: Int64] = [:]
    var newest = Int64.min
    /// Names in the folder at the last poll.
    var known: Set<String>?
    /// In a run that takes only what is there: that, when the folder was first looked through.
    var available: Set<String>?
    var takesAvailableOnly = false
    var isRestored = false
    var pausesNow = false
    var lastPoll: Int64?
    var isExhausted = false
    var statistics = FolderStatistics()
  }
  public let name: String
  private let folder: String
  private let options: FolderOptions
  private let clock: any ProcessingClock
  private let state = Guarded(State())

  /// - Parameters:
  ///   - folder: its path; it must be there.
  ///   - clock: decides when the folder is looked through again.
  public init(_ folder: String, options: FolderOptions = FolderOptions(), clock: any ProcessingClock = SystemClock()) {
    self.folder = folder
    name = folder
    self.options = options
    self.clock = clock
  }
  deinit { state.withLock { if $0.descriptor >= 0 { closeQuietly($0.descriptor) } } }

  public var identity: String? { "folder" }
  public var isExhausted: Bool { state.withLock { $0.isExhausted } }
  /// What was read and passed over so far.
  public var statistics: FolderStatistics { state.withLock { $0.statistics } }

  public func completeRecords(in p: UnsafePointer<UInt8>, count: Int, isEnd: Bool) -> Int {
    unsafe isEnd ? count : wholeLines(p, count)
  }

  public func read(into p: UnsafeMutableRawPointer, count: Int) throws -> Int {
    try state.withLock { s in
      while count > 0 {
        if s.descriptor < 0, try !openNext(&s) { return 0 }
        let at = s.spans.count - 1
        let span = s.spans[at]
        let left = s.given.map { Int($0.byteCount - span.byteCount) } ?? .max
        let bytes = unsafe UnsafeMutableRawBufferPointer(start: p, count: min(count, left))
        let n = try unsafe readFully(
          s.descriptor, at: span.fileStart + span.byteCount, into: bytes, path: folder + "/" + span.name)
        if n > 0 {
          s.spans[at].byteCount += UInt64(n)
          s.offset += UInt64(n)
          unsafe s.lastByte = p.load(fromByteOffset: n - 1, as: UInt8.self)
          return n
        }
        if left > 0, s.given != nil { throw isNotWhatItWas(span.name) }
        let needsEnd = s.given?.isTerminated ?? (s.lastByte != 10)
        close(&s, isTerminated: needsEnd)
        if needsEnd {
          unsafe p.storeBytes(of: 10, as: UInt8.self)
          s.offset += 1
          return 1
        }
      }
      return 0
    }
  }
  private func isNotWhatItWas(_ file: String) -> SourceError {
    SourceError(
      source: name, problem: "no longer has the file '\(file)' as it was read before the checkpoint",
      advice: "put the file back as it was, or start over with --fresh")
  }
  private func close(_ s: inout State, isTerminated: Bool) {
    closeQuietly(s.descriptor)
    s.descriptor = -1
    s.given = nil
    s.spans[s.spans.count - 1].isClosed = true
    s.spans[s.spans.count - 1].isTerminated = isTerminated
    s.statistics.filesRead += 1
  }

  // MARK: which file is next

  private func openNext(_ s: inout State) throws -> Bool {
    if !s.replay.isEmpty {
      let span = s.replay.removeFirst()
      guard let status = try open(span.name, &s), status.byteCount >= span.fileStart + span.byteCount else {
        throw isNotWhatItWas(span.name)
      }
      if span.isClosed { s.given = span }
      if span.fileStart > 0 {
        _ = unsafe try withUnsafeMutableBytes(of: &s.lastByte) {
          try unsafe readFully(s.descriptor, at: span.fileStart - 1, into: $0, path: folder + "/" + span.name)
        }
      }
      begin(span, &s)
      return true
    }
    while true {
      if s.pending.isEmpty, try !poll(&s) { return false }
      let file = s.pending.removeFirst()
      if s.pending.isEmpty { s.pausesNow = true }
      guard let status = try open(file.name, &s) else {
        s.statistics.filesGone += 1
        continue
      }
      s.seen[file.name] = file.modified
      s.newest = max(s.newest, file.modified)
      begin(
        FileSpan(name: file.name, inode: status.inode, modified: file.modified, start: s.offset, fileStart: 0), &s)
      return true
    }
  }
  private func begin(_ span: FileSpan, _ s: inout State) {
    var span = span
    (span.byteCount, span.isClosed, span.isTerminated) = (0, false, false)
    if span.fileStart == 0 { s.lastByte = 10 }
    s.spans.append(span)
  }
  /// Nil when there is no such file.
  private func open(_ file: String, _ s: inout State) throws -> FileStatus? {
    do { s.descriptor = try openDescriptor(folder + "/" + file, 0) } catch  where error.number == 2 { return nil }
    return FileStatus(descriptor: s.descriptor)
  }

  /// Looks for files that have not been read; false when it is not time or there are none.
  private func poll(_ s: inout State) throws -> Bool {
    if s.pausesNow, !options.endsWhenRead {
      s.pausesNow = false
      return false
    }
    let now = clock.nowMilliseconds
    if let last = s.lastPoll, !options.endsWhenRead, now - last < options.pollIntervalMilliseconds { return false }
    s.lastPoll = now
    var files = try list()
    if s.takesAvailableOnly {
      let available = s.available ?? Set(files.map(\.name))
      s.available = available
      files.removeAll { !available.contains($0.name) }
    }
    if s.known == nil, options.newFilesOnly, !s.isRestored {
      for f in files {
        s.seen[f.name] = f.modified
        s.newest = max(s.newest, f.modified)
      }
    }
    let oldest = s.newest.subtractingReportingOverflow(options.fileAgeMillisecondsMax.multipliedCapped(by: 1_000_000))
    let threshold = oldest.overflow ? Int64.min : oldest.partialValue
    s.seen = s.seen.filter { $0.value >= threshold }
    var found: [(name: String, modified: Int64)] = []
    for f in files {
      if let modified = s.seen[f.name] {
        if modified != f.modified {
          s.seen[f.name] = f.modified
          s.statistics.filesChanged += 1
        }
      } else if f.modified >= threshold {
        found.append(f)
      } else if let known = s.known, !known.contains(f.name) {
        s.statistics.filesTooOld += 1
      }
    }
    s.known = Set(files.map(\.name))
    found.sort { ($0.modified, $0.name) < ($1.modified, $1.name) }
    s.pending = Array(found.prefix(options.filesPerPollMax))
    if found.isEmpty, options.endsWhenRead { s.isExhausted = true }
    return !found.isEmpty
  }
  private func list() throws -> [(name: String, modified: Int64)] {
    try folderEntries(folder).compactMap { file in
      if file.hasPrefix(".") || file.hasPrefix("_") || file.hasSuffix(".tmp") || file.hasSuffix(".partial") {
        return nil
      }
      if let pattern = options.pattern, unsafe fnmatch(pattern, file, 0) != 0 { return nil }
      guard options.isIncluded(file), let status = FileStatus(path: folder + "/" + file), status.isRegular else {
        return nil
      }
      return (file, status.modified)
    }
  }

  // MARK: checkpoints

  public func detail(at offset: UInt64) -> String {
    state.withLock { s in
      var known = s.spans
      // a file that an earlier run has given whole and this one has not yet
      if let given = s.given { known[known.count - 1] = given }
      let spans = (known + s.replay).filter { $0.end > offset || !$0.isClosed }.map { $0.rest(from: offset) }
      return encodeDetail(Detail(spans: spans, seen: s.seen, newest: s.newest))
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
    state.withLock { s in
      (s.offset, s.replay, s.seen, s.newest, s.isRestored) = (offset, detail.spans, detail.seen, detail.newest, true)
    }
  }
  /// A run that takes only what is there gets the files that are in the folder when it is first looked through.
  public func prepare(for trigger: Trigger) {
    state.withLock { ($0.takesAvailableOnly, $0.available) = (trigger.isBounded, nil) }
  }
  public func wasCommitted(offset: UInt64) {
    state.withLock { $0.spans.removeAll { $0.isClosed && $0.end <= offset } }
  }
}

/// JSON with its keys in order, so that equal positions are equal texts.
func encodeDetail(_ value: some Encodable) -> String {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
  // numbers and texts only: cannot fail
  return (try? encoder.encode(value)).map { String(decoding: $0, as: UTF8.self) } ?? ""
}

extension Int64 {
  func multipliedCapped(by factor: Int64) -> Int64 {
    let product = multipliedReportingOverflow(by: factor)
    return product.overflow ? .max : product.partialValue
  }
}
