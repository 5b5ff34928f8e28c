import ArgumentParser
import ClickstreamGenerator
import Foundation
import Replay

/// `thalweg generate`: a seeded clickstream, the same bytes for the same options.
struct GenerateCommand: ParsableCommand, EnvironmentConfigurable {
  static let configuration = CommandConfiguration(
    commandName: "generate",
    abstract: "Write a seeded clickstream of a web shop.",
    discussion: """
      Visitors who return, visits that walk the site with drop-off, campaigns, bots, and on request lines that are \
      late, doubled or malformed. The same options give the same bytes.

      Examples:
        thalweg generate --events 1000 --seed 7
        thalweg generate --events 1000000 --output clicks.csv.zst
        thalweg generate --out-of-order 2% --malformed 0.1% --output rough.ndjson
        thalweg generate --format combined | thalweg replay
      """)

  @OptionGroup(title: "The stream") var stream: StreamOptions
  @OptionGroup(title: "The site") var site: SiteOptions
  @OptionGroup(title: "Delivery") var delivery: DeliveryOptions

  struct StreamOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Every random choice derives from it.", valueName: "number"))
    var seed: UInt64 = 1
    @Option(
      help: ArgumentHelp(
        "Well-formed, distinct events. (default: 100000, or what --duration and --events-per-hour give)",
        valueName: "count"))
    var events: Int?
    @Option(
      help: ArgumentHelp("Time of the first event (ISO 8601 or Unix). (default: 2026-01-01)", valueName: "time"),
      transform: Instant.init(argument:))
    var start: Instant?
    @Option(
      help: ArgumentHelp(
        "Time the stream spans. (default: 30d, or what --events and --events-per-hour give)", valueName: "time"),
      transform: TimeSpan.init(argument:))
    var duration: TimeSpan?
    @Option(help: ArgumentHelp("Mean rate; together with --events or with --duration.", valueName: "count"))
    var eventsPerHour: Int?
    @Option(help: "How events are written. (default: by the extension of --output, else ndjson)")
    var format: String?
    @Option(
      help: ArgumentHelp(
        "File to write: .ndjson, .csv or .log, with .zst compressed. (default: stdout)", valueName: "path"))
    var output: String?
  }

  struct SiteOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The most distinct human visitors. (default: 20000)", valueName: "count"))
    var visitors: Int?
    @Option(
      help: ArgumentHelp("Visits by somebody who was there before. (default: 45%)", valueName: "share"),
      transform: Percentage.init(argument:))
    var returnShare: Percentage?
    @Option(help: ArgumentHelp("Products in the catalogue. (default: 1000)", valueName: "count"))
    var items: Int?
    @Option(help: ArgumentHelp("Popularity of the product of rank r is 1 / r^s. (default: 1)", valueName: "s"))
    var zipf: Double?
    @Option(
      help: ArgumentHelp("Events caused by crawlers and a scraper. (default: 5%)", valueName: "share"),
      transform: Percentage.init(argument:))
    var bots: Percentage?
  }

  struct DeliveryOptions: ParsableArguments {
    @Option(
      help: ArgumentHelp("Events that arrive later than younger ones. (default: 0%)", valueName: "share"),
      transform: Percentage.init(argument:))
    var outOfOrder: Percentage?
    @Option(
      help: ArgumentHelp("The longest such delay. (default: 1m)", valueName: "time"),
      transform: TimeSpan.init(argument:))
    var outOfOrderMax: TimeSpan?
    @Option(
      help: ArgumentHelp("Events delivered twice. (default: 0%)", valueName: "share"),
      transform: Percentage.init(argument:))
    var duplicates: Percentage?
    @Option(
      help: ArgumentHelp("Malformed lines on top, by event. (default: 0%)", valueName: "share"),
      transform: Percentage.init(argument:))
    var malformed: Percentage?
  }

  static let environmentOptions = options(
    """
    seed events start duration events-per-hour format output visitors return-share items zipf bots out-of-order \
    out-of-order-max duplicates malformed
    """)

  func run() throws {
    // `generate | head` ends in silence, as other programs do
    signal(SIGPIPE, SIG_DFL)
    var generator = try ClickstreamGenerator(options: try makeOptions())
    let file = PublishedFile(path: stream.output ?? "-")
    do {
      try file.create()
      var chunk: [UInt8] = []
      while generator.next(into: &chunk) {
        unsafe chunk.withUnsafeBufferPointer { if let p = $0.baseAddress { unsafe file.append(p, $0.count) } }
        try file.flush()
        chunk.removeAll(keepingCapacity: true)
      }
      try file.publish()
    } catch {
      file.discard()
      throw error
    }
  }

  /// The arguments as the generator wants them.
  func makeOptions() throws -> ClickstreamOptions {
    var o = ClickstreamOptions()
    o.seed = stream.seed
    o.format = try format()
    o.startMilliseconds = stream.start?.milliseconds ?? o.startMilliseconds
    // of count, span and rate two are given, or one beside a default
    let isRateGiven = stream.eventsPerHour != nil
    o.eventCount = stream.events ?? (stream.duration != nil ? nil : o.eventCount)
    o.durationMilliseconds = stream.duration?.milliseconds ?? (isRateGiven ? nil : o.durationMilliseconds)
    if stream.duration != nil, stream.events == nil, !isRateGiven { o.eventCount = ClickstreamOptions().eventCount }
    o.eventsPerHour = stream.eventsPerHour
    o.visitorCount = site.visitors ?? o.visitorCount
    o.returnShare = site.returnShare?.ratio ?? o.returnShare
    o.itemCount = site.items ?? o.itemCount
    o.zipfExponent = site.zipf ?? o.zipfExponent
    o.botShare = site.bots?.ratio ?? o.botShare
    o.outOfOrderShare = delivery.outOfOrder?.ratio ?? 0
    o.outOfOrderMaxMilliseconds = delivery.outOfOrderMax?.milliseconds ?? o.outOfOrderMaxMilliseconds
    o.duplicateShare = delivery.duplicates?.ratio ?? 0
    o.malformedShare = delivery.malformed?.ratio ?? 0
    return o
  }

  private func format() throws -> ClickstreamFormat {
    let names = ClickstreamFormat.allCases.map(\.rawValue).joined(separator: ", ")
    if let name = stream.format {
      guard let format = ClickstreamFormat(rawValue: name.lowercased()) else {
        throw CommandFailure(.usage, "--format \(name): clickstreams are written as one of \(names)")
      }
      return format
    }
    guard let output = stream.output, output != "-" else { return .ndjson }
    let plain = output.lowercased().hasSuffix(".zst") ? String(output.dropLast(4)) : output
    switch (plain as NSString).pathExtension.lowercased() {
    case "ndjson", "jsonl", "json": return .ndjson
    case "csv": return .csv
    case "log": return .combined
    default:
      throw CommandFailure(
        .usage, "--output \(output): its extension does not say what to write; add --format (\(names))")
    }
  }
}
