import Foundation

/// Text as a key. Swift takes texts for equal that are canonically equivalent in Unicode ("é" as one scalar or as two),
/// so the hash is that of the composed form (NFC).
///
/// Cost: that of the bytes, 1.5 ns up to 16 and then 16 a multiplication, where a glance shows that the text is in the
/// composed form: ASCII and most letters of the living scripts. Other texts are composed first (about 1 µs).
extension String: StreamKey {
  @inlinable
  public func hash(into hasher: inout StableHasher) { hasher.combine(stableHash) }

  @inlinable
  public var stableHash: UInt64 {
    var hash: UInt64?
    unsafe utf8.withContiguousStorageIfAvailable {
      if unsafe String.isSurelyComposed($0) { hash = unsafe StableHasher.hash(UnsafeRawBufferPointer($0)) }
    }
    return hash ?? hashOfComposedForm
  }

  @inline(never) @usableFromInline
  var hashOfComposedForm: UInt64 {
    var composed = precomposedStringWithCanonicalMapping
    return composed.withUTF8 { unsafe StableHasher.hash(UnsafeRawBufferPointer($0)) }
  }

  /// Whether every byte is ASCII or every scalar of a range whose members neither compose nor decompose nor combine.
  @inlinable
  static func isSurelyComposed(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
    var bits: UInt8 = 0
    for i in 0..<text.count { bits |= unsafe text[i] }
    if bits < 0x80 { return true }
    return unsafe hasOnlyComposedScalars(text)
  }

  @inline(never) @usableFromInline
  static func hasOnlyComposedScalars(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
    var i = 0
    while i < text.count {
      let lead = unsafe text[i]
      let length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4
      guard i + length <= text.count else { return false }
      var scalar = UInt32(length == 1 ? lead : lead & (0xff >> UInt8(length + 1)))
      for k in 1..<length { scalar = unsafe scalar << 6 | UInt32(text[i + k] & 0x3f) }
      i += length
      switch scalar {
      case 0..<0x300: continue  // Latin
      case 0x388..<0x483, 0x48a..<0x530: continue  // Greek, Cyrillic
      case 0x5d0..<0x5eb, 0x620..<0x64b: continue  // Hebrew, Arabic
      case 0x2010..<0x2028, 0x2030..<0x205f, 0x20ac: continue  // dashes, quotes, ellipsis, euro
      case 0x3041..<0x3097, 0x30a1..<0x30fb, 0x3001..<0x3021: continue  // kana, punctuation
      case 0x4e00..<0xa000, 0xac00..<0xd7a4: continue  // Han, Hangul syllables
      case 0x1f300..<0x1fb00: continue  // emoji
      default: return false
      }
    }
    return true
  }
}
