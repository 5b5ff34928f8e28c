public import FlatMemory

/// Collects one operator's state as named runs of bytes, copied into buffers that are reused from checkpoint to
/// checkpoint: after the first one, taking a snapshot costs a flat copy and no page faults.
public final class StateSnapshot: @unchecked Sendable {
  struct Section {
    var name: String
    var buffer: OutputBuffer
    var deferred: Deferred?
    /// Whether the buffer holds what was put off.
    var isTransient = false
  }
  /// Bytes that are supplied when the checkpoint is written.
  @safe struct Deferred {
    let byteCount: Int
    let fill: @Sendable (UnsafeMutableRawBufferPointer) -> Void
  }
  let prefix: String
  private(set) var sections: [Section] = []
  private(set) var used = 0
  private var failure: (any Error)?

  init(prefix: String) { self.prefix = prefix }
  deinit { for s in sections { s.buffer.deallocate() } }

  func reset() {
    for i in sections.indices { sections[i].deferred = nil }
    used = 0
    failure = nil
  }

  /// Adds a section made of one run of bytes.
  public func add(_ name: String, _ bytes: UnsafeRawBufferPointer) {
    add(name) { b in
      b.reserve(bytes.count)
      if let p = bytes.baseAddress { unsafe b.bytesExact(p.assumingMemoryBound(to: UInt8.self), bytes.count) }
    }
  }
  /// Adds a section that `fill` writes.
  public func add(_ name: String, _ fill: (inout OutputBuffer) -> Void) {
    if used == sections.count { sections.append(Section(name: "", buffer: OutputBuffer(capacity: 256))) }
    sections[used].name = prefix + "/" + name
    sections[used].deferred = nil
    sections[used].buffer.count = 0
    fill(&sections[used].buffer)
    used += 1
  }
  /// Adds a section of trivial values.
  public func add<T: BitwiseCopyable>(_ name: String, values: UnsafeBufferPointer<T>) {
    unsafe add(name, UnsafeRawBufferPointer(values))
  }
  /// Adds a section of `byteCount` bytes that `fill` writes later, on the thread that writes the checkpoint, while
  /// processing goes on: what it reads must not change meanwhile, and must outlive the operator. It is called once or,
  /// when the run ends before, never.
  public func addDeferred(
    _ name: String, byteCount: Int, _ fill: @escaping @Sendable (UnsafeMutableRawBufferPointer) -> Void
  ) {
    add(name) { _ in }
    sections[used - 1].deferred = unsafe Deferred(byteCount: byteCount, fill: fill)
  }
  /// Says that the state cannot be written: the checkpoint is given up and the run ends with this error.
  public func fail(_ error: any Error) { failure = failure ?? error }

  var finished: ArraySlice<Section> { sections[0..<used] }

  /// Fetches what was put off; called by the thread that writes the checkpoint, before it reads ``finished``.
  func complete() throws {
    if let failure { throw failure }
    for i in 0..<used {
      guard let deferred = sections[i].deferred else { continue }
      sections[i].buffer.reserve(deferred.byteCount)
      unsafe deferred.fill(
        UnsafeMutableRawBufferPointer(start: sections[i].buffer.base, count: deferred.byteCount))
      sections[i].buffer.count = deferred.byteCount
      sections[i].deferred = nil
      sections[i].isTransient = true
    }
  }
  /// Frees the memory of sections that were put off: it is not needed on the path of processing, so it is not kept.
  func releaseDeferred() {
    for i in sections.indices where sections[i].isTransient {
      sections[i].buffer.deallocate()
      sections[i].buffer = OutputBuffer(capacity: 256)
      sections[i].isTransient = false
    }
  }
}

/// What one operator wrote at a checkpoint, to restore from.
@safe public struct RestoredState {
  let prefix: String
  let lookUp: (String) -> UnsafeRawBufferPointer?

  /// The bytes of a section. Throws ``StateError/missing(_:)`` when the checkpoint has none of that name.
  public func section(_ name: String) throws -> UnsafeRawBufferPointer {
    guard let b = unsafe lookUp(prefix + "/" + name) else { throw StateError.missing(prefix + "/" + name) }
    return unsafe b
  }

  /// Whether the checkpoint has a section of that name.
  public func contains(_ name: String) -> Bool { unsafe lookUp(prefix + "/" + name) != nil }

  /// The values of a section of trivial values. Throws when its size is not a whole number of them.
  public func values<T: BitwiseCopyable>(_ name: String, of type: T.Type) throws -> [T] {
    let b = try unsafe section(name)
    guard b.count % MemoryLayout<T>.stride == 0 else { throw StateError.size(prefix + "/" + name, b.count) }
    return unsafe [T](unsafeUninitializedCapacity: b.count / MemoryLayout<T>.stride) { out, n in
      unsafe UnsafeMutableRawBufferPointer(out).copyMemory(from: b)
      n = b.count / MemoryLayout<T>.stride
    }
  }
}

/// A checkpoint whose sections do not fit the operators of this job.
public enum StateError: Error, CustomStringConvertible, Equatable {
  case missing(String)
  case size(String, Int)
  case version(String, found: Int, readable: Int)
  /// A trivial type that lies in memory otherwise than when the checkpoint was written.
  case layout(String, found: String, readable: String)
  case undecodable(String, String)

  public var description: String {
    switch self {
    case .missing(let name): "the checkpoint has no state named '\(name)'"
    case .size(let name, let n): "the state '\(name)' has an impossible size of \(n) bytes"
    case .version(let name, let found, let readable):
      "the state '\(name)' has version \(found); this build reads version \(readable). Run the older build or start over with --fresh"
    case .layout(let name, let found, let readable):
      "the state '\(name)' holds values of another layout: \(found); this build has \(readable). "
        + "Give its StateSchema a migration, run the older build or start over with --fresh"
    case .undecodable(let name, let why): "the state '\(name)' cannot be read: \(why)"
    }
  }
}

extension StateSnapshot {
  /// Adds a number.
  public func addCount(_ name: String, _ count: Int) {
    unsafe withUnsafeBytes(of: Int64(count)) { unsafe add(name, $0) }
  }
}
extension RestoredState {
  /// A number that ``StateSnapshot/addCount(_:_:)`` wrote.
  public func count(_ name: String) throws -> Int {
    guard let n = try values(name, of: Int64.self).first else { throw StateError.size("\(prefix)/\(name)", 0) }
    return Int(n)
  }
}
