import CKernels
import EventFormats
import FlatMemory

/// Whole lines from a place in the input on.
@safe struct LineBlock {
  /// The lines; the last one ends with a newline too. `bytePadding` bytes behind them may be read.
  let bytes: UnsafePointer<UInt8>
  let count: Int
  /// Of the first byte in the unpacked input.
  let offset: UInt64
}

/// An input cut into blocks of whole lines.
///
/// Guarantees: every byte is in exactly one block, in order, but for a byte order mark at the very beginning; a missing
/// newline at the end is added.
/// Cost: one copy of each byte at most, and a block of 1 MiB, more only as far as a line is longer.
@safe final class LineBlocks {
  private static let blockByteCount = 1 << 20

  private let input: any ByteInput
  private let lineByteCountMax: Int
  private var buffer: UnsafeMutablePointer<UInt8>
  private var capacity: Int
  /// Bytes handed out with the last block; those behind them wait.
  private var used = 0
  private var filled = 0
  private var offset: UInt64 = 0
  private var isAtEnd = false

  init(_ input: any ByteInput, lineByteCountMax: Int = 1 << 30) {
    (self.input, self.lineByteCountMax) = (input, lineByteCountMax)
    capacity = LineBlocks.blockByteCount
    unsafe buffer = .allocate(capacity: capacity + bytePadding)
  }
  deinit { unsafe buffer.deallocate() }

  /// The next block, valid until the next call; nil at the end.
  func next() throws -> LineBlock? {
    dropUsed()
    var searched = 0
    while true {
      try fill()
      if isAtEnd, filled > 0, unsafe buffer[filled - 1] != UInt8(ascii: "\n") {
        unsafe buffer[filled] = UInt8(ascii: "\n")
        filled += 1
      }
      if let end = lastLineEnd(from: searched) {
        used = end
        return unsafe LineBlock(bytes: UnsafePointer(buffer), count: end, offset: offset)
      }
      if isAtEnd { return nil }
      searched = filled
      guard capacity < lineByteCountMax else {
        throw GraphFileError(
          .malformed,
          "\(input.name): the line at byte \(offset) is longer than \(lineByteCountMax) bytes; is this a graph in text?"
        )
      }
      grow()
    }
  }

  private func dropUsed() {
    offset += UInt64(used)
    filled -= used
    unsafe buffer.update(from: buffer + used, count: filled)
    used = 0
  }

  /// Reads until the buffer is full, with a byte left for a newline, or the input ends.
  private func fill() throws {
    while !isAtEnd, filled < capacity - 1 {
      let got = try unsafe input.read(into: UnsafeMutableRawPointer(buffer + filled), capacity - 1 - filled)
      if got == 0 { isAtEnd = true }
      filled += got
      if offset == 0, used == 0, filled >= 3, filled == got { dropByteOrderMark() }
    }
    unsafe (buffer + filled).update(repeating: 0, count: bytePadding)
  }

  private func dropByteOrderMark() {
    guard unsafe buffer[0] == 0xef, unsafe buffer[1] == 0xbb, unsafe buffer[2] == 0xbf else { return }
    used = 3
    dropUsed()
  }

  private func lastLineEnd(from start: Int) -> Int? {
    var i = filled
    while i > start {
      if unsafe buffer[i - 1] == UInt8(ascii: "\n") { return i }
      i -= 1
    }
    return nil
  }

  private func grow() {
    let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity * 2 + bytePadding)
    unsafe larger.update(from: buffer, count: filled)
    unsafe buffer.deallocate()
    unsafe buffer = unsafe larger
    capacity *= 2
  }
}
