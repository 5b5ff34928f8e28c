import FlatMemory
import Foundation
import Snapshots
@testable import StreamCore

/// A checkpoint in memory: what one operator wrote, completed as the checkpoint's writer does it.
final class MemoryCheckpoint: @unchecked Sendable {
  private(set) var sections: [String: [UInt8]] = [:]

  init() {}
  /// Completes the snapshot, in the calling thread.
  init(_ snapshot: StateSnapshot) throws {
    try snapshot.complete()
    for s in snapshot.finished { sections[s.name] = Array(s.bytes) }
  }
  /// Calls `body` with the state as an operator named `prefix` sees it.
  func restore<R>(_ prefix: String = "op", _ body: (RestoredState) throws -> R) throws -> R {
    var copies: [String: UnsafeRawBufferPointer] = [:]
    for (name, bytes) in sections {
      let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count + 64, alignment: 64)
      copy.copyBytes(from: bytes)
      copies[name] = UnsafeRawBufferPointer(rebasing: copy[..<bytes.count])
    }
    defer { for c in copies.values { c.deallocate() } }
    return try body(RestoredState(prefix: prefix) { copies[$0] })
  }
  func change(_ name: String, _ body: (inout [UInt8]) -> Void) { body(&sections[name, default: []]) }
}
