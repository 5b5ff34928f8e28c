// Entry points for fuzzers of the snapshot reader: arbitrary bytes as a file, and arbitrary choices as checkpoints whose
// checksums are sound.

/// The most a fuzzed file may claim.
private let fuzzLimits = SnapshotLimits(
  rawByteCountMax: 1 << 24, metadataByteCountMax: 1 << 20, sectionCountMax: 1 << 16, tableByteCountMax: 1 << 24)

/// Reads arbitrary bytes as a snapshot file, with and without checking checksums, down to every block.
///
/// For fuzzers: returns normally whatever the bytes are. Checksums are also ignored once because no fuzzer guesses
/// them, and the code behind them must hold as well.
/// Cost: bounded by the input: at most 16 MiB of state is accepted.
public func fuzzSnapshotReader(_ bytes: UnsafeRawBufferPointer) {
  for verification in [SnapshotFile.Verification.checksum, .structure, .none] {
    guard let file = try? unsafe SnapshotFile(bytes: bytes, limits: fuzzLimits, verification: verification) else {
      continue
    }
    _ = try? file.metadata()
    _ = try? file.verifyBlocks(threads: 1)
    _ = try? CheckpointChain(standingAlone: file)?.restore(threads: 1, warnings: [])
    for section in file.sections { _ = section.storedByteCount }
    _ = fuzzDescription(file)
  }
}

/// Writes a chain of up to four checkpoints by arbitrary choices, some of them lies, and restores its newest one.
///
/// For fuzzers: traps unless a chain without lies is restored exactly, and a byte changed afterwards is seen.
public func fuzzCheckpointChain(_ bytes: UnsafeRawBufferPointer) {
  var tape = unsafe FuzzTape(bytes)
  var chain: [FuzzedCheckpoint] = []
  for _ in 0...tape.below(4) { chain.append(FuzzedCheckpoint(&tape, on: chain.last)) }
  var files = Dictionary(uniqueKeysWithValues: chain.map { ($0.id, $0.file) })
  let newest = chain[chain.count - 1]
  fuzzRestore(files, newest.id) { restored throws(SnapshotError) in
    guard newest.isHonest else {
      _ = try? restored()
      return
    }
    do throws(SnapshotError) {
      let checkpoint = try restored()
      precondition(checkpoint.metadata == newest.metadata, "the metadata are those written")
      precondition(checkpoint.sectionNames == newest.state.map(\.name), "the sections are those written")
      for section in newest.state {
        unsafe checkpoint.withSection(section.name) { bytes in
          unsafe precondition(bytes?.elementsEqual(section.bytes) == true, "a section is as it was written")
        }
      }
    } catch {
      preconditionFailure("a sound checkpoint was refused: \(error)")
    }
  }
  // one byte changed in one file of the chain
  let victim = chain[tape.below(chain.count)]
  let at = (tape.below(65_536) << 8 | tape.below(256)) % victim.file.count
  files[victim.id]?[at] ^= max(tape.byte(), 1)
  fuzzRestore(files, newest.id) { restored throws(SnapshotError) in
    // a file that lies about its base may do without it
    let isSeen = (try? restored()) == nil
    precondition(isSeen || !newest.isHonest && victim.id != newest.id, "a changed byte went unseen")
  }
}

private func release(_ copies: [UInt64: UnsafeMutableRawBufferPointer]) {
  for id in unsafe Array(copies.keys) { unsafe copies[id]!.deallocate() }
}

/// Hands `body` the restoring of a checkpoint from files in memory.
private func fuzzRestore(
  _ files: [UInt64: [UInt8]], _ id: UInt64,
  _ body: (() throws(SnapshotError) -> RecoveredCheckpoint) throws(SnapshotError) -> Void
) {
  // copies that the files opened from them may point to
  let copies = unsafe files.mapValues { bytes in
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
    unsafe copy.copyBytes(from: bytes)
    return unsafe copy
  }
  defer { unsafe release(copies) }
  try? body { () throws(SnapshotError) in
    let chain = try CheckpointChain(of: id) { (id) throws(SnapshotError) in
      guard let bytes = unsafe copies[id] else {
        throw SnapshotError(.notFound, "there is no checkpoint \(id)", advice: "look for another")
      }
      return try unsafe SnapshotFile(bytes: UnsafeRawBufferPointer(bytes), limits: fuzzLimits)
    }
    return try chain.restore(threads: 1, warnings: [])
  }
}

/// What `thalweg state show` prints of a file.
private func fuzzDescription(_ file: SnapshotFile) -> String {
  guard let metadata = try? file.metadata() else { return "" }
  let sections = file.sections.map {
    CheckpointInspector.SectionEntry(
      name: $0.name, rawByteCount: $0.rawByteCount, storedRawByteCount: $0.storedRawByteCount,
      storedByteCount: $0.storedByteCount)
  }
  return CheckpointInspector.render(
    CheckpointInspector.Details(
      info: CheckpointInfo(file), blockByteCount: file.blockByteCount, checksum: file.checksum, metadata: metadata,
      sections: sections, chain: [file.id]))
}
