import EventFormats

/// Fuzzes NDJSON lines to events; libFuzzer's own main calls it.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  fuzzDecoder(.ndjson, UnsafeRawBufferPointer(start: start, count: count))
  return 0
}
