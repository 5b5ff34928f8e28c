import FlatMemory

extension WriteAheadLog {
  /// `records-00000000000000000042.log`, after the number of its first record.
  static func path(_ directory: String, _ firstIndex: UInt64) -> String {
    let digits = String(firstIndex)
    return directory + "/records-" + String(repeating: "0", count: 20 - digits.count) + digits + ".log"
  }
  private static func firstIndex(ofName name: String, _ directory: String) -> UInt64? {
    guard name.hasPrefix("records-"), name.hasSuffix(".log"), let i = UInt64(name.dropFirst(8).dropLast(4)),
      path(directory, i) == directory + "/" + name
    else { return nil }
    return i
  }

  /// Finds the segments and cuts an unfinished write off the last one.
  static func recover(
    directory: String, options: WriteAheadLogOptions, files: any FileOperations, into s: inout State
  ) throws -> LogRecovery {
    let indices = try files.names(inFolder: directory).compactMap { firstIndex(ofName: $0, directory) }.sorted()
    s.segments = try indices.map {
      let path = path(directory, $0)
      return Segment(firstIndex: $0, path: path, byteCount: try files.byteCount(path) ?? 0)
    }
    var cut: UInt64 = 0
    while let last = s.segments.last {
      if let walk = try SegmentWalk(
        path: last.path, firstIndex: last.firstIndex, end: last.byteCount, payloadMax: options.recordByteCountMax,
        files: files)
      {
        while try unsafe walk.next(end: last.byteCount, { _, _ in }) == .record {}
        cut += last.byteCount - walk.offset
        try cutBack(last, to: walk.offset, files)
        s.segments[s.segments.count - 1].byteCount = walk.offset
        s.end = walk.index
        break
      }
      // a crash came before the header was whole, so no record of it was acknowledged
      cut += last.byteCount
      s.end = last.firstIndex
      try files.remove(last.path)
      try files.synchronizeFolder(directory)
      s.segments.removeLast()
    }
    s.durableEnd = s.end
    return LogRecovery(
      records: (s.segments.first?.firstIndex ?? s.end)..<s.end, cutByteCount: cut, directory: directory)
  }

  /// Cuts, if there is something to cut, and makes what is left durable: the process before may not have.
  private static func cutBack(_ segment: Segment, to byteCount: UInt64, _ files: any FileOperations) throws {
    if byteCount < segment.byteCount { try files.truncate(segment.path, to: byteCount) }
    let descriptor = try files.open(segment.path, .flush)
    try files.synchronize(descriptor, path: segment.path)
    try files.close(descriptor, path: segment.path)
    try files.synchronizeFolder(
      segment.path.split(separator: "/", omittingEmptySubsequences: false).dropLast()
        .joined(separator: "/"))
  }
}

/// Reads a log's records in order, up to what is on the medium, while others append.
///
/// Errors: damage is reported with file, byte and record. One thread at a time.
public final class LogReader: @unchecked Sendable {
  private let log: WriteAheadLog
  /// Number of the next record.
  public private(set) var index: UInt64
  private var walk: SegmentWalk?

  init(_ log: WriteAheadLog, from index: UInt64) throws {
    self.log = log
    self.index = index
    let there = log.records
    guard there.lowerBound <= index, index <= there.upperBound else {
      throw FileError(
        path: log.directory,
        problem: "holds records \(there.lowerBound)..<\(there.upperBound) and cannot be read from record \(index)",
        advice: "the log and the checkpoint do not belong together; put the log back or start over with --fresh")
    }
  }

  /// Gives at most `countMax` records to `body` with their numbers; returns how many. The bytes go away after each call.
  public func read(countMax: Int, _ body: (UInt64, UnsafeRawBufferPointer) throws -> Void) throws -> Int {
    var count = 0
    while count < countMax {
      let (segments, end) = log.state.withLock { ($0.segments, $0.durableEnd) }
      guard index < end else { break }
      let (walk, segment, next) = try current(segments)
      while count < countMax, index < (next ?? end) {
        let step = try unsafe walk.next(end: segment.byteCount) { i, bytes in
          if i < index { return }
          try unsafe body(i, bytes)
          index = i + 1
          count += 1
        }
        if step != .record { throw damage(segment, at: walk) }
      }
      if index == next { self.walk = nil }
    }
    return count
  }

  /// The walk over the segment that holds the next record, and where the segment after it begins.
  private func current(_ segments: [WriteAheadLog.Segment]) throws -> (SegmentWalk, WriteAheadLog.Segment, UInt64?) {
    guard let at = segments.lastIndex(where: { $0.firstIndex <= index }) else {
      throw FileError(
        path: log.directory, problem: "no longer holds record \(index)", advice: "do not trim what is still to be read")
    }
    let segment = segments[at]
    let next = at + 1 < segments.count ? segments[at + 1].firstIndex : nil
    if let walk, walk.path == segment.path { return (walk, segment, next) }
    guard
      let fresh = try SegmentWalk(
        path: segment.path, firstIndex: segment.firstIndex, end: segment.byteCount,
        payloadMax: log.options.recordByteCountMax, files: log.files)
    else { throw damage(segment, at: nil) }
    walk = fresh
    return (fresh, segment, next)
  }

  private func damage(_ segment: WriteAheadLog.Segment, at walk: SegmentWalk?) -> FileError {
    FileError(
      path: segment.path, problem: "is damaged at byte \(walk?.offset ?? 0) (record \(walk?.index ?? index))",
      advice: "restore the file from a copy, or start over with --fresh and an empty log")
  }
}
