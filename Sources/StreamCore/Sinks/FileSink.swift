import FlatMemory
import Foundation

/// When a file sink goes on in another file, and how it publishes.
public struct FileSinkOptions: Sendable {
  /// A file is followed by another one when it has so many rows.
  public var rowsMax: UInt64
  /// … or when it has reached so many bytes (the row that does it is the file's last).
  public var bytesMax: UInt64
  /// … or, at the end of a batch, when it was begun so long ago in processing time. Where files are cut then depends on
  /// the clock; which rows they hold together does not.
  public var ageMillisecondsMax: Int64
  /// Whether the job keeps checkpoints: files are published when one that counts on them is on the disk. Otherwise they
  /// are published as soon as they are whole.
  public var isCheckpointed: Bool
  /// Rows gather in memory until they have so many bytes, or the file is whole.
  public var writeByteCount: Int

  /// The properties in one expression, each with its default.
  public init(
    rowsMax: UInt64 = .max, bytesMax: UInt64 = 128 << 20, ageMillisecondsMax: Int64 = .max, isCheckpointed: Bool = true,
    writeByteCount: Int = 1 << 18
  ) {
    self.rowsMax = rowsMax
    self.bytesMax = bytesMax
    self.ageMillisecondsMax = ageMillisecondsMax
    self.isCheckpointed = isCheckpointed
    self.writeByteCount = writeByteCount
  }
}

/// Writes a stream to the files of a folder, exactly once.
///
/// Guarantees: a file appears under its name when it is whole and a checkpoint that counts on it is on the disk (or the
/// stream has ended), by rename; `_manifest.json` names it then. After a crash the files are cut back to what the
/// checkpoint knows and go on from there: names, bytes and manifest are those of a run without a crash. A job that
/// starts over replaces the files of the run before and cleans up after it. Foreign files are never touched.
/// Cost: the formatter; one write per 256 KiB; while a checkpoint is written in the background, a flush of each file that
/// is new to it; a rename and one rewrite of the manifest (at most 1,000 lines) per checkpoint that
/// publishes.
/// Errors: given to `onFailure` once; nothing is written or published after that, and no checkpoint counts on it.
/// Calls of ``FileOperations``: see `FileSinkStore`; the thread that processes only creates, writes and closes.
public final class FileSink<Element>: Consumer<Element>, CheckpointedState, @unchecked Sendable {
  private let format: RowFormat<Element>
  private let options: FileSinkOptions
  private let clock: any ProcessingClock
  private let store: FileSinkStore
  private let onFailure: @Sendable (any Error) -> Void
  // the file being written; of the processing thread
  private var number: UInt64 = 0
  private var rows: UInt64 = 0
  private var digest = RunningDigest()
  private var buffer = OutputBuffer(capacity: 1 << 18)
  private var descriptor: Int32 = -1
  private var begun: Int64 = 0
  private var hasStarted = false
  private var hasFailed = false

  /// - Parameter onFailure: makes the run fail (``StreamingContext/fail(_:)``).
  public init(
    folder: String, format: RowFormat<Element>, options: FileSinkOptions = FileSinkOptions(),
    clock: any ProcessingClock = SystemClock(), files: any FileOperations = MachineFileOperations(),
    onFailure: @escaping @Sendable (any Error) -> Void
  ) {
    precondition(options.rowsMax > 0 && options.bytesMax > 0, "a file must be allowed a row")
    self.format = format
    self.options = options
    self.clock = clock
    self.onFailure = onFailure
    store = FileSinkStore(
      names: FileSinkNames(folder: folder, fileExtension: format.fileExtension), files: files)
  }
  deinit { buffer.deallocate() }

  /// Rows of the file being written, its bytes, and what has been published.
  public var manifest: FileManifest { store.manifest }

  public override func consume(_ run: PartitionRun<Element>, _ batch: Batch) {
    attempt {
      try start()
      for i in unsafe 0..<run.elements.count {
        if descriptor < 0 { try begin() }
        do { try unsafe format.append(run.elements[i], run.bytes, &buffer) } catch {
          throw FileError(
            path: store.names.path(number), problem: "cannot take row \(rows + 1): \(error)",
            advice: "correct the formatter or filter the element out")
        }
        rows += 1
        let byteCount = digest.count + UInt64(buffer.count)
        if rows >= options.rowsMax || byteCount >= options.bytesMax {
          try roll()
        } else if buffer.count >= options.writeByteCount {
          try flush()
        }
      }
    }
  }

  public override func endBatch(_ batch: Batch) {
    attempt {
      try start()
      if descriptor >= 0, options.ageMillisecondsMax < .max,
        clock.nowMilliseconds - begun >= options.ageMillisecondsMax
      {
        try roll()
      }
      // stopped, without checkpoints to go on from: what there is is all there will be
      if batch.isEnd || batch.isLast && !options.isCheckpointed { try finish() }
    }
  }

  /// Publishes everything: at the end of the stream, or when a job without checkpoints is stopped.
  public func finish() throws {
    try start()
    if descriptor >= 0 { try roll() }
    try store.publish(upTo: .max)
  }

  private func attempt(_ body: () throws -> Void) {
    if hasFailed { return }
    do { try body() } catch {
      hasFailed = true
      store.fail(error)
      onFailure(error)
    }
  }

  private func start() throws {
    if hasStarted { return }
    hasStarted = true
    try store.startOver()
  }
  /// Begins the next file.
  private func begin() throws {
    descriptor = try store.files.open(store.names.aside(number), .create)
    rows = 0
    digest = RunningDigest()
    begun = clock.nowMilliseconds
    buffer.text(format.header)
  }
  private func flush() throws {
    guard buffer.count > 0 else { return }
    try unsafe store.files.write(
      descriptor, UnsafeRawBufferPointer(start: buffer.base, count: buffer.count), path: store.names.aside(number))
    unsafe digest.append(buffer.base, buffer.count)
    buffer.count = 0
  }
  /// The file is whole.
  private func roll() throws {
    try flush()
    try store.files.close(descriptor, path: store.names.aside(number))
    descriptor = -1
    store.add(FinishedPart(number: number, rows: rows, bytes: digest.count))
    number += 1
    rows = 0
    digest = RunningDigest()
    if !options.isCheckpointed { try store.publish(upTo: number) }
  }

  // MARK: checkpoints

  public func snapshot(into snapshot: StateSnapshot) {
    attempt { try start() }
    let age = descriptor >= 0 ? clock.nowMilliseconds - begun : 0
    let open: [UInt64] = [number, rows, descriptor >= 0 ? 1 : 0, UInt64(bitPattern: age)] + digest.words
    unsafe open.withUnsafeBufferPointer { unsafe snapshot.add("open", values: $0) }
    unsafe snapshot.add("pending", UnsafeRawBufferPointer(start: buffer.base, count: buffer.count))
    store.snapshot(into: snapshot, openNumber: descriptor >= 0 ? number : nil)
  }

  public func restore(from snapshot: RestoredState) throws {
    let open = try snapshot.values("open", of: UInt64.self)
    guard open.count == 4 + RunningDigest.wordCount, let digest = RunningDigest(words: Array(open[4...])) else {
      throw StateError.size("open", open.count * 8)
    }
    hasStarted = true
    (number, rows, begun) = (open[0], open[1], clock.nowMilliseconds - Int64(bitPattern: open[3]))
    self.digest = digest
    let pending = try unsafe snapshot.section("pending")
    buffer.count = 0
    buffer.reserve(pending.count)
    if let p = pending.baseAddress {
      unsafe buffer.bytesExact(p.assumingMemoryBound(to: UInt8.self), pending.count)
    }
    try store.restore(from: snapshot, openNumber: number, wanted: open[2] == 1 ? digest : nil)
    if open[2] == 1 { descriptor = try store.files.open(store.names.aside(number), .append) }
  }

  public func makeDurable() throws { try store.makeDurable() }
  public func wasCommitted() throws { try store.wasCommitted() }
}
