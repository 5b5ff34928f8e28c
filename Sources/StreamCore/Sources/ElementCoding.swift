public import FlatMemory
import Foundation

/// How elements become the bytes of a write-ahead log's records, and elements again.
@safe public struct ElementCoding<Element>: @unchecked Sendable {
  /// Appends an element's bytes. Reserve room first (`OutputBuffer.reserve(_:)`).
  public let encode: (_ element: Element, _ bytes: inout OutputBuffer) throws -> Void
  /// The element that the bytes stand for; they go away after the call.
  public let decode: (_ bytes: UnsafeRawBufferPointer) throws -> Element

  /// A form of one's own; what `decode` throws ends the run.
  public init(
    encode: @escaping (_ element: Element, _ bytes: inout OutputBuffer) throws -> Void,
    decode: @escaping (_ bytes: UnsafeRawBufferPointer) throws -> Element
  ) {
    self.encode = encode
    unsafe self.decode = unsafe decode
  }
}

extension ElementCoding where Element == String {
  /// Text as UTF-8.
  public static var utf8: ElementCoding<String> {
    unsafe ElementCoding(encode: { $1.text($0) }, decode: { unsafe String(decoding: $0, as: UTF8.self) })
  }
}

extension ElementCoding where Element == [UInt8] {
  /// The bytes themselves.
  public static var bytes: ElementCoding<[UInt8]> {
    unsafe ElementCoding(
      encode: { element, bytes in
        bytes.reserve(element.count)
        unsafe element.withUnsafeBufferPointer {
          if let p = $0.baseAddress { unsafe bytes.bytesExact(p, $0.count) }
        }
      }, decode: { unsafe Array($0) })
  }
}

extension ElementCoding where Element: Codable {
  /// JSON: readable by any build whose type still decodes it.
  public static var json: ElementCoding<Element> {
    unsafe ElementCoding(
      encode: { element, bytes in
        let json = try JSONEncoder().encode(element)
        bytes.reserve(json.count)
        unsafe json.withUnsafeBytes {
          if let p = $0.baseAddress { unsafe bytes.bytesExact(p.assumingMemoryBound(to: UInt8.self), $0.count) }
        }
      }, decode: { unsafe try JSONDecoder().decode(Element.self, from: Data($0)) })
  }
}
