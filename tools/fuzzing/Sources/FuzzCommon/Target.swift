import EventFormats

/// Fuzzes Common access log lines to events; libFuzzer's own main calls it.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  fuzzDecoder(.common, UnsafeRawBufferPointer(start: start, count: count))
  return 0
}
