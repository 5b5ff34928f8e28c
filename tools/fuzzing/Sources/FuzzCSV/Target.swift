import EventFormats

/// Fuzzes CSV records to events; libFuzzer's own main calls it.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  fuzzDecoder(.csv, UnsafeRawBufferPointer(start: start, count: count))
  return 0
}
