/// One event on its way to the output.
struct DeliveredEvent: BitwiseCopyable, Sendable {
  var event: ClickEvent
  /// Whether it was delivered before.
  var isDuplicate = false
}

/// Puts a sequence of events in the order in which they arrive: some late, some twice.
///
/// Guarantees: every event is delivered; none arrives after an event that is more than `outOfOrderMaxMilliseconds`
/// younger. Without disorder a duplicate follows its event at once. Cost: 10 ns an event, memory for the events delayed.
struct Delivery: Sendable {
  private var random: RandomSource
  private let isLate: Probability
  private let isDuplicated: Probability
  private let delayMax: Int
  private let hasDisorder: Bool
  private var waiting = TimeQueue<DeliveredEvent>()

  init(_ options: ClickstreamOptions) {
    random = RandomSource(seed: options.seed, stream: 3)
    isLate = Probability(options.outOfOrderShare)
    isDuplicated = Probability(options.duplicateShare)
    delayMax = Int(options.outOfOrderMaxMilliseconds)
    hasDisorder = options.outOfOrderShare > 0
  }

  /// Whether a delayed event arrives before anything that happens at `time`.
  @inline(__always)
  func hasArrival(before time: Int64) -> Bool { waiting.firstTime < time }

  /// The delayed event that arrives next; there must be one.
  mutating func takeDelayed() -> DeliveredEvent {
    let delayed = waiting.first
    waiting.removeFirst()
    return delayed
  }

  /// Decides about an event that has just happened: true when it arrives now, otherwise it is kept for later.
  /// A duplicate is always kept for later, if only for the next call.
  mutating func accept(_ event: ClickEvent) -> Bool {
    if random.chance(isDuplicated) {
      let delay = hasDisorder && random.below(2) == 0 ? random.below(delayMax) : 0
      waiting.insert(DeliveredEvent(event: event, isDuplicate: true), at: event.time + Int64(delay))
    }
    if random.chance(isLate) {
      waiting.insert(DeliveredEvent(event: event), at: event.time + Int64(1 + random.below(delayMax)))
      return false
    }
    return true
  }
}
