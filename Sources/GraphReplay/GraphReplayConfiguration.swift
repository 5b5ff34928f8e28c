import Foundation
public import PropertyGraph
import Replay

/// A replay of a graph as data: what to read, how to follow it, where to write. Everything the command line can say.
public struct GraphReplayConfiguration: Sendable, Equatable {
  /// Paths; `-` is standard input. Several inputs are merged by time.
  public var inputs: [String] = ["-"]
  public var graph = StreamedGraphOptions()
  /// A line of JSON per batch; `-` is standard output, `.zst` compresses.
  public var outputPath = "-"
  /// `.html` or `.json`; nil: none.
  public var reportPath: String?
  public var deadLettersPath: String?
  /// Highest share of malformed lines in percent; nil: half of the first 1,000 lines.
  public var maxBadPercent: Double?
  /// Whether lines tell how long batches took: without, equal inputs give equal bytes.
  public var includesTimings = true
  public var threads = 0
  /// Bytes of input per block. Results do not depend on it.
  public var blockByteCount = 1 << 16
  public var checkpointDirectory: String?
  public var checkpointIntervalMilliseconds: Int64 = 10_000
  public var isFresh = false

  public init() {}

  /// The parameters that results depend on, for recognising the job of a checkpoint.
  func jobDescription(plans: [TimedEdgePlan]) -> [String: String] {
    var d: [String: String] = ["program": "graph replay"]
    d["window"] = graph.windowMilliseconds.map { "\($0) ms" } ?? "none"
    d["batch"] = graph.batchChangeCount.map { "\($0) changes" } ?? "any number"
    d["every"] = graph.batchMilliseconds.map { "\($0) ms" } ?? "never"
    d["tolerance"] = "\(graph.tolerance)"
    d["damping"] = "\(graph.damping)"
    d["weighted"] = graph.isWeighted ? "yes" : "no"
    d["undirected"] = graph.isUndirected ? "yes" : "no"
    d["top"] = "\(graph.topCount)"
    d["verify"] = graph.verifies ? "yes" : "no"
    d["timings"] = includesTimings ? "include" : "omit"
    d["output"] = outputPath
    d["dead-letters"] = deadLettersPath ?? "none"
    d["report"] = reportPath == nil ? "none" : "kept"
    for (i, plan) in plans.enumerated() { d["format of input \(i + 1)"] = plan.summary }
    return d
  }

  func validate(plans: [TimedEdgePlan]) throws {
    func refuse(_ text: String) throws -> Never { throw ReplayConfigurationError(text) }
    if let problem = graph.problem(hasRemovals: plans.contains(where: \.hasRemovals)) { try refuse(problem) }
    if let path = reportPath, !["html", "htm", "json"].contains((path as NSString).pathExtension.lowercased()) {
      try refuse("--report \(path): its extension does not say what to write; use .html or .json")
    }
    let outputs = [outputPath, reportPath, deadLettersPath].compactMap { $0 }
    // a device such as /dev/null takes any number of outputs; a file only one
    let places = outputs.filter { $0 == "-" || !PublishedFile.isStream($0) }.map(place)
    if Set(places).count != places.count { try refuse("two outputs have the same name") }
    let inputPlaces = Set(inputs.filter { $0 != "-" }.map(place))
    for output in outputs where output != "-" && inputPlaces.contains(place(output)) {
      try refuse("'\(output)' is an input; choose another output")
    }
  }

  /// Ranks that are asked of each batch: the report follows more of them than lines tell.
  var keptRankCount: Int { reportPath == nil ? graph.topCount : max(graph.topCount, 32) }

  /// The file that a path leads to, however it is written.
  private func place(_ path: String) -> String {
    path == "-" ? path : URL(fileURLWithPath: path).standardizedFileURL.resolvingSymlinksInPath().path
  }
}
