import CKernels
import FlatMemory

/// What the path of a request says: where its query begins, and whether it asks for a static file.
///
/// Cost: a few ns. Reads up to 15 bytes past the path and up to 8 before its end.
enum RequestPath {
  /// Bytes before `?` or `#`.
  @inline(__always)
  static func lengthWithoutQuery(_ p: UnsafePointer<UInt8>, _ n: Int) -> Int {
    var i = 0
    while i < n {
      let m = tw_any16(p + i, 63, 35, 63, 35)
      if m != 0 { return min(i &+ m.trailingZeroBitCount, n) }
      i &+= 16
    }
    return n
  }

  /// Whether a path (without query) ends in the extension of a static file. The list is GoAccess's, with fonts, images
  /// and data formats of today, but a PDF is read as a page is.
  @inline(__always)
  static func isAsset(_ p: UnsafePointer<UInt8>, _ n: Int) -> Bool {
    // the last dot among the last six bytes, by the smallest extension that it leaves
    var word: UInt64 = 0
    var i = 1
    while i <= 5, i < n {
      let c = p[n &- i]
      if c == 46 { return i > 1 && isAssetExtension(word) }
      if c == 47 { return false }
      word = word &<< 8 | UInt64(c | 0x20)
      i &+= 1
    }
    return i <= n && i == 6 && p[n &- 6] == 46 && isAssetExtension(word)
  }

  /// An extension of one to five bytes in lower case, the first byte lowest.
  private static func isAssetExtension(_ word: UInt64) -> Bool {
    let table = assetExtensions
    var i = place(word)
    while table[i] != 0 {
      if table[i] == word { return true }
      i = (i &+ 1) & (tableCount &- 1)
    }
    return false
  }

  /// Open addressing, a quarter full.
  private static let tableCount = 256
  private static func place(_ word: UInt64) -> Int {
    Int(truncatingIfNeeded: (word &* 0x9e37_79b9_7f4a_7c15) &>> 56)
  }
  nonisolated(unsafe) private static let assetExtensions: UnsafePointer<UInt64> = {
    let table = UnsafeMutablePointer<UInt64>.allocate(capacity: tableCount)
    table.initialize(repeating: 0, count: tableCount)
    let extensions = """
      css js mjs map png jpg jpeg gif svg ico webp avif bmp tif tiff woff woff2 ttf otf eot mp3 mp4 webm ogg ogv flv \
      swf mpeg mpg m4a wav txt xml json csv doc docx xls xlsx ppt pptx zip gz tar tgz xz zst rar bz2 iso dmg exe deb \
      rpm apk bin wasm
      """
    for name in extensions.split(separator: " ") {
      let word = name.utf8.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1 | 0x20) }
      var i = place(word)
      while table[i] != 0 { i = (i + 1) & (tableCount - 1) }
      table[i] = word
    }
    return UnsafePointer(table)
  }()
}
