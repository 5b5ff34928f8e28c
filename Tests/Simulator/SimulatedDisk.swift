import Foundation
package import Snapshots
package import StreamCore
package import TestSupport

/// Files in memory, with what the medium has kept apart from what is only in the cache: stands in for the file system of
/// sinks, logs and checkpoints.
///
/// Guarantees, those of a journaling file system: a rename is atomic; names are durable after the folder was flushed, and
/// without that the oldest of the changes may be; bytes are durable after the file was flushed, and without that any
/// sectors of them may be. A dead process cannot change or see anything.
package final class SimulatedDisk: FileOperations, SnapshotFileSystem, @unchecked Sendable {
  private final class Node {
    var bytes: [UInt8] = []
    /// What the medium has.
    var durable: [UInt8] = []
  }
  private enum Change {
    case set(String, Node)
    case remove(String)
  }
  private static let sectorByteCount = 64
  private let lock = NSLock()
  private var nodes: [String: Node] = [:]
  /// Names as the medium has them, and the changes that were not flushed yet, by folder; what is done by one call is one.
  private var durableNodes: [String: Node] = [:]
  private var unflushed: [String: [[Change]]] = [:]
  private var open: [Int32: Node] = [:]
  private var nextDescriptor: Int32 = 1_000_000
  private var random: SeededRandom
  private var fault: DiskFault?
  private var isDead = false
  private var bytesLeft = Int.max
  /// Calls since the fault was armed, and those of the kind that it is for.
  private var calls = 0
  private var callsOfKind = 0
  private let gate: WriterGate?
  private let tally: Tally
  /// Told of each changing call.
  var trace: (@Sendable (String) -> Void)?

  package convenience init(_ random: SeededRandom = SeededRandom(seed: 1)) {
    self.init(random, gate: nil, tally: Tally())
  }
  init(_ random: SeededRandom, gate: WriterGate?, tally: Tally) {
    self.random = random
    self.gate = gate
    self.tally = tally
  }

  // MARK: faults

  /// From now on a fault is to come, or none; what is left to chance comes from the seed.
  func arm(_ fault: DiskFault?, seed: UInt64) {
    lock.withLock {
      (self.fault, calls, callsOfKind, bytesLeft) = (fault, 0, 0, .max)
      random = SeededRandom(seed: seed)
    }
  }
  func disarm() { lock.withLock { (fault, bytesLeft) = (nil, .max) } }
  /// The process dies at the n-th changing call from now, which is done, half done or not done.
  package func crash(atCall n: Int) {
    lock.withLock {
      let effect = random.pick([DiskFault.Effect.crashBefore, .crashHalfway, .crashAfter])
      (fault, calls, callsOfKind) = (DiskFault(number: n, effect: effect), 0, 0)
    }
  }
  package func fillDisk(afterByteCount n: Int) { lock.withLock { bytesLeft = n } }
  package func freeDisk() { lock.withLock { bytesLeft = .max } }
  package var isProcessDead: Bool { lock.withLock { isDead } }
  /// The process dies now.
  package func kill() { lock.withLock { isDead = true } }
  /// Changing calls since the fault was armed.
  package var callCount: Int { lock.withLock { calls } }
  /// A new process; after a power failure only what was flushed is sure to be there.
  package func restart(powerFailed: Bool) {
    lock.withLock {
      fault = nil
      isDead = false
      bytesLeft = .max
      open = [:]
      if powerFailed {
        tally.count("power failure")
        losePower()
      }
    }
  }
  private func losePower() {
    var lostNames = false
    for folder in unflushed.keys.sorted() {
      let changes = unflushed[folder]!
      let kept = random.below(changes.count + 1)
      for change in changes.prefix(kept) { apply(change, to: &durableNodes) }
      lostNames = lostNames || kept < changes.count
    }
    if lostNames { tally.count("power failure that lost names") }
    unflushed = [:]
    nodes = durableNodes
    var seen: Set<ObjectIdentifier> = []
    var lostBytes = false
    for path in nodes.keys.sorted() where seen.insert(ObjectIdentifier(nodes[path]!)).inserted {
      let before = nodes[path]!.bytes
      lose(nodes[path]!)
      lostBytes = lostBytes || nodes[path]!.bytes != before
    }
    if lostBytes { tally.count("power failure that lost bytes") }
  }
  /// Of what was not flushed, random sectors survive.
  private func lose(_ node: Node) {
    if node.bytes == node.durable { return }
    if !node.bytes.starts(with: node.durable), random.one(in: 2) {
      // cut back or written anew, and the medium does not know
      node.bytes = node.durable
      return
    }
    let same = zip(node.bytes, node.durable).prefix { $0 == $1 }.count
    var bytes = Array(node.bytes.prefix(same + random.below(node.bytes.count - same + 1)))
    var at = same
    while at < bytes.count {
      let end = min((at / Self.sectorByteCount + 1) * Self.sectorByteCount, bytes.count)
      if random.one(in: 4) { for i in at..<end { bytes[i] = 0 } }
      at = end
    }
    node.bytes = bytes
    node.durable = bytes
  }
  private func apply(_ changes: [Change], to names: inout [String: Node]) {
    for c in changes {
      switch c {
      case .set(let path, let node): names[path] = node
      case .remove(let path): names[path] = nil
      }
    }
  }

  /// Flips a bit of a file.
  func damage(_ path: String) {
    lock.withLock {
      guard let node = nodes[path], !node.bytes.isEmpty else { return }
      let at = random.below(node.bytes.count)
      node.bytes[at] ^= 1 << UInt8(random.below(8))
      node.durable = node.bytes
    }
  }
  /// Files by path below a folder, as a process sees them.
  func contents(under folder: String) -> [String: [UInt8]] { contents.filter { $0.key.hasPrefix(folder + "/") } }
  /// Files by path.
  package var contents: [String: [UInt8]] { lock.withLock { nodes.mapValues(\.bytes) } }
  /// Puts other bytes into a file that is there.
  package func setContent(_ path: String, _ bytes: [UInt8]) { lock.withLock { nodes[path]!.bytes = bytes } }

  // MARK: calls

  private static func dead(_ path: String) -> SnapshotError {
    SnapshotError(.inputOutput(0), "the process is dead", path: path, advice: "")
  }
  private func error(_ number: Int32, _ problem: String, _ path: String) -> SnapshotError {
    SnapshotError(.inputOutput(number), problem, path: path, advice: "")
  }

  /// Runs a changing call, or what comes of it when its hour has come.
  private func change<R>(
    _ kind: DiskCall, _ path: String, _ detail: String = "", _ whole: () throws(SnapshotError) -> R,
    half: () -> Void = {}
  ) throws(SnapshotError) -> R {
    gate?.pass()
    lock.lock()
    defer { lock.unlock() }
    if isDead { throw Self.dead(path) }
    calls += 1
    if fault?.call == kind { callsOfKind += 1 }
    trace?("\(calls) \(kind.rawValue)\(detail) \(path)")
    guard let fault, fault.number == (fault.call == nil ? calls : callsOfKind), fault.call ?? kind == kind else {
      return try whole()
    }
    // a call of the kind comes once with this number
    self.fault = nil
    trace?("\(fault.effect)")
    switch fault.effect {
    case .crashBefore:
      tally.count("crash before \(kind.rawValue)")
    case .crashHalfway:
      half()
      tally.count("crash within \(kind.rawValue)")
    case .crashAfter:
      tally.count("crash after \(kind.rawValue)")
      _ = try whole()
    case .failure(let isHalfDone):
      if isHalfDone { half() }
      tally.count("failed \(kind.rawValue)")
      throw error(5, "cannot be used: input/output error", path)
    case .full(let byteCount):
      bytesLeft = byteCount
      return try whole()
    }
    isDead = true
    throw Self.dead(path)
  }
  private func look<R>(_ path: String, _ body: () throws(SnapshotError) -> R) throws(SnapshotError) -> R {
    gate?.pass()
    lock.lock()
    defer { lock.unlock() }
    if isDead { throw Self.dead(path) }
    return try body()
  }
  private func folder(_ path: String) -> String {
    String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
  }
  private func rename(_ changes: [Change], in folder: String) {
    apply(changes, to: &nodes)
    unflushed[folder, default: []].append(changes)
  }
  private func give(_ node: Node) -> Int32 {
    nextDescriptor += 1
    open[nextDescriptor] = node
    return nextDescriptor
  }
  private func node(_ path: String) throws(SnapshotError) -> Node {
    guard let node = nodes[path] else { throw error(2, "is missing", path) }
    return node
  }

  package func create(_ path: String) throws(SnapshotError) -> Int32 {
    try change(.create, path) { () throws(SnapshotError) in
      if bytesLeft == 0 {
        tally.count("disk full")
        throw error(28, "cannot be created: no space left", path)
      }
      if let node = nodes[path] {
        node.bytes = []
        return give(node)
      }
      let node = Node()
      rename([.set(path, node)], in: folder(path))
      return give(node)
    }
  }
  package func open(_ path: String, _ mode: FileMode) throws -> Int32 {
    if mode == .create { return try create(path) }
    return try look(path) { () throws(SnapshotError) in give(try node(path)) }
  }
  package func write(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer, path: String) throws(SnapshotError) {
    try change(.write, path, " \(bytes.count)") { () throws(SnapshotError) in
      let n = min(bytes.count, bytesLeft)
      open[descriptor]!.bytes += bytes.prefix(n)
      if bytesLeft < .max { bytesLeft -= n }
      if n < bytes.count {
        tally.count("disk full")
        throw error(28, "cannot be written: no space left", path)
      }
    } half: {
      let n = random.below(bytes.count + 1)
      if n > 0, n < bytes.count { tally.count("torn write") }
      open[descriptor]!.bytes += bytes.prefix(n)
    }
  }
  package func synchronize(_ descriptor: Int32, path: String) throws(SnapshotError) {
    try change(.synchronize, path) { () throws(SnapshotError) in open[descriptor]!.durable = open[descriptor]!.bytes }
  }
  package func close(_ descriptor: Int32, path: String) throws(SnapshotError) {
    try look(path) { () throws(SnapshotError) in open[descriptor] = nil }
  }
  package func byteCount(_ path: String) throws -> UInt64? {
    try look(path) { () throws(SnapshotError) in nodes[path].map { UInt64($0.bytes.count) } }
  }
  package func read(_ path: String, at offset: UInt64, into bytes: UnsafeMutableRawBufferPointer) throws -> Int {
    try look(path) { () throws(SnapshotError) in
      let part = try node(path).bytes.dropFirst(Int(offset)).prefix(bytes.count)
      bytes.copyBytes(from: part)
      return part.count
    }
  }
  package func truncate(_ path: String, to byteCount: UInt64) throws {
    try change(.truncate, path, " \(byteCount)") { () throws(SnapshotError) in
      let node = try node(path)
      node.bytes.removeLast(max(0, node.bytes.count - Int(byteCount)))
    }
  }
  package func rename(_ from: String, to: String) throws(SnapshotError) {
    try change(.rename, from, " to \(to)") { () throws(SnapshotError) in
      let node = try node(from)
      rename([.remove(from), .set(to, node)], in: folder(from))
    }
  }
  package func remove(_ path: String) throws(SnapshotError) {
    try change(.remove, path) { () throws(SnapshotError) in
      if nodes[path] != nil { rename([.remove(path)], in: folder(path)) }
    }
  }
  package func synchronizeFolder(_ path: String) throws(SnapshotError) {
    try change(.synchronizeFolder, path) { () throws(SnapshotError) in
      for c in unflushed.removeValue(forKey: path) ?? [] { apply(c, to: &durableNodes) }
    }
  }
  package func createFolder(_ path: String) throws(SnapshotError) { try look(path) { () throws(SnapshotError) in } }
  package func names(inFolder path: String) throws(SnapshotError) -> [String] {
    try look(path) { () throws(SnapshotError) in
      nodes.keys.filter { folder($0) == path }.map { String($0.dropFirst(path.count + 1)) }.sorted()
    }
  }
  package func source(_ path: String) throws(SnapshotError) -> SnapshotSource {
    try look(path) { () throws(SnapshotError) in SnapshotSource(bytes: try node(path).bytes, name: path) }
  }
  private final class Lock: Sendable {}
  package func lock(folder: String) throws(SnapshotError) -> any AnyObject & Sendable {
    try look(folder) { () throws(SnapshotError) in Lock() }
  }
}
