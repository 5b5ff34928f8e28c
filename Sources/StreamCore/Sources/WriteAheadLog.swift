import FlatMemory

/// How a write-ahead log keeps its records.
public struct WriteAheadLogOptions: Sendable {
  /// A segment that has reached this many bytes is followed by another one.
  public var segmentByteCountMax: Int
  /// A longer record is refused.
  public var recordByteCountMax: Int

  /// The properties in one expression, each with its default.
  public init(
    segmentByteCountMax: Int = 64 << 20, recordByteCountMax: Int = 16 << 20
  ) {
    self.segmentByteCountMax = segmentByteCountMax
    self.recordByteCountMax = recordByteCountMax
  }
}

/// What was found when a log was opened.
public struct LogRecovery: Sendable, Equatable, CustomStringConvertible {
  /// The records that are there.
  public var records: Range<UInt64>
  /// Bytes of an unfinished write that were cut off; none of their records had been acknowledged.
  public var cutByteCount: UInt64
  public var directory: String
  public var description: String {
    let found = "the log in '\(directory)' holds records \(records.lowerBound)..<\(records.upperBound)"
    return cutByteCount == 0 ? found : found + "; \(cutByteCount) bytes of an unfinished write were cut off"
  }
}

/// Records on the disk before they are acknowledged: what makes a source that cannot be read again exactly-once.
///
/// Guarantees: records are numbered from 0; when an append has returned (or its acknowledgement was called) its records
/// are on the medium and are read back after any crash, in order, each once. A torn tail is cut off on opening and
/// reported. Damage within the log is an error that names file and byte. One object at a time may hold a folder, until it
/// is closed or let go of; another one is refused, also one of another process.
/// Cost: one write and one fsync a group: all records that gathered while the group before was being written (group
/// commit), so the throughput grows with the number of appending threads. Segments that were let go of are deleted.
/// Calls of ``FileOperations``: on opening, create and lock the folder, list, read, truncate and flush the last segment,
/// or remove it when its header is torn; per group, write and synchronize, before the first of a segment create and write
/// of the header, after it synchronizeFolder; `trim` removes.
public final class WriteAheadLog: @unchecked Sendable {
  struct Segment {
    var firstIndex: UInt64
    var path: String
    /// Bytes that are on the medium.
    var byteCount: UInt64
  }
  typealias Acknowledgement = (end: UInt64, call: @Sendable (Result<UInt64, any Error>) -> Void)
  struct State {
    var segments: [Segment] = []
    /// Number of the next record to come, and of the first that is not on the medium yet.
    var end: UInt64 = 0
    var durableEnd: UInt64 = 0
    var pending = OutputBuffer(capacity: 1 << 16)
    var acknowledgements: [Acknowledgement] = []
    var isCommitting = false
    var isClosed = false
    var failure: (any Error)?
    var committer: WorkerThread?
  }
  public let directory: String
  public let recovery: LogRecovery
  let options: WriteAheadLogOptions
  let files: any FileOperations
  let state: Guarded<State>
  /// The right to write to the folder.
  private var lock: (any AnyObject & Sendable)?
  // of whoever commits
  private var writing = OutputBuffer(capacity: 1 << 16)
  private var descriptor: Int32 = -1

  /// Opens the log in a folder, or makes one there. Throws where another one is open.
  public init(
    directory: String, options: WriteAheadLogOptions = WriteAheadLogOptions(),
    files: any FileOperations = MachineFileOperations()
  ) throws {
    self.directory = directory
    self.options = options
    self.files = files
    try files.createFolder(directory)
    lock = try files.lock(folder: directory)
    var s = State()
    recovery = try Self.recover(directory: directory, options: options, files: files, into: &s)
    state = Guarded(s)
  }
  deinit {
    state.withLock { $0.pending.deallocate() }
    writing.deallocate()
  }

  /// The records on the medium that can be read.
  public var records: Range<UInt64> {
    state.withLock { s in (s.segments.first?.firstIndex ?? s.durableEnd)..<s.durableEnd }
  }

  /// Whether something could not be written, so that nothing more is taken.
  var hasFailed: Bool { state.withLock { $0.failure != nil } }

  // MARK: appending

  /// Appends a record and returns its number when it is on the medium. Throws when it cannot be written; the log is
  /// closed to further records then.
  @discardableResult
  public func append(_ record: [UInt8]) throws -> UInt64 {
    try append([record], coding: .bytes).lowerBound
  }
  /// Appends the elements, one record each, and returns their numbers when all are on the medium.
  @discardableResult
  public func append<Element>(_ elements: [Element], coding: ElementCoding<Element>) throws -> Range<UInt64> {
    let range = try enqueue(elements, coding: coding, acknowledge: nil)
    try commit(upTo: range.upperBound)
    return range
  }
  /// Appends the elements and returns at once. `acknowledge` is called with the number after the last one's when all are
  /// on the medium, in order, on the log's thread; it must not append.
  @discardableResult
  public func append<Element>(
    _ elements: [Element], coding: ElementCoding<Element>,
    acknowledge: @escaping @Sendable (Result<UInt64, any Error>) -> Void
  ) throws -> Range<UInt64> {
    let range = try enqueue(elements, coding: coding, acknowledge: acknowledge)
    state.update { s in
      if s.committer == nil { s.committer = WorkerThread { [self] in commitForEver() } }
    }
    return range
  }

  private func enqueue<Element>(
    _ elements: [Element], coding: ElementCoding<Element>,
    acknowledge: (@Sendable (Result<UInt64, any Error>) -> Void)?
  ) throws -> Range<UInt64> {
    try state.update { s in
      if let failure = s.failure { throw failure }
      if s.isClosed {
        throw FileError(path: directory, problem: "is a log that was closed", advice: "open it again")
      }
      let (first, count) = (s.end, s.pending.count)
      do {
        for e in elements {
          let before = s.pending.count
          try LogRecords.append(s.end, to: &s.pending) { try coding.encode(e, &$0) }
          let n = s.pending.count - before - LogRecords.prefixByteCount
          if n > options.recordByteCountMax {
            throw FileError(
              path: directory,
              problem: "takes records of at most \(options.recordByteCountMax) bytes; this one has \(n)",
              advice: "raise recordByteCountMax or split the record")
          }
          s.end += 1
        }
      } catch {
        (s.end, s.pending.count) = (first, count)
        throw error
      }
      if let acknowledge { s.acknowledgements.append((s.end, acknowledge)) }
      return first..<s.end
    }
  }

  private func commitForEver() {
    while true {
      let end: UInt64? = state.wait(
        until: { $0.end > $0.durableEnd || $0.isClosed || $0.failure != nil },
        then: { $0.failure != nil || $0.end == $0.durableEnd ? nil : $0.end })
      guard let end, (try? commit(upTo: end)) != nil else { return }
    }
  }

  /// Returns when the records before `end` are on the medium; writes them unless another thread does.
  private func commit(upTo end: UInt64) throws {
    while true {
      // the range of the group to write; nil when there is nothing left to do
      let group: Range<UInt64>? = try state.wait(
        until: { $0.durableEnd >= end || $0.failure != nil || !$0.isCommitting },
        then: { s in
          if s.durableEnd >= end { return nil }
          if let failure = s.failure { throw failure }
          s.isCommitting = true
          swap(&s.pending, &writing)
          return s.durableEnd..<s.end
        })
      guard let group else { return }
      let result = Result { try write(group) }
      settle(group, result)
    }
  }

  /// Writes a group and flushes it.
  private func write(_ group: Range<UInt64>) throws -> Segment {
    let last = state.withLock { $0.segments.last }
    var segment: Segment
    var isNew = false
    if let last, last.byteCount < UInt64(options.segmentByteCountMax) {
      segment = last
      if descriptor < 0 { descriptor = try files.open(last.path, .append) }
    } else {
      if descriptor >= 0, let last { try files.close(descriptor, path: last.path) }
      descriptor = -1
      segment = Segment(firstIndex: group.lowerBound, path: Self.path(directory, group.lowerBound), byteCount: 0)
      isNew = true
      descriptor = try files.open(segment.path, .create)
      var header = OutputBuffer(capacity: 64)
      defer { header.deallocate() }
      LogRecords.appendHeader(firstIndex: group.lowerBound, to: &header)
      try unsafe files.write(
        descriptor, UnsafeRawBufferPointer(start: header.base, count: header.count), path: segment.path)
      segment.byteCount = UInt64(header.count)
    }
    try unsafe files.write(
      descriptor, UnsafeRawBufferPointer(start: writing.base, count: writing.count), path: segment.path)
    try files.synchronize(descriptor, path: segment.path)
    if isNew { try files.synchronizeFolder(directory) }
    segment.byteCount += UInt64(writing.count)
    writing.count = 0
    return segment
  }

  /// Notes what became of a group and tells those who wait for it.
  private func settle(_ group: Range<UInt64>, _ result: Result<Segment, any Error>) {
    let due: [Acknowledgement] = state.update { s in
      var due: [Acknowledgement] = []
      switch result {
      case .success(let segment):
        if s.segments.last?.firstIndex == segment.firstIndex { s.segments.removeLast() }
        s.segments.append(segment)
        s.durableEnd = group.upperBound
        due = Array(s.acknowledgements.prefix { $0.end <= group.upperBound })
      case .failure(let error):
        s.failure = error
        due = s.acknowledgements
      }
      s.acknowledgements.removeFirst(due.count)
      return due
    }
    for a in due { a.call(result.map { _ in a.end }) }
    state.update { $0.isCommitting = false }
  }

  /// Writes what waits and closes the log. Throws what kept records from being written.
  public func close() throws {
    let (end, committer) = state.update { s in
      s.isClosed = true
      defer { s.committer = nil }
      return (s.end, s.committer)
    }
    try commit(upTo: end)
    committer?.join()
    if descriptor >= 0 { try files.close(descriptor, path: state.withLock { $0.segments.last?.path ?? "" }) }
    descriptor = -1
    lock = nil
  }

  /// Lets go of records that will not be asked for again: deletes the segments that hold nothing else.
  public func trim(before index: UInt64) throws {
    while true {
      let path: String? = state.withLock { s in
        guard s.segments.count > 1, s.segments[1].firstIndex <= index else { return nil }
        return s.segments.removeFirst().path
      }
      guard let path else { return }
      try files.remove(path)
    }
  }

  /// Reads from a record on; throws when the log does not reach back or on to there.
  public func reader(from index: UInt64) throws -> LogReader { try LogReader(self, from: index) }
}
