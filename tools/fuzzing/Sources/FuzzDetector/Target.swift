import EventFormats

/// Fuzzes the head of an input to a decoding plan; libFuzzer's own main calls it.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  fuzzDetector(UnsafeRawBufferPointer(start: start, count: count))
  return 0
}
