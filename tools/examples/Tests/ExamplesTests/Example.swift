import Foundation
import Testing

/// One of the programs, as it was built beside the tests.
struct Example {
  private final class Marker {}
  private let name: String

  init(_ name: String) { self.name = name }

  /// Where the programs are.
  static var folder: URL {
    let bundle = Bundle(for: Marker.self).bundleURL
    return bundle.pathExtension == "xctest" ? bundle.deletingLastPathComponent() : bundle
  }
  /// The repository.
  static let root = URL(fileURLWithPath: #filePath).appendingPathComponent("../../../../..").standardizedFileURL

  /// Runs it to its end and gives the lines it wrote.
  func run(_ arguments: [String] = [], input: String = "") throws -> [String] {
    try Example.run(Example.folder.appendingPathComponent(name), arguments, input: input, named: name)
  }
  static func run(
    _ executable: URL, _ arguments: [String], input: String = "", in directory: URL? = nil, named name: String
  ) throws -> [String] {
    let process = Process()
    let (standardInput, output, errors) = (Pipe(), Pipe(), Pipe())
    process.executableURL = executable
    process.arguments = arguments
    process.currentDirectoryURL = directory
    process.standardInput = standardInput
    process.standardOutput = output
    process.standardError = errors
    try process.run()
    standardInput.fileHandleForWriting.write(Data(input.utf8))
    try standardInput.fileHandleForWriting.close()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    let problem = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    #expect(process.terminationStatus == 0, "\(name) failed: \(problem)")
    return text.split(separator: "\n").map(String.init)
  }

  /// Calls `body` with the path of a file that holds a text.
  static func withFile<Result>(_ text: String, _ body: (String) throws -> Result) throws -> Result {
    let file = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try Data(text.utf8).write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    return try body(file.path)
  }
  /// The path of a file of the repository.
  static func fixture(_ name: String) -> String { root.appendingPathComponent("Fixtures/" + name).path }
}
