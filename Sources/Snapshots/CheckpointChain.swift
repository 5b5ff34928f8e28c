/// A checkpoint with everything it builds on: its own file, then each base, down to the full one.
///
/// Guarantees: each base is the very file its delta was written on (file checksums match) with the same block size;
/// every block of every section has exactly one source before any memory for sections is asked for.
/// Cost of restoring: one decompression of each block, on all processors, straight to its final place.
struct CheckpointChain {
  /// Newest first; the last is a full one.
  let files: [SnapshotFile]

  var newest: SnapshotFile { files[0] }

  /// Follows the bases of `id`; a base that cannot be opened makes the chain unusable.
  init(of id: UInt64, in files: CheckpointFiles) throws(SnapshotError) {
    try self.init(of: id) { (id) throws(SnapshotError) in try files.open(id) }
  }

  /// The same with the files from wherever `open` has them.
  init(of id: UInt64, opening open: (UInt64) throws(SnapshotError) -> SnapshotFile) throws(SnapshotError) {
    var chain = [try open(id)]
    while let baseID = chain[chain.count - 1].baseID {
      let delta = chain[chain.count - 1]
      func unusable(_ why: String) -> SnapshotError {
        SnapshotError(
          .unusableBase, "it builds on checkpoint \(baseID), \(why)", path: chain[0].path,
          advice: "restore that file from a copy to use this checkpoint again")
      }
      let base: SnapshotFile
      do throws(SnapshotError) {
        base = try open(baseID)
      } catch {
        throw unusable("which is not usable (\(error.path ?? ""): \(error.problem))")
      }
      guard base.checksum == delta.header.baseChecksum else {
        throw unusable("but \(base.path) is another file than the one it was written on")
      }
      guard base.chainLength + 1 == delta.chainLength, base.blockByteCount == delta.blockByteCount else {
        throw unusable("but \(base.path) has another chain length or block size")
      }
      chain.append(base)
    }
    self.files = chain
  }

  /// The chain of a full checkpoint's file; nil for a delta.
  init?(standingAlone file: SnapshotFile) {
    guard file.kind == .full else { return nil }
    files = [file]
  }

  /// Reads everything. `threads` 0 means one a processor.
  func restore(threads: Int, warnings: [String]) throws(SnapshotError) -> RecoveredCheckpoint {
    let sections = newest.sections
    let (starts, byteCount) = SectionMemory.layout(sections.map(\.rawByteCount))
    let lookups = files.dropFirst().map { file in
      Dictionary(uniqueKeysWithValues: file.sections.map { ($0.name, $0) })
    }
    var jobs: [ParallelDecoder.Job] = []
    var ranges: [String: Range<Int>] = [:]
    for (section, start) in zip(sections, starts) {
      try collect(section, at: start, bases: lookups.map { $0[section.name] }, into: &jobs)
      ranges[section.name] = start..<start + section.rawByteCount
    }
    let metadata = try newest.metadata()
    let memory = try SectionMemory(byteCount: byteCount)
    try ParallelDecoder(jobs: jobs, memory: memory.bytes).run(threads: threads)
    return RecoveredCheckpoint(
      info: CheckpointInfo(newest), metadata: metadata, sectionNames: sections.map(\.name), ranges: ranges,
      memory: memory, warnings: warnings)
  }

  /// Finds the newest frame of each block of a section.
  private func collect(
    _ section: SnapshotSection, at start: Int, bases: [SnapshotSection?], into jobs: inout [ParallelDecoder.Job]
  ) throws(SnapshotError) {
    let block = newest.blockByteCount
    let blockCount = SnapshotSection.blockCount(section.rawByteCount, block)
    func incomplete(_ file: SnapshotFile, _ why: String) -> SnapshotError {
      .malformed("section '\(section.name)' of checkpoint \(newest.id) is incomplete: \(why)", path: file.path)
    }
    // frames there are bound what a hostile length can make us allocate
    let available = bases.reduce(section.frames.count) { $0 + ($1?.frames.count ?? 0) }
    guard blockCount <= available else {
      throw incomplete(newest, "\(blockCount) blocks are declared and \(available) are stored in the whole chain")
    }
    var isFound = [Bool](repeating: false, count: blockCount)
    var missing = blockCount
    for (depth, file) in files.enumerated() where missing > 0 {
      guard let here = depth == 0 ? section : bases[depth - 1] else {
        throw incomplete(file, "checkpoint \(file.id) lacks the section")
      }
      for frame in here.frames where frame.blockIndex < blockCount && !isFound[frame.blockIndex] {
        isFound[frame.blockIndex] = true
        missing -= 1
        jobs.append(
          ParallelDecoder.Job(
            source: file.source, frame: frame, destination: start + frame.blockIndex * block,
            sectionName: section.name))
      }
      // a block that this file takes from its base has the length it has here
      for index in 0..<blockCount where missing > 0 && !isFound[index] {
        guard depth + 1 < files.count, let base = bases[depth],
          index < SnapshotSection.blockCount(base.rawByteCount, block),
          SnapshotSection.blockLength(index, of: base.rawByteCount, block)
            == SnapshotSection.blockLength(index, of: here.rawByteCount, block)
        else { throw incomplete(file, "block \(index) is neither here nor in a base") }
      }
    }
  }
}
