import Testing

@testable import EventFormats

/// Random lines of which the members are known, against what the outline finds in them.
@Suite struct JSONOutlineTests {
  private struct Wanted {
    var fields: [(keys: [String], values: [String])] = []

    mutating func add(_ keys: [String], _ value: String?) {
      var at = fields.firstIndex { $0.keys == keys }
      if at == nil {
        fields.append((keys, []))
        at = fields.count - 1
      }
      if let value, fields[at!].values.count < SampledField.valuesMax { fields[at!].values.append(value) }
    }
  }

  /// A key as it may be written, some of them in two ways.
  private static func written(_ key: String, _ g: inout SeededGenerator) -> String {
    let text = key.replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
    guard g.chance(5), let first = key.utf8.first, first > 96 else { return "\"\(text)\"" }
    return "\"\\u00\(String(first, radix: 16))\(text.dropFirst())\""
  }

  private static func object(
    _ g: inout SeededGenerator, keys: [String], path: [String], depth: Int, into wanted: inout Wanted
  ) -> String {
    var some = keys.filter { _ in g.chance(80) }
    if g.chance(20) { some.shuffle(using: &g) }
    let members = some.map { key in
      let value: String
      switch g.below(depth < 4 ? 8 : 6) {
      case 0:
        value = "null"
        if depth < 3 { wanted.add(path + [key], nil) }
      case 1:
        value = ["true", "-1.5e3", "0", "123456"][g.below(4)]
        if depth < 3 { wanted.add(path + [key], value) }
      case 2: value = "[1,{\"\(keys[0])\":2}]"
      case 6, 7:
        value = object(
          &g, keys: Array(keys.prefix(3)), path: path + [key], depth: depth + 1, into: &wanted)
      default:
        let text = ["", "x", "a\"b", "2026-01-01T00:00:00Z", "null"][g.below(5)]
        value = "\"\(text.replacing("\"", with: "\\\""))\""
        if depth < 3 { wanted.add(path + [key], text) }
      }
      let space = g.chance(10) ? " " : ""
      return "\(space)\(written(key, &g))\(space):\(space)\(value)\(space)"
    }
    return "{\(members.joined(separator: ","))}"
  }

  @Test(arguments: [3, 12, 400]) func findsEveryMember(keyCount: Int) {
    var g = SeededGenerator(seed: newSeed("findsEveryMember(\(keyCount))"))
    let keys = (0..<keyCount).map { ["user", "ts", "a\"", "b\n"][$0 % 4] + ($0 < 4 ? "" : String($0)) }
    var wanted = Wanted()
    var outline = JSONOutline()
    for _ in 0..<(keyCount > 100 ? 20 : 300) {
      var line = JSONOutlineTests.object(&g, keys: keys, path: [], depth: 0, into: &wanted)
      if g.chance(5) { line = "\u{feff}" + line }
      if g.chance(5) { line += "\r" }
      unsafe Array(line.utf8).withUnsafeBytes { unsafe outline.add($0) }
      unsafe Array("[\(line)]".utf8).withUnsafeBytes { unsafe outline.add($0) }
    }
    #expect(outline.lineCount == 2 * outline.objectCount)
    #expect(outline.fields.map(\.keys) == wanted.fields.map(\.keys))
    #expect(outline.fields.map(\.values) == wanted.fields.map(\.values))
  }
}
