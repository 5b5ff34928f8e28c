import EventFormats

/// Fuzzes the --fields option and paths of JSON keys; libFuzzer's own main calls it.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  fuzzFieldsOption(UnsafeRawBufferPointer(start: start, count: count))
  return 0
}
