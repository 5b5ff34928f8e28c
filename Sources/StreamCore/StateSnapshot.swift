public import FlatMemory
import Synchronization

/// Collects one operator's state as named runs of bytes, copied one behind the other into memory that is kept from
/// checkpoint to checkpoint: taking a snapshot costs a flat copy, and no page faults once the memory was touched.
/// ``prepare()`` touches it ahead, on another thread.
public final class StateSnapshot: @unchecked Sendable {
  struct Section {
    var name: String
    /// In the common memory.
    var start: Int
    var byteCount = 0
    var deferred: Deferred?
    /// Of its own: what was put off.
    var own: OutputBuffer?
  }
  /// Bytes that are supplied when the checkpoint is written.
  @safe struct Deferred {
    let byteCount: Int
    let fill: @Sendable (UnsafeMutableRawBufferPointer) -> Void
  }
  let prefix: String
  private var sections: [Section] = []
  private var memory = OutputBuffer(capacity: 256)
  private var failure: (any Error)?
  /// About how many bytes the next snapshot takes, as the operator last said.
  let expectedByteCount = Atomic<Int>(0)
  private let touchedByteCount = Atomic<Int>(0)

  init(prefix: String) { self.prefix = prefix }
  deinit {
    releaseDeferred()
    memory.deallocate()
  }

  func reset() {
    releaseDeferred()
    sections.removeAll(keepingCapacity: true)
    memory.count = 0
    failure = nil
  }

  // MARK: readying memory

  /// Bytes of memory that the next snapshot would be the first to touch, by what the operator last said.
  var untouchedByteCount: Int {
    max(0, expectedByteCount.load(ordering: .relaxed) - touchedByteCount.load(ordering: .relaxed))
  }
  /// Touches the memory that the next snapshot needs, and an eighth more; not while a snapshot is taken or written.
  ///
  /// A page that is touched for the first time costs more than copying it, many times more where the machine has to
  /// find it; here it is not processing that waits.
  func prepare() {
    let expected = expectedByteCount.load(ordering: .relaxed)
    memory.count = 0
    memory.reserveTouched(expected + expected / 8)
    touchedByteCount.store(expected + expected / 8, ordering: .relaxed)
  }

  // MARK: taking a snapshot

  /// Adds a section made of one run of bytes.
  public func add(_ name: String, _ bytes: UnsafeRawBufferPointer) {
    add(name) { b in
      b.reserve(bytes.count)
      if let p = bytes.baseAddress { unsafe b.bytesExact(p.assumingMemoryBound(to: UInt8.self), bytes.count) }
    }
  }
  /// Adds a section that `fill` appends. The buffer may hold other sections before it.
  public func add(_ name: String, _ fill: (inout OutputBuffer) -> Void) {
    memory.align(to: 16)
    var section = Section(name: prefix + "/" + name, start: memory.count)
    fill(&memory)
    section.byteCount = memory.count - section.start
    sections.append(section)
    if memory.count > touchedByteCount.load(ordering: .relaxed) {
      touchedByteCount.store(memory.count, ordering: .relaxed)
    }
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
    sections[sections.count - 1].deferred = unsafe Deferred(byteCount: byteCount, fill: fill)
  }
  /// Says that the state cannot be written: the checkpoint is given up and the run ends with this error.
  public func fail(_ error: any Error) { failure = failure ?? error }

  // MARK: writing it

  /// Fetches what was put off; called by the thread that writes the checkpoint, before it reads ``finished``.
  func complete() throws {
    if let failure { throw failure }
    for i in sections.indices {
      guard let deferred = sections[i].deferred else { continue }
      // processing does not wait for this memory, so it is not kept
      var own = OutputBuffer(capacity: deferred.byteCount)
      unsafe deferred.fill(UnsafeMutableRawBufferPointer(start: own.base, count: deferred.byteCount))
      own.count = deferred.byteCount
      sections[i].own = own
      sections[i].deferred = nil
    }
  }
  /// The sections in order; their bytes stay until the next snapshot, those that were put off until
  /// ``releaseDeferred()``.
  var finished: [(name: String, bytes: UnsafeRawBufferPointer)] {
    unsafe sections.map { s in
      guard let own = s.own else {
        return unsafe (s.name, UnsafeRawBufferPointer(start: memory.base + s.start, count: s.byteCount))
      }
      return unsafe (s.name, UnsafeRawBufferPointer(start: own.base, count: own.count))
    }
  }
  /// Frees the memory of sections that were put off.
  func releaseDeferred() {
    for i in sections.indices {
      sections[i].own?.deallocate()
      sections[i].own = nil
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
