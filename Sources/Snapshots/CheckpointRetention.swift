/// Which checkpoints to keep, and the removal of the rest.
///
/// Guarantees: the newest `keep` good checkpoints stay with all they build on; from `keep` 2 on also the newest good
/// one that shares no file with the newest. Only files older than the oldest of the `keep` are removed, so a damaged
/// one stays to be looked at until it has aged out. Newer files go first, so a crash half-way leaves no delta
/// without its base.
/// Cost: files found on opening are verified once, on the first write; after that a look at the folder a write.
struct CheckpointRetention: Sendable {
  private struct Known: Sendable {
    var base: UInt64?
    var isGood: Bool
  }
  private var known: [UInt64: Known] = [:]

  /// A checkpoint that was just written.
  mutating func note(_ id: UInt64, base: UInt64?) { known[id] = Known(base: base, isGood: true) }

  /// A checkpoint whose file turned out to be damaged.
  mutating func noteDamage(_ id: UInt64) { known[id] = Known(base: nil, isGood: false) }

  /// Removes what is no longer needed; returns what could not be done.
  mutating func apply(to folder: CheckpointFolder, options: CheckpointStoreOptions) -> [String] {
    do throws(SnapshotError) {
      let ids = try folder.scan().ids
      learn(ids, folder, options.limits)
      var warnings: [String] = []
      for id in removable(ids, keep: options.keep).reversed() {
        do throws(SnapshotError) {
          try options.fileSystem.remove(folder.filePath(of: id))
          known[id] = nil
        } catch {
          warnings.append("an old checkpoint stays: \(error)")
        }
      }
      return warnings
    } catch {
      return ["old checkpoints stay: \(error)"]
    }
  }

  private mutating func learn(_ ids: [UInt64], _ folder: CheckpointFolder, _ limits: SnapshotLimits) {
    let files = CheckpointFiles(folder: folder, limits: limits, verification: .checksum)
    for id in ids where known[id] == nil {
      let file = try? files.open(id)
      known[id] = Known(base: file?.baseID, isGood: file != nil)
    }
    known = known.filter { ids.contains($0.key) }
  }

  /// A checkpoint and all it builds on, newest first; nil if one of them is damaged or missing.
  private func chain(_ id: UInt64) -> [UInt64]? {
    var chain: [UInt64] = []
    var next: UInt64? = id
    while let current = next {
      guard let entry = known[current], entry.isGood else { return nil }
      chain.append(current)
      next = entry.base
    }
    return chain
  }

  private func removable(_ ids: [UInt64], keep: Int) -> [UInt64] {
    var needed: Set<UInt64> = []
    var kept: [UInt64] = []
    var newestRoot: UInt64?
    var hasSecondChain = keep < 2
    for id in ids.reversed() {
      guard let chain = chain(id), let root = chain.last else { continue }
      if newestRoot == nil { newestRoot = root }
      let isOfSecondChain = root != newestRoot
      if kept.count < keep {
        kept.append(id)
      } else if hasSecondChain || !isOfSecondChain {
        continue
      }
      hasSecondChain = hasSecondChain || isOfSecondChain
      needed.formUnion(chain)
    }
    guard kept.count == keep, let oldest = kept.last else { return [] }
    return ids.filter { $0 < oldest && !needed.contains($0) }
  }
}
