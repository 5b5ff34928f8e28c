import StreamCore
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A source of lines in memory that gives its bytes in pieces and can fail on the way.
final class MemorySource: ByteSource {
  struct PowerFailure: Error, Equatable {}

  let name: String
  let bytes: [UInt8]
  /// Most bytes a read gives.
  let pieceMax: Int
  /// Reads left before the source fails, over all sources that share it; nil: it never does.
  let fuse: Fuse?
  private let position = Mutex(0)

  /// Burns down over the reads of several sources.
  final class Fuse: Sendable {
    private let left: Mutex<Int>
    init(_ reads: Int) { left = Mutex(reads) }
    func burn() throws {
      let isBurnt = left.withLock {
        $0 -= 1
        return $0 < 0
      }
      if isBurnt { throw PowerFailure() }
    }
  }

  init(_ text: String, name: String = "memory", pieceMax: Int = .max, fuse: Fuse? = nil) {
    self.name = name
    bytes = Array(text.utf8)
    self.pieceMax = pieceMax
    self.fuse = fuse
  }

  var identity: String? { "memory" }
  func read(into p: UnsafeMutableRawPointer, count: Int) throws -> Int {
    try fuse?.burn()
    return position.withLock { at in
      let n = min(count, pieceMax, bytes.count - at)
      bytes.withUnsafeBytes { if n > 0 { p.copyMemory(from: $0.baseAddress! + at, byteCount: n) } }
      at += n
      return n
    }
  }
  func seek(to offset: UInt64) throws { position.withLock { $0 = Int(offset) } }
  func completeRecords(in p: UnsafePointer<UInt8>, count: Int, isEnd: Bool) -> Int {
    var n = count
    while n > 0, p[n - 1] != 10 { n -= 1 }
    return n
  }
}
