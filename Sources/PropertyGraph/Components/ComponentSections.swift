import FlatMemory

/// The named sections of bytes a keeper of components is restored from.
///
/// Guarantees: a section that is absent or of the wrong length is refused with its name; nothing is read beyond it.
/// Cost: one copy of the bytes.
@safe struct ComponentSections {
  let lookUp: (String) -> UnsafeRawBufferPointer?

  /// Runs `body` with the sections behind a closure that does not outlive the call.
  static func withSections<Result>(
    _ lookUp: (String) -> UnsafeRawBufferPointer?, _ body: (ComponentSections) throws(ComponentStateError) -> Result
  ) throws(ComponentStateError) -> Result {
    let outcome = unsafe withoutActuallyEscaping(lookUp) { lookUp -> Swift.Result<Result, ComponentStateError> in
      do throws(ComponentStateError) {
        return unsafe .success(try body(ComponentSections(lookUp: lookUp)))
      } catch { return .failure(error) }
    }
    return try outcome.get()
  }

  /// Replaces an array's elements by those of a section; `count` is checked when given.
  func read<Element>(
    _ name: String, into array: inout FlatArray<Element>, count: Int? = nil
  ) throws(ComponentStateError) {
    guard let bytes = unsafe lookUp(name) else { throw .missingSection(name) }
    let stride = MemoryLayout<Element>.stride
    guard bytes.count % stride == 0, count == nil || count == bytes.count / stride else {
      throw .damagedSection(name)
    }
    array.removeAll()
    array.reserve(bytes.count / stride)
    if let source = bytes.baseAddress {
      unsafe UnsafeMutableRawPointer(array.base).copyMemory(from: source, byteCount: bytes.count)
    }
    array.count = bytes.count / stride
  }

  /// The words of the header; the first is the version, the second whether labels are tracked.
  func header() throws(ComponentStateError) -> [UInt64] {
    var words = FlatArray<UInt64>()
    defer { words.deallocate() }
    try read("header", into: &words)
    return unsafe Array(words.elements)
  }

  /// The words of the header, of which there must be `count`, for one version.
  func header(version: UInt64, count: Int) throws(ComponentStateError) -> [UInt64] {
    let words = try header()
    guard words.first == version else { throw .unknownVersion(words.first ?? 0) }
    guard words.count == count else { throw .damagedSection("header") }
    return words
  }
}
