import CKernels
public import FlatMemory

/// Appends one dead letter: `{"source":…,"offset":…,"reason":…,"raw":…}` and a newline, with `"line":…` before the
/// offset if the number of the line is given. Raw bytes that are not UTF-8
/// are written as `"raw_base64"` instead, so that nothing of the line is lost.
///
/// - Parameters:
///   - offset: of the line in the decompressed input, in bytes.
///   - raw: the line as it came, `rawLength` bytes; up to 15 bytes past it are read.
/// Cost: about 1 ns a byte.
public func appendDeadLetter(
  to output: inout OutputBuffer, source: String, line: Int? = nil, offset: UInt64, reason: String,
  raw: UnsafePointer<UInt8>, rawLength: Int
) {
  output.reserve(96 + 6 * (source.utf8.count + reason.utf8.count + rawLength))
  output.text("{\"source\":")
  appendJSONString(&output, source)
  if let line {
    output.text(",\"line\":")
    output.integer(Int64(line))
  }
  output.text(",\"offset\":")
  output.integer(Int64(clamping: offset))
  output.text(",\"reason\":")
  appendJSONString(&output, reason)
  if unsafe tw_utf8_valid(raw, rawLength) != 0 {
    output.text(",\"raw\":")
    unsafe output.jsonString(raw, rawLength)
  } else {
    output.text(",\"raw_base64\":\"")
    unsafe appendBase64(&output, raw, rawLength)
    output.byte(34)
  }
  output.text("}\n")
}

private func appendJSONString(_ output: inout OutputBuffer, _ text: String) {
  let bytes = Array(text.utf8) + [UInt8](repeating: 0, count: 16)
  unsafe bytes.withUnsafeBufferPointer { unsafe output.jsonString($0.baseAddress!, bytes.count - 16) }
}

/// RFC 4648, with padding. Reserve `4 * (n + 2) / 3` first.
private func appendBase64(_ output: inout OutputBuffer, _ p: UnsafePointer<UInt8>, _ n: Int) {
  func digit(_ v: Int) -> UInt8 {
    switch v & 63 {
    case let d where d < 26: UInt8(65 + d)
    case let d where d < 52: UInt8(71 + d)
    case let d where d < 62: UInt8(d - 4)
    case 62: 43
    default: 47
    }
  }
  var i = 0
  while i < n {
    let left = n - i
    let v = unsafe Int(p[i]) << 16 | (left > 1 ? Int(p[i + 1]) << 8 : 0) | (left > 2 ? Int(p[i + 2]) : 0)
    output.byte(digit(v >> 18))
    output.byte(digit(v >> 12))
    output.byte(left > 1 ? digit(v >> 6) : 61)
    output.byte(left > 2 ? digit(v) : 61)
    i += 3
  }
}
