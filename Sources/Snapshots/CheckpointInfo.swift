import Foundation

/// What is known of a checkpoint without reading its blocks.
public struct CheckpointInfo: Sendable, Equatable {
  public var id: UInt64
  public var kind: CheckpointKind
  /// Of its file.
  public var path: String
  /// The checkpoint a delta builds on.
  public var baseID: UInt64?
  /// Deltas from the full checkpoint up to and including this one; 0 for a full one.
  public var chainLength: Int
  /// Bytes of the file.
  public var byteCount: Int
  /// Raw bytes of all sections.
  public var rawByteCount: Int
  /// Raw bytes of the blocks stored in this file; equal to ``rawByteCount`` for a full one.
  public var storedRawByteCount: Int
  /// Sections, without the metadata.
  public var sectionCount: Int
  /// Milliseconds since 1970 UTC: `createdMilliseconds` of the metadata if that is JSON and has it, else the file's
  /// modification time; nil if neither is to be had.
  public var createdMilliseconds: Int64?
  /// What did not go well beside the write itself, such as an old checkpoint that could not be removed.
  public var warnings: [String] = []

  init(_ file: SnapshotFile) {
    id = file.id
    kind = file.kind
    path = file.path
    baseID = file.baseID
    chainLength = file.chainLength
    byteCount = file.byteCount
    rawByteCount = file.rawByteCount
    storedRawByteCount = file.storedRawByteCount
    sectionCount = file.sections.count
    createdMilliseconds =
      (try? file.metadata()).flatMap(Self.createdMilliseconds(inMetadata:))
      ?? CheckpointFolder.modifiedMilliseconds(file.path)
  }

  /// A checkpoint that was just written; the sizes of its state are filled in by the caller.
  init(header: SnapshotHeader, path: String, byteCount: Int, metadata: [UInt8]) {
    id = header.id
    kind = header.kind
    self.path = path
    baseID = header.kind == .full ? nil : header.baseID
    chainLength = Int(header.chainLength)
    self.byteCount = byteCount
    rawByteCount = 0
    storedRawByteCount = 0
    sectionCount = 0
    createdMilliseconds =
      Self.createdMilliseconds(inMetadata: metadata) ?? CheckpointFolder.modifiedMilliseconds(path)
  }

  /// The top-level number `createdMilliseconds` of a JSON object.
  static func createdMilliseconds(inMetadata bytes: [UInt8]) -> Int64? {
    guard let object = try? JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any] else { return nil }
    return (object["createdMilliseconds"] as? NSNumber)?.int64Value
  }
}
