import Foundation

/// A file of edges: pairs of little-endian 32-bit vertex numbers, source then target.
///
/// Cost: 8 bytes an edge in memory; the file is read in blocks.
struct EdgeFile {
  var sources: [UInt32] = []
  var targets: [UInt32] = []
  var vertexCount = 0
  /// What reading the file took.
  private(set) var readingMilliseconds = 0.0

  init(path: String) throws {
    let start = nanoseconds()
    let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
    let count = Int(try file.seekToEnd() / 8)
    try file.seek(toOffset: 0)
    sources.reserveCapacity(count)
    targets.reserveCapacity(count)
    var top: UInt32 = 0
    while sources.count < count, let block = try file.read(upToCount: 1 << 22), !block.isEmpty {
      block.withUnsafeBytes { bytes in
        for offset in stride(from: 0, to: bytes.count - 7, by: 8) {
          let source = bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
          let target = bytes.loadUnaligned(fromByteOffset: offset + 4, as: UInt32.self)
          sources.append(source)
          targets.append(target)
          top = max(top, max(source, target))
        }
      }
    }
    if sources.isEmpty { throw CocoaError(.fileReadCorruptFile) }
    vertexCount = Int(top) + 1
    readingMilliseconds = Double(nanoseconds() - start) / 1e6
  }

  var count: Int { sources.count }

  mutating func swapAt(_ i: Int, _ j: Int) {
    sources.swapAt(i, j)
    targets.swapAt(i, j)
  }
}
