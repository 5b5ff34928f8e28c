public struct CheckpointSection { public var name: String; public var bytes: UnsafeRawBufferPointer
 public init(name: String, bytes: UnsafeRawBufferPointer) { self.name = name; self.bytes = bytes } }
public struct CheckpointInfo {}
public final class RecoveredCheckpoint: @unchecked Sendable { public var metadata: [UInt8] = []; public var warnings: [String] = []
 public func section(_ name: String) -> UnsafeRawBufferPointer? { nil } }
public final class CheckpointStore: @unchecked Sendable {
 public init(directory: String) throws {}
 public func newest() throws -> RecoveredCheckpoint? { nil }
 public func removeAll() throws {}
 public func write(metadata: [UInt8], sections: [CheckpointSection]) throws -> CheckpointInfo { CheckpointInfo() }
}
