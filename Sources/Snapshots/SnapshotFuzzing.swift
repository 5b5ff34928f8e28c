/// Reads arbitrary bytes as a snapshot file, with and without checking checksums, down to every block.
///
/// For fuzzers: returns normally whatever the bytes are. Checksums are also ignored once because no fuzzer guesses
/// them, and the code behind them must hold as well.
/// Cost: bounded by the input: at most 16 MiB of state is accepted.
public func fuzzSnapshotReader(_ bytes: UnsafeRawBufferPointer) {
  let limits = SnapshotLimits(
    rawByteCountMax: 1 << 24, metadataByteCountMax: 1 << 20, sectionCountMax: 1 << 16, tableByteCountMax: 1 << 24)
  for verification in [SnapshotFile.Verification.checksum, .none] {
    guard let file = try? SnapshotFile(bytes: bytes, limits: limits, verification: verification) else { continue }
    _ = try? file.metadata()
    _ = try? file.verifyBlocks(threads: 1)
    _ = try? CheckpointChain(standingAlone: file)?.restore(threads: 1, warnings: [])
    for section in file.sections { _ = section.storedByteCount }
  }
}
