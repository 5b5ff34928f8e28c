/// Sections of a snapshot that do not fit the graph they are restored into.
public enum GraphStateError: Error, CustomStringConvertible, Equatable {
  /// The section's size is not what the counts of the snapshot ask for.
  case size(section: String, bytes: Int, expectedBytes: Int)
  /// The snapshot was written by a graph of other options, or its contents contradict each other.
  case contents(section: String, reason: String)

  public var description: String {
    switch self {
    case .size(let section, let bytes, let expected):
      "the graph state '\(section)' has \(bytes) bytes where \(expected) were expected: the snapshot is damaged"
    case .contents(let section, let reason):
      "the graph state '\(section)' does not fit: \(reason)"
    }
  }
}

/// Copies the sections of a snapshot into flat memory, checking their sizes.
@safe struct GraphSectionReader {
  let section: (String) throws -> UnsafeRawBufferPointer

  /// The values of a section, as many as it holds.
  func values<T: BitwiseCopyable>(_ name: String, of type: T.Type = T.self) throws -> [T] {
    let bytes = try unsafe section(name)
    let stride = MemoryLayout<T>.stride
    guard bytes.count % stride == 0 else {
      throw GraphStateError.size(section: name, bytes: bytes.count, expectedBytes: bytes.count / stride * stride)
    }
    return unsafe [T](unsafeUninitializedCapacity: bytes.count / stride) { out, count in
      unsafe UnsafeMutableRawBufferPointer(out).copyMemory(from: bytes)
      count = bytes.count / stride
    }
  }

  /// Exactly `count` values, as for a header.
  func values<T: BitwiseCopyable>(_ name: String, count: Int) throws -> [T] {
    let values: [T] = try values(name)
    guard values.count == count else { throw sizeError(name, values.count, count, T.self) }
    return values
  }

  /// Fills the first `count` elements of an array.
  func fill<T: BitwiseCopyable>(_ array: ReservedArray<T>, _ name: String, count: Int) throws {
    let bytes = try unsafe section(name)
    let expected = count * MemoryLayout<T>.stride
    guard bytes.count == expected else {
      throw GraphStateError.size(section: name, bytes: bytes.count, expectedBytes: expected)
    }
    guard count <= array.capacity else {
      throw GraphStateError.contents(section: name, reason: "it is larger than the options of this graph allow")
    }
    if let p = bytes.baseAddress { unsafe UnsafeMutableRawPointer(array.base).copyMemory(from: p, byteCount: expected) }
  }

  private func sizeError<T>(_ name: String, _ count: Int, _ expected: Int, _ type: T.Type) -> GraphStateError {
    let stride = MemoryLayout<T>.stride
    return .size(section: name, bytes: count * stride, expectedBytes: expected * stride)
  }
}
