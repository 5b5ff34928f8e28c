import Foundation

/// A scratch folder that goes with the test.
final class ScratchFolder {
  let path: String
  init() {
    path = NSTemporaryDirectory() + "thalweg-graph-\(UUID().uuidString)"
    try! FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }
  deinit { try? FileManager.default.removeItem(atPath: path) }
  func file(_ name: String) -> String { path + "/" + name }
  func write(_ text: String, _ name: String) -> String {
    _ = FileManager.default.createFile(atPath: file(name), contents: Data(text.utf8))
    return file(name)
  }
  func read(_ name: String) -> [UInt8] { [UInt8](FileManager.default.contents(atPath: file(name)) ?? Data()) }
  var names: [String] { (try? FileManager.default.contentsOfDirectory(atPath: path))?.sorted() ?? [] }
}

/// The seeds of a property test: random ones, printed; THALWEG_SEED repeats one, THALWEG_CASES sets how many.
func seeds(_ usual: Int) -> [UInt64] {
  let environment = ProcessInfo.processInfo.environment
  if let seed = environment["THALWEG_SEED"].flatMap({ UInt64($0) }) { return [seed] }
  let count = environment["THALWEG_CASES"].flatMap { Int($0) } ?? usual
  let seeds = (0..<count).map { _ in UInt64.random(in: 0..<1_000_000) }
  print("seeds \(seeds): set THALWEG_SEED to repeat one")
  return seeds
}
