import FlatMemory
import Foundation

/// A file that is whole and not published yet.
struct FinishedPart: Codable, Equatable, Sendable {
  var number: UInt64
  var rows: UInt64
  var bytes: UInt64
  var isDurable = false
  private enum CodingKeys: String, CodingKey { case number, rows, bytes }
  init(number: UInt64, rows: UInt64, bytes: UInt64) {
    (self.number, self.rows, self.bytes) = (number, rows, bytes)
  }
}

/// The folder of a ``FileSink``: which files are whole, durable, published.
///
/// Files go through: written aside; whole; durable; counted on by a checkpoint on the disk; renamed; in the manifest.
/// Calls of ``FileOperations``, in their order:
/// - `startOver`: createFolder, names; remove of the manifest, then of the files of the run before, synchronizeFolder;
/// - `makeDurable` (background): open, synchronize and close of each file that is new, synchronizeFolder;
/// - `publish` (background, or at the end of the stream): the same for what is not durable; rename of each file,
///   synchronizeFolder, the manifest (``FileManifest``);
/// - `restore`: names; rename of what the checkpoint had counted on; the manifest; remove of what came later,
///   rename of the open file back aside where it had been published, synchronizeFolder, truncate of it,
///   synchronizeFolder.
final class FileSinkStore: @unchecked Sendable {
  private struct State {
    var finished: [FinishedPart] = []
    var manifest = FileManifest()
    /// What the newest copy of the state counts on: files below this number, and the open file.
    var countedOn: UInt64 = 0
    var openNumber: UInt64?
    var failure: (any Error)?
  }
  /// What a checkpoint keeps, as JSON.
  private struct Kept: Codable {
    var finished: [FinishedPart]
    var manifest: FileManifest
  }
  let names: FileSinkNames
  let files: any FileOperations
  private let state = Guarded(State())
  /// Held while files are renamed, so that the lock of the state is never held over a call to the disk.
  private let publishing = Guarded(())

  init(names: FileSinkNames, files: any FileOperations) {
    self.names = names
    self.files = files
  }

  var manifest: FileManifest { state.withLock { $0.manifest } }
  func add(_ part: FinishedPart) { state.withLock { $0.finished.append(part) } }
  func fail(_ error: any Error) { state.withLock { $0.failure = $0.failure ?? error } }
  private func check() throws { if let e = state.withLock({ $0.failure }) { throw e } }

  /// Removes what an earlier run left: its leftovers and its published files, which this run replaces.
  func startOver() throws {
    try files.createFolder(names.folder)
    let there = try files.names(inFolder: names.folder)
    let manifest = [FileManifest.fileName, FileManifest.fileName + FileSinkNames.asideSuffix]
    var removed = false
    for name in manifest + there.filter({ names.number(of: $0) != nil }).sorted() where there.contains(name) {
      try files.remove(names.folder + "/" + name)
      removed = true
    }
    if removed { try files.synchronizeFolder(names.folder) }
  }

  // MARK: checkpoints

  func snapshot(into snapshot: StateSnapshot, openNumber: UInt64?) {
    let kept = state.withLock { s in
      s.countedOn = (s.finished.last?.number).map { $0 + 1 } ?? s.manifest.files
      s.openNumber = openNumber
      return Kept(finished: s.finished, manifest: s.manifest)
    }
    let text = Array(encodeDetail(kept).utf8)
    unsafe text.withUnsafeBytes { unsafe snapshot.add("files", $0) }
  }

  /// Flushes what the newest copy of the state counts on.
  func makeDurable() throws {
    try check()
    let (parts, open) = state.withLock { s in
      (s.finished.filter { $0.number < s.countedOn && !$0.isDurable }.map(\.number), s.openNumber)
    }
    try publishing.withLock { _ in
      for number in parts { try flush(number) }
      // it may have become whole meanwhile, but not published: that waits for the checkpoint
      if let open { try flush(open) }
      if !parts.isEmpty || open != nil { try files.synchronizeFolder(names.folder) }
    }
    state.withLock { s in
      for i in s.finished.indices where parts.contains(s.finished[i].number) { s.finished[i].isDurable = true }
    }
  }
  private func flush(_ number: UInt64) throws {
    // at the end of the stream it is published at once
    let path = try files.byteCount(names.aside(number)) == nil ? names.path(number) : names.aside(number)
    let descriptor = try files.open(path, .flush)
    try files.synchronize(descriptor, path: path)
    try files.close(descriptor, path: path)
  }

  func wasCommitted() throws { try publish(upTo: state.withLock { $0.countedOn }) }

  /// Publishes the whole files below a number.
  func publish(upTo end: UInt64) throws {
    try check()
    try publishing.withLock { _ in
      let due = state.withLock { s in s.finished.filter { $0.number < end } }
      if due.isEmpty, try end < .max || files.byteCount(names.folder + "/" + FileManifest.fileName) != nil { return }
      for part in due where !part.isDurable { try flush(part.number) }
      for part in due { try files.rename(names.aside(part.number), to: names.path(part.number)) }
      if !due.isEmpty { try files.synchronizeFolder(names.folder) }
      let manifest = state.withLock { s in
        for part in due { s.manifest.add(published(part)) }
        s.finished.removeFirst(due.count)
        return s.manifest
      }
      try manifest.write(folder: names.folder, files: files)
    }
  }
  private func published(_ part: FinishedPart) -> PublishedPart {
    PublishedPart(name: names.name(part.number), rows: part.rows, bytes: part.bytes)
  }

  // MARK: resuming

  /// Brings the folder back to what the checkpoint knows. `wanted`: the open file's bytes, when there was one.
  func restore(from snapshot: RestoredState, openNumber: UInt64, wanted: RunningDigest?) throws {
    let section = try unsafe snapshot.section("files")
    guard let kept = try? JSONDecoder().decode(Kept.self, from: unsafe Data(section)) else {
      throw StateError.size("files", section.count)
    }
    try files.createFolder(names.folder)
    let there = Set(try files.names(inFolder: names.folder))
    if let wanted { try checkOpenFile(openNumber, wanted, there) }
    var manifest = kept.manifest
    var renamed = false
    for part in kept.finished {
      if there.contains(names.name(part.number) + FileSinkNames.asideSuffix) {
        try files.rename(names.aside(part.number), to: names.path(part.number))
        renamed = true
      } else if !there.contains(names.name(part.number)) {
        // who reads the files may have taken a published one away
        let known = try FileManifest.read(folder: names.folder, files: files)?.files ?? 0
        if known <= part.number { throw isMissing(part.number) }
      }
      manifest.add(published(part))
    }
    if renamed { try files.synchronizeFolder(names.folder) }
    state.withLock { $0 = State(manifest: manifest, countedOn: openNumber) }
    try manifest.write(folder: names.folder, files: files)
    for name in there.sorted() {
      guard let n = names.number(of: name), n >= openNumber else { continue }
      if wanted != nil, n == openNumber { continue }
      try files.remove(names.folder + "/" + name)
    }
    if let wanted {
      if !there.contains(names.name(openNumber) + FileSinkNames.asideSuffix) {
        try files.rename(names.path(openNumber), to: names.aside(openNumber))
      } else if there.contains(names.name(openNumber)) {
        try files.remove(names.path(openNumber))
      }
      // not cut before the medium knows that it is no longer published
      try files.synchronizeFolder(names.folder)
      try files.truncate(names.aside(openNumber), to: wanted.count)
    }
    try files.synchronizeFolder(names.folder)
  }

  private func isMissing(_ number: UInt64) -> FileError {
    FileError(
      path: names.path(number),
      problem: "(or its '\(FileSinkNames.asideSuffix)') is missing or is not what the "
        + "checkpoint left",
      advice: "put it back or start over with --fresh")
  }

  /// The open file must begin with what the checkpoint counted on.
  private func checkOpenFile(_ number: UInt64, _ wanted: RunningDigest, _ there: Set<String>) throws {
    let isAside = there.contains(names.name(number) + FileSinkNames.asideSuffix)
    guard isAside || there.contains(names.name(number)) else { throw isMissing(number) }
    let path = isAside ? names.aside(number) : names.path(number)
    var found = RunningDigest()
    let chunkByteCount = 1 << 20
    var chunk = [UInt8](repeating: 0, count: chunkByteCount + 32)
    while found.count < wanted.count {
      let count = min(chunkByteCount, Int(wanted.count - found.count))
      let n = try unsafe chunk.withUnsafeMutableBytes {
        try unsafe files.read(path, at: found.count, into: UnsafeMutableRawBufferPointer(rebasing: $0[..<count]))
      }
      if n == 0 { throw isMissing(number) }
      unsafe chunk.withUnsafeBufferPointer { unsafe found.append($0.baseAddress!, n) }
    }
    if found != wanted { throw isMissing(number) }
  }
}
