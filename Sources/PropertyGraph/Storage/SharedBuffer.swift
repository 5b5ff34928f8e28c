import FlatMemory

/// An immutable run of trivial values in memory of its own, shared by every copy: value semantics without copying.
///
/// Guarantees: never written once it is built, so it may be read from any thread; ``readablePadding`` bytes after the
/// last element may be read, which lets scans run in whole groups.
/// Cost: a copy is one reference count; loops take the pointer once with ``withUnsafeBufferPointer(_:)`` and count
/// nothing. Runs from 1 MiB on lie in 2 MiB pages where the kernel grants them: far fewer misses in its address tables.
@safe public struct SharedBuffer<Element: BitwiseCopyable & Sendable>: RandomAccessCollection, @unchecked Sendable {
  /// Bytes after the last element that may be read.
  public static var readablePadding: Int { bytePadding }

  public let count: Int
  let base: UnsafePointer<Element>
  private let memory: OwnedMemory

  fileprivate init(_ run: FreshBuffer<Element>) {
    unsafe (count, base, memory) = unsafe (run.count, UnsafePointer(run.base), run.memory)
  }

  /// A copy of the elements of a collection.
  public init(_ elements: some Collection<Element>) {
    let run = FreshBuffer<Element>(count: elements.count)
    _ = unsafe UnsafeMutableBufferPointer(start: run.base, count: run.count).initialize(from: elements)
    self.init(run)
  }

  public var startIndex: Int { 0 }
  public var endIndex: Int { count }
  public subscript(_ position: Int) -> Element {
    precondition(position >= 0 && position < count, "position \(position) is outside 0 ..< \(count)")
    return unsafe base[position]
  }

  /// Calls `body` with the elements; they stay alive until it returns.
  public func withUnsafeBufferPointer<Result, Failure: Error>(
    _ body: (UnsafeBufferPointer<Element>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    defer { withExtendedLifetime(memory) {} }
    return try unsafe body(UnsafeBufferPointer(start: base, count: count))
  }

  public func withContiguousStorageIfAvailable<Result>(
    _ body: (UnsafeBufferPointer<Element>) throws -> Result
  ) rethrows -> Result? {
    defer { withExtendedLifetime(memory) {} }
    return unsafe try body(UnsafeBufferPointer(start: base, count: count))
  }
}

extension SharedBuffer: Equatable where Element: Equatable {
  public static func == (a: SharedBuffer, b: SharedBuffer) -> Bool { a.elementsEqual(b) }
}

/// A shared buffer while it is written, by one owner: all zero at first.
///
/// Nothing may be written any more once it is ``frozen()``.
@safe struct FreshBuffer<Element: BitwiseCopyable & Sendable>: @unchecked Sendable {
  let count: Int
  let base: UnsafeMutablePointer<Element>
  fileprivate let memory: OwnedMemory

  init(count: Int) {
    memory = OwnedMemory(zeroedByteCount: count * MemoryLayout<Element>.stride + bytePadding)
    unsafe base = unsafe memory.base.bindMemory(to: Element.self, capacity: count)
    self.count = count
  }

  func frozen() -> SharedBuffer<Element> { SharedBuffer(self) }
}

/// Zero-filled memory freed with its last reference; large runs come straight from the system.
@safe final class OwnedMemory: @unchecked Sendable {
  static let reservedBytesMin = 1 << 20

  let base: UnsafeMutableRawPointer
  private let reserved: ReservedMemory?

  init(zeroedByteCount byteCount: Int) {
    if byteCount >= OwnedMemory.reservedBytesMin {
      let memory = ReservedMemory(byteCount: byteCount, hugePages: true)
      unsafe base = unsafe memory.base
      reserved = memory
    } else {
      unsafe base = .allocate(byteCount: byteCount, alignment: 64)
      unsafe base.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
      reserved = nil
    }
  }

  deinit { if let reserved { reserved.release() } else { unsafe base.deallocate() } }
}
