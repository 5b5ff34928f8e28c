import Testing

@testable import Snapshots

@Suite struct ByteCursorTests {
  private struct Slot: BitwiseCopyable, Equatable {
    var key: UInt64
    var count: UInt32
    var flags: UInt32
  }

  private func write(_ body: (SnapshotByteWriter) -> Void) -> [UInt8] {
    let writer = SnapshotByteWriter(capacity: 1)
    body(writer)
    return unsafe [UInt8](writer.bytes)
  }

  private let slots = (0..<100).map { Slot(key: UInt64($0), count: UInt32($0 * 2), flags: 1) }

  private func writeAll(_ writer: SnapshotByteWriter) {
    writer.integer(UInt8(1))
    writer.integer(Int16(-2))
    writer.integer(UInt32.max)
    writer.integer(Int64.min)
    writer.double(-0.1)
    writer.boolean(true)
    writer.string("Grüße")
    writer.string("")
    unsafe slots.withUnsafeBufferPointer { unsafe writer.run($0) }
    unsafe [Double]().withUnsafeBufferPointer { unsafe writer.run($0) }
  }

  private func readAll(_ reader: inout SnapshotByteReader) throws -> Bool {
    let numbers =
      try reader.integer(UInt8.self) == 1 && reader.integer(Int16.self) == -2
      && reader.integer(UInt32.self) == .max && reader.integer(Int64.self) == .min && reader.double() == -0.1
    let texts = try reader.boolean() && reader.string() == "Grüße" && reader.string() == ""
    let runs = try reader.run(of: Slot.self) == slots && reader.run(of: Double.self) == []
    try reader.finish()
    return numbers && texts && runs
  }

  @Test func everythingComesBack() throws {
    let bytes = write(writeAll)
    try unsafe bytes.withUnsafeBytes {
      var reader = unsafe SnapshotByteReader($0, name: "section")
      let isEqual = try readAll(&reader)
      #expect(isEqual)
      #expect(reader.remaining == 0)
    }
  }

  @Test func theLayoutIsLittleEndian() {
    let bytes = write {
      $0.integer(UInt32(0x0102_0304))
      $0.string("ab")
      unsafe [UInt16(1), 2].withUnsafeBufferPointer($0.run)
    }
    #expect(bytes == [4, 3, 2, 1, 2, 0, 0, 0, 97, 98] + [2, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 1, 0, 2, 0])
  }

  @Test func everyPrefixIsAnErrorWithItsPlace() throws {
    let bytes = write(writeAll)
    unsafe bytes.withUnsafeBytes { all in
      for count in 0..<bytes.count {
        var reader = unsafe SnapshotByteReader(UnsafeRawBufferPointer(rebasing: all[..<count]), name: "slots")
        let error = snapshotError { _ = try readAll(&reader) }
        #expect(error?.kind == .malformed)
        #expect(error?.path == "slots")
        #expect(error?.offset == reader.offset)
      }
    }
  }

  @Test func hostileLengthsAllocateNothing() {
    for bytes in [
      write {
        $0.integer(UInt64.max)
        $0.integer(UInt32(8))
      },
      write {
        $0.integer(UInt64(1) << 61)
        $0.integer(UInt32(8))
        $0.integer(1)
      },
    ] {
      unsafe bytes.withUnsafeBytes {
        var reader = unsafe SnapshotByteReader($0, name: "s")
        #expect(snapshotError { _ = try reader.run(of: UInt64.self) }?.kind == .malformed)
        #expect(reader.offset == 0)
        #expect(snapshotError { _ = try reader.rawBytes(-1) }?.kind == .malformed)
        #expect(snapshotError { _ = try reader.rawBytes(.max) }?.kind == .malformed)
      }
    }
  }

  @Test func wrongElementSizeTextAndRestAreErrors() {
    let run = write { unsafe [UInt32(7)].withUnsafeBufferPointer($0.run) }
    unsafe run.withUnsafeBytes {
      var reader = unsafe SnapshotByteReader($0, name: "s")
      let error = snapshotError { _ = try reader.run(of: UInt64.self) }
      #expect(error?.description.contains("elements of 4 bytes, expected 8") == true)
    }
    let text = write { writer in unsafe [UInt8(0xff), 0xfe].withUnsafeBytes { unsafe writer.lengthPrefixedBytes($0) } }
    unsafe text.withUnsafeBytes {
      var reader = unsafe SnapshotByteReader($0, name: "s")
      #expect(snapshotError { _ = try reader.string() }?.description.contains("UTF-8") == true)
      #expect(snapshotError { try reader.finish() }?.description.contains("6 bytes are left over") == true)
    }
    unsafe [UInt8(2)].withUnsafeBytes {
      var reader = unsafe SnapshotByteReader($0, name: "s")
      #expect(snapshotError { _ = try reader.boolean() }?.offset == 0)
    }
  }

  @Test func theWriterIsReusable() {
    let writer = SnapshotByteWriter()
    writer.integer(UInt8(9))
    writer.removeAll()
    writer.integer(UInt8(8))
    unsafe #expect([UInt8](writer.bytes) == [8])
    #expect(writer.count == 1)
  }
}
