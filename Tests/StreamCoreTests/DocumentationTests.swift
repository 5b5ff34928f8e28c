import Foundation
import Testing

/// The guide's code is compiled code: every block of Swift in the pages stands, word for word but for the indentation, in
/// `DocumentationSnippets.swift` or in one of the examples. Links to pages lead somewhere.
@Suite struct DocumentationTests {
  private static let root = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
  private static let catalog = root.appendingPathComponent("Sources/StreamCore/StreamCore.docc")

  private static func lines(_ text: String) -> [String] {
    text.split(separator: "\n", omittingEmptySubsequences: false).map { $0.trimmingCharacters(in: .whitespaces) }
  }
  private static func pages() throws -> [(name: String, lines: [String])] {
    try FileManager.default.contentsOfDirectory(at: catalog, includingPropertiesForKeys: nil)
      .filter { $0.pathExtension == "md" }
      .map { ($0.deletingPathExtension().lastPathComponent, lines(try String(contentsOf: $0, encoding: .utf8))) }
  }
  /// The README as far as it is about streams.
  private static func readMe() throws -> (name: String, lines: [String]) {
    let all = lines(try String(contentsOf: root.appendingPathComponent("README.md"), encoding: .utf8))
    let section = all.drop { $0 != "## Streaming programs in Swift" }
    return ("README", Array(section.prefix { $0 == section.first || !$0.hasPrefix("## ") }))
  }
  /// Compiled code as one text with trimmed lines, which a block's lines must be part of.
  private static func compiledCode() throws -> [String] {
    let examples = root.appendingPathComponent("tools/examples/Sources")
    let files =
      try FileManager.default.contentsOfDirectory(at: examples, includingPropertiesForKeys: nil)
      .map { $0.appendingPathComponent("main.swift") }
      + [
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
          "DocumentationSnippets.swift")
      ]
    return try files.map { "\n" + lines(try String(contentsOf: $0, encoding: .utf8)).joined(separator: "\n") + "\n" }
  }

  @Test func everyBlockOfCodeIsCompiled() throws {
    let code = try DocumentationTests.compiledCode()
    var count = 0
    for (name, lines) in try DocumentationTests.pages() + [DocumentationTests.readMe()] {
      var block: [String]?
      for line in lines {
        if line == "```swift" {
          block = []
        } else if line == "```", let found = block {
          // a file begins with its imports
          let isReadMe = name == "README"
          let text =
            "\n" + found.drop { isReadMe && ($0.isEmpty || $0.hasPrefix("import ")) }.joined(separator: "\n") + "\n"
          #expect(code.contains { $0.contains(text) }, "\(name).md has code that is compiled nowhere:\(text)")
          count += 1
          block = nil
        } else {
          block?.append(line)
        }
      }
    }
    #expect(count >= 25, "the pages' code was not found")
  }

  @Test func theTestOnTheFrontPagePasses() throws { #expect(try TestingSnippets.test() == [3, 1]) }

  @Test func linksBetweenPagesLeadSomewhere() throws {
    let pages = try DocumentationTests.pages()
    let names = Set(pages.map(\.name))
    var linked: Set<String> = ["StreamCore"]
    for (name, lines) in pages {
      for line in lines {
        for piece in line.components(separatedBy: "<doc:").dropFirst() {
          let target = String(piece.prefix { $0 != ">" && $0 != "#" })
          #expect(names.contains(target), "\(name).md links to \(target), which is not there")
          if name == "StreamCore" { linked.insert(target) }
        }
      }
    }
    #expect(names.subtracting(linked).isEmpty, "pages that the front page does not link to")
  }
}
