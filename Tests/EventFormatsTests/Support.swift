import EventFormats
import FlatMemory

/// An event with its texts taken out of the block.
struct DecodedEvent: Equatable, CustomStringConvertible {
  var offset = 0
  var time: Int64 = 0
  var user = ""
  var url = ""
  var referrer = ""
  var agent = ""
  var event = ""
  var eventClass = EventClass.other
  var hasItem = false
  var item: UInt32 = 0
  var value = 0.0

  var description: String {
    "@\(offset) \(time) \(user) \(url) \(referrer) \(agent) \(event) \(eventClass) \(item) \(value)"
  }
}

struct DecodedInput: Equatable {
  var events: [DecodedEvent] = []
  var rejected: [RejectedLine] = []

  var users: [String] { events.map(\.user) }
  var reasons: [String] { rejected.map(\.reason.name) }
}

/// Decodes text as the engine does: in blocks of whole records cut by the plan's framing. Offsets are those in the
/// text.
func decode(_ text: [UInt8], _ plan: DecodingPlan, blockByteCount: Int = 1 << 20, with decoder: LogDecoder? = nil)
  -> DecodedInput
{
  let decoder = decoder ?? LogDecoder(plan: plan)
  var result = DecodedInput()
  var from = 0
  var take = blockByteCount
  while from < text.count {
    let upTo = min(from + take, text.count)
    var block = Array(text[from..<upTo])
    let isLast = upTo == text.count
    var count = block.count
    if !isLast {
      block.append(contentsOf: [UInt8](repeating: 0, count: bytePadding))
      count = unsafe block.withUnsafeBufferPointer {
        unsafe plan.framing.completeRecords(in: $0.baseAddress!, count: count, lineByteCountMax: plan.lineByteCountMax)
      }
      if count == 0 {
        take *= 2
        continue
      }
    }
    take = blockByteCount
    block = Array(text[from..<from + count])
    if block.last != 10 { block.append(10) }
    decodeBlock(block, decoder, at: from, &result)
    from += count
  }
  return result
}

func decode(_ text: String, _ plan: DecodingPlan, blockByteCount: Int = 1 << 20) -> DecodedInput {
  decode(Array(text.utf8), plan, blockByteCount: blockByteCount)
}

private func decodeBlock(_ block: [UInt8], _ decoder: LogDecoder, at base: Int, _ result: inout DecodedInput) {
  // a block does not begin at the start of its buffer, and what follows it is not zero
  let start = 37
  let end = start + block.count
  let spareStart = end + bytePadding
  let capacity = spareStart + block.count + bytePadding
  let b = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
  unsafe b.initialize(repeating: 0x22, count: capacity)
  unsafe (b + start).update(from: block, count: block.count)
  var events = FlatArray<LogEvent>(capacity: 1)
  var rejected = FlatArray<RejectedLine>(capacity: 1)
  defer {
    unsafe b.deallocate()
    events.deallocate()
    rejected.deallocate()
  }
  unsafe decoder.decode(b, start: start, end: end, spareStart: spareStart, events: &events, rejected: &rejected)
  func text(_ offset: UInt32, _ length: Int) -> String {
    unsafe String(decoding: UnsafeBufferPointer(start: b + Int(offset), count: length), as: UTF8.self)
  }
  for i in 0..<events.elements.count {
    let e = unsafe events.elements[i]
    var event = DecodedEvent()
    event.offset = Int(e.lineOffset) - start + base
    event.time = e.time
    event.user = text(e.userOffset, Int(e.userLength))
    event.url = text(e.urlOffset, Int(e.urlLength))
    event.referrer = text(e.referrerOffset, Int(e.referrerLength))
    event.agent = text(e.agentOffset, Int(e.agentLength))
    event.event = text(e.eventOffset, Int(e.eventLength))
    event.eventClass = e.eventClass
    event.hasItem = e.item != 0
    event.item = e.item
    event.value = e.value
    result.events.append(event)
  }
  for i in 0..<rejected.elements.count {
    let r = unsafe rejected.elements[i]
    var line = r
    line.offset = UInt32(Int(r.offset) - start + base)
    result.rejected.append(line)
  }
}

/// A generator that gives the same numbers for the same seed (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64
  init(seed: UInt64) { state = seed }
  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
    return z ^ z >> 31
  }
  mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &self) < percent }
  mutating func below(_ n: Int) -> Int { Int.random(in: 0..<n, using: &self) }
}

/// A new seed per run; shown so that a failing run can be repeated.
func newSeed(_ test: String) -> UInt64 {
  let seed = UInt64.random(in: 0...UInt64.max)
  print("\(test): seed \(seed)")
  return seed
}

func plan(_ text: String, _ options: FormatOptions = FormatOptions(), name: String = "input") throws -> DecodingPlan {
  try unsafe Array(text.utf8).withUnsafeBytes {
    try unsafe FormatDetector.plan(sample: $0, name: name, options: options)
  }
}

let shopPlan = DecodingPlan(
  format: .ndjson, timeFormat: .iso8601,
  fields: [
    .time: "timestamp", .user: "user_id", .event: "event", .item: "item_id", .url: "url", .referrer: "referrer",
    .value: "price",
  ])
