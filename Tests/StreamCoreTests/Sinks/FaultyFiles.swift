import Foundation
import StreamCore
import TestSupport

/// Files in memory that fail on demand: the process dies before, in or after any call, the power fails and takes what was
/// not flushed with it, the disk is full.
final class FaultyFiles: FileOperations, @unchecked Sendable {
  struct Crash: Error, Equatable {}
  private final class Node {
    var bytes: [UInt8] = []
    /// What the medium has.
    var durable: [UInt8] = []
  }
  private enum Change {
    case set(String, Node)
    case remove(String)
  }
  private let lock = NSLock()
  private var nodes: [String: Node] = [:]
  /// Names as the medium has them, and the changes that were not flushed yet, by folder.
  private var durableNodes: [String: Node] = [:]
  private var unflushed: [String: [[Change]]] = [:]
  private var open: [Int32: Node] = [:]
  private var nextDescriptor: Int32 = 100
  private var random: SeededRandom
  /// Changing calls left until the process dies; nil: it does not.
  private var fuse: Int?
  private var isDead = false
  private var bytesLeft = Int.max
  private(set) var callCount = 0

  init(_ random: SeededRandom = SeededRandom(seed: 1)) { self.random = random }

  /// The process dies at the n-th changing call from now, which is done, half done or not done.
  func crash(atCall n: Int) { lock.withLock { fuse = n } }
  func fillDisk(afterByteCount n: Int) { lock.withLock { bytesLeft = n } }
  func freeDisk() { lock.withLock { bytesLeft = .max } }
  /// A new process; after a power failure only what was flushed is sure to be there.
  func restart(powerFailed: Bool) {
    lock.withLock {
      fuse = nil
      isDead = false
      open = [:]
      guard powerFailed else { return }
      for changes in unflushed.values {
        for change in changes.prefix(random.below(changes.count + 1)) { apply(change, to: &durableNodes) }
      }
      unflushed = [:]
      nodes = durableNodes
      var seen: Set<ObjectIdentifier> = []
      for node in nodes.values where seen.insert(ObjectIdentifier(node)).inserted { lose(node) }
    }
  }
  private func lose(_ node: Node) {
    if node.bytes.starts(with: node.durable) {
      let extra = random.below(node.bytes.count - node.durable.count + 1)
      var bytes = Array(node.bytes.prefix(node.durable.count + extra))
      // pages that were allocated and never written
      if extra > 0, random.one(in: 3) { bytes[bytes.count - 1 - random.below(extra)] = 0 }
      node.bytes = bytes
    } else if random.one(in: 2) {
      node.bytes = node.durable
    }
    node.durable = node.bytes
  }
  private func apply(_ changes: [Change], to names: inout [String: Node]) {
    for c in changes {
      switch c {
      case .set(let path, let node): names[path] = node
      case .remove(let path): names[path] = nil
      }
    }
  }

  /// Files by path as the process sees them.
  var contents: [String: [UInt8]] { lock.withLock { nodes.mapValues(\.bytes) } }
  func setContent(_ path: String, _ bytes: [UInt8]) { lock.withLock { nodes[path]!.bytes = bytes } }

  /// Runs a changing call, or part of it when its hour has come.
  private func change<R>(_ whole: () throws -> R, half: () -> Void = {}) throws -> R {
    try lock.withLock {
      if isDead { throw Crash() }
      callCount += 1
      guard let left = fuse else { return try whole() }
      fuse = left - 1
      if left > 1 { return try whole() }
      isDead = true
      switch random.below(3) {
      case 0: break
      case 1: half()
      default: _ = try? whole()
      }
      throw Crash()
    }
  }
  private func look<R>(_ body: () throws -> R) throws -> R {
    try lock.withLock {
      if isDead { throw Crash() }
      return try body()
    }
  }
  private func folder(_ path: String) -> String { (path as NSString).deletingLastPathComponent }
  private func rename(_ changes: [Change], in folder: String) {
    apply(changes, to: &nodes)
    unflushed[folder, default: []].append(changes)
  }

  func createFolder(_ path: String) throws { try look {} }
  func names(inFolder path: String) throws -> [String] {
    try look { nodes.keys.filter { folder($0) == path }.map { ($0 as NSString).lastPathComponent } }
  }
  func open(_ path: String, _ mode: FileMode) throws -> Int32 {
    func give(_ node: Node) -> Int32 {
      nextDescriptor += 1
      open[nextDescriptor] = node
      return nextDescriptor
    }
    if mode == .create {
      return try change {
        if let node = nodes[path] {
          node.bytes = []
          return give(node)
        }
        let node = Node()
        rename([.set(path, node)], in: folder(path))
        return give(node)
      }
    }
    return try look {
      guard let node = nodes[path] else { throw missing(path) }
      return give(node)
    }
  }
  private func missing(_ path: String) -> FileError {
    FileError(number: ENOENT, path: path, problem: "is missing", advice: "")
  }
  func write(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer, path: String) throws {
    try change {
      let n = min(bytes.count, bytesLeft)
      open[descriptor]!.bytes += bytes.prefix(n)
      bytesLeft -= n
      if n < bytes.count {
        throw FileError(number: ENOSPC, path: path, problem: "cannot be written: no space", advice: "free some")
      }
    } half: {
      open[descriptor]!.bytes += bytes.prefix(random.below(bytes.count + 1))
    }
  }
  func synchronize(_ descriptor: Int32, path: String) throws {
    try change { open[descriptor]!.durable = open[descriptor]!.bytes }
  }
  func close(_ descriptor: Int32, path: String) throws { try look { open[descriptor] = nil } }
  func byteCount(_ path: String) throws -> UInt64? { try look { nodes[path].map { UInt64($0.bytes.count) } } }
  func read(_ path: String, at offset: UInt64, into bytes: UnsafeMutableRawBufferPointer) throws -> Int {
    try look {
      guard let node = nodes[path] else { throw missing(path) }
      let part = node.bytes.dropFirst(Int(offset)).prefix(bytes.count)
      bytes.copyBytes(from: part)
      return part.count
    }
  }
  func truncate(_ path: String, to byteCount: UInt64) throws {
    try change {
      guard let node = nodes[path] else { throw missing(path) }
      node.bytes.removeLast(max(0, node.bytes.count - Int(byteCount)))
    }
  }
  func rename(_ from: String, to: String) throws {
    try change {
      guard let node = nodes[from] else { throw missing(from) }
      rename([.remove(from), .set(to, node)], in: folder(from))
    }
  }
  func remove(_ path: String) throws {
    try change { if nodes[path] != nil { rename([.remove(path)], in: folder(path)) } }
  }
  func synchronizeFolder(_ path: String) throws {
    try change {
      for c in unflushed.removeValue(forKey: path) ?? [] { apply(c, to: &durableNodes) }
    }
  }
}
