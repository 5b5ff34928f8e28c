import FlatMemory
import Foundation

/// A published file of a ``FileSink``.
public struct PublishedPart: Codable, Equatable, Sendable {
  /// In the folder.
  public var name: String
  public var rows: UInt64
  /// Its size, header included.
  public var bytes: UInt64
}

/// What a folder of files holds that a ``FileSink`` has published, in `_manifest.json`: the numbers of all files and the
/// newest ones by name. Files are numbered without gaps, so the names of the others are known too and the manifest does
/// not grow with their number.
public struct FileManifest: Codable, Equatable, Sendable {
  /// Name of the manifest in the folder.
  public static let fileName = "_manifest.json"
  static let newestMax = 1000
  /// Of the manifest's form.
  public var version = 1
  /// Files, rows and bytes that have been published in all.
  public var files: UInt64 = 0
  public var rows: UInt64 = 0
  public var bytes: UInt64 = 0
  /// The newest files, oldest first.
  public var newest: [PublishedPart] = []

  public init() {}

  mutating func add(_ part: PublishedPart) {
    files += 1
    rows += part.rows
    bytes += part.bytes
    newest.append(part)
    if newest.count > Self.newestMax { newest.removeFirst(newest.count - Self.newestMax) }
  }

  /// The manifest of a folder; nil when it has none.
  public static func read(
    folder: String, files: any FileOperations = MachineFileOperations()
  ) throws -> FileManifest? {
    let path = folder + "/" + fileName
    guard let count = try files.byteCount(path) else { return nil }
    var bytes = [UInt8](repeating: 0, count: Int(count))
    _ = try unsafe bytes.withUnsafeMutableBytes { try unsafe files.read(path, at: 0, into: $0) }
    do { return try JSONDecoder().decode(FileManifest.self, from: Data(bytes)) } catch {
      throw FileError(
        path: path, problem: "is not a manifest (\(error))", advice: "remove it, or name another folder")
    }
  }

  /// Puts the manifest in the place of the one before in one step: create, write, synchronize, close, rename,
  /// synchronizeFolder.
  func write(folder: String, files: any FileOperations) throws {
    let path = folder + "/" + Self.fileName
    let aside = path + FileSinkNames.asideSuffix
    let bytes = Array((encodeDetail(self) + "\n").utf8)
    let descriptor = try files.open(aside, .create)
    try unsafe bytes.withUnsafeBytes { try unsafe files.write(descriptor, $0, path: aside) }
    try files.synchronize(descriptor, path: aside)
    try files.close(descriptor, path: aside)
    try files.rename(aside, to: path)
    try files.synchronizeFolder(folder)
  }
}

/// The names in the folder of a ``FileSink``: `part-000042.csv`, aside while it is written.
struct FileSinkNames: Sendable {
  static let asideSuffix = ".partial"
  let folder: String
  let fileExtension: String

  func name(_ number: UInt64) -> String {
    let digits = String(number)
    return "part-" + String(repeating: "0", count: max(0, 6 - digits.count)) + digits + "." + fileExtension
  }
  func path(_ number: UInt64) -> String { folder + "/" + name(number) }
  func aside(_ number: UInt64) -> String { path(number) + Self.asideSuffix }
  /// The number in a name that this sink gives, whether published or aside.
  func number(of name: String) -> UInt64? {
    var name = name[...]
    if name.hasSuffix(Self.asideSuffix) { name = name.dropLast(Self.asideSuffix.count) }
    guard name.hasPrefix("part-"), name.hasSuffix("." + fileExtension) else { return nil }
    guard let n = UInt64(name.dropFirst(5).dropLast(fileExtension.count + 1)), self.name(n) == name else { return nil }
    return n
  }
}
