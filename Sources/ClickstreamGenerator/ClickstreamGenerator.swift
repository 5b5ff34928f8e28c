/// A seeded clickstream of a web shop: a catalogue with Zipf popularity, visitors who return, visits that walk the
/// site, campaigns and referrers, user agents, bots; late, doubled and malformed lines on request.
///
/// Guarantees: the same options give the same bytes, in any process, on any platform, however the output is cut into
/// chunks; copies go on independently. Events are in time order but for the disorder asked for.
/// Cost: about 0.3 µs an event on one core; memory for the catalogue (8 bytes an item), the visits under way and the
/// events delayed, whatever the stream's length.
///
/// ```swift
/// var options = ClickstreamOptions()
/// options.eventCount = 1_000
/// var generator = try ClickstreamGenerator(options: options)
/// var lines: [UInt8] = []
/// while generator.next(into: &lines) {}
/// ```
public struct ClickstreamGenerator: Sendable {
  /// What has been written so far.
  public struct Counts: Sendable, Equatable {
    /// Distinct, well-formed events.
    public var events = 0
    /// Of them, those by crawlers and the scraper.
    public var botEvents = 0
    /// Of them, those that were delayed.
    public var delayed = 0
    /// Events written a second time.
    public var duplicates = 0
    public var malformed = 0
    /// Distinct people; they are counted when their visit begins.
    public var visitors = 0
    /// All lines but a header.
    public var lines: Int { events + duplicates + malformed }
  }

  public let options: ClickstreamOptions
  public private(set) var counts = Counts()
  private var traffic: SiteTraffic
  private var delivery: Delivery
  private var damageRandom: RandomSource
  private let isDamaged: Probability
  private let formatter: EventFormatter
  private let damage: LineDamage
  private var chunk: [UInt8]
  /// An event that has happened, but not before the delayed ones.
  private var pending: ClickEvent?
  /// Events handed to the delivery.
  private var happenedCount = 0
  private var hasBegun = false
  private let endMilliseconds: Int64
  private let eventCountMax: Int

  private static let chunkByteCount = 128 << 10
  /// Room for an event and its damaged copy.
  private static let chunkByteCountLeft = 2 * EventFormatter.lineByteCountMax + 128

  /// - Throws: ``GeneratorError`` when an option is out of range.
  public init(options: ClickstreamOptions) throws(GeneratorError) {
    try options.validate()
    self.options = options
    traffic = SiteTraffic(options)
    delivery = Delivery(options)
    damageRandom = RandomSource(seed: options.seed, stream: 4)
    isDamaged = Probability(options.malformedShare)
    formatter = EventFormatter(format: options.format, catalogue: traffic.catalogue)
    damage = LineDamage(format: options.format)
    chunk = [UInt8](repeating: 0, count: ClickstreamGenerator.chunkByteCount)
    eventCountMax = options.eventCount ?? .max
    endMilliseconds =
      options.eventCount == nil ? options.startMilliseconds + options.plannedDurationMilliseconds : .max
  }

  /// Appends the next 100 KB or so of whole lines; false, and nothing appended, at the end.
  public mutating func next(into output: inout [UInt8]) -> Bool {
    // taken out of self while it is written to: the closure needs the rest of self
    var chunk: [UInt8] = []
    swap(&chunk, &self.chunk)
    let count = unsafe chunk.withUnsafeMutableBufferPointer { p in
      guard let base = p.baseAddress else { return 0 }
      return unsafe fill(base)
    }
    output.append(contentsOf: chunk[0..<count])
    swap(&chunk, &self.chunk)
    return count > 0
  }

  private mutating func fill(_ base: UnsafeMutablePointer<UInt8>) -> Int {
    var out = unsafe LineWriter(base: base)
    if !hasBegun, let header = formatter.header { out.text(header) }
    hasBegun = true
    let byteCountMax = ClickstreamGenerator.chunkByteCount - ClickstreamGenerator.chunkByteCountLeft
    while out.count < byteCountMax, let delivered = nextDelivered() {
      write(delivered, &out)
    }
    counts.visitors = traffic.visitorCount
    return out.count
  }

  /// The next event to arrive; nil at the end.
  private mutating func nextDelivered() -> DeliveredEvent? {
    while true {
      let event: ClickEvent
      if let pending {
        event = pending
      } else {
        event = happenedCount == eventCountMax ? ClickEvent.end : traffic.next()
        pending = event
      }
      let isPastEnd = event.isEnd || event.time >= endMilliseconds
      if delivery.hasArrival(before: isPastEnd ? .max : event.time) { return delivery.takeDelayed() }
      if isPastEnd { return nil }
      pending = nil
      happenedCount += 1
      if delivery.accept(event) { return DeliveredEvent(event: event) }
      counts.delayed += 1
    }
  }

  private mutating func write(_ delivered: DeliveredEvent, _ out: inout LineWriter) {
    _ = formatter.write(delivered.event, &out)
    if delivered.isDuplicate {
      counts.duplicates += 1
      return
    }
    counts.events += 1
    if delivered.event.visitor.isBot { counts.botEvents += 1 }
    if damageRandom.chance(isDamaged) {
      let start = out.count
      let timeOffset = formatter.write(delivered.event, &out)
      damage.damage(&out, start: start, timeOffset: timeOffset, &damageRandom)
      counts.malformed += 1
    }
  }
}
