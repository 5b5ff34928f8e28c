import FlatMemory

/// A window over the latest intervals: how many it covers and how often it is looked at.
public struct IntervalWindow: Sendable, Equatable {
  enum Unit: Sendable { case intervals, milliseconds }
  let length: Int64
  let slide: Int64
  let unit: Unit

  /// The last `length` intervals, every `slide` intervals.
  public static func intervals(_ length: Int, slide: Int = 1) -> IntervalWindow {
    IntervalWindow(length: Int64(length), slide: Int64(slide), unit: .intervals)
  }
  /// The intervals of the last `length` milliseconds, every `slide` milliseconds (nil: every interval); both are
  /// multiples of the batch interval, which ``Trigger/interval(milliseconds:)`` fixes.
  public static func milliseconds(_ length: Int64, slide: Int64? = nil) -> IntervalWindow {
    IntervalWindow(length: length, slide: slide ?? 0, unit: .milliseconds)
  }

  /// Length and slide in intervals of a job.
  public func resolved(_ trigger: Trigger) -> (length: Int, slide: Int) {
    switch unit {
    case .intervals:
      precondition(
        length > 0 && slide > 0, "a window covers and slides by at least one interval, not \(length), \(slide)")
      return (Int(length), Int(slide))
    case .milliseconds:
      guard case .interval(let interval) = trigger else {
        preconditionFailure(
          "a window in milliseconds needs the trigger .interval(milliseconds:); use .intervals(_:slide:)")
      }
      let slide = slide == 0 ? interval : slide
      precondition(
        length > 0 && slide > 0 && length % interval == 0 && slide % interval == 0,
        "a window of \(length) ms every \(slide) ms: both must be multiples of the batch interval of \(interval) ms")
      return (Int(length / interval), Int(slide / interval))
    }
  }
}

/// Windows over the elements themselves.
extension DStream where Element: Codable & Sendable {
  /// The elements of the latest intervals, given out again every slide.
  ///
  /// Cost: the window's elements are kept, and copied at every slide; reductions over windows
  /// (``reduceByWindow(_:name:_:inverse:)`` and those by key) keep one value an interval instead.
  @inlinable
  public func window(_ window: IntervalWindow, name: String) -> DStream<Element> {
    let (length, slide) = window.resolved(context.options.trigger)
    markWorksByInterval()
    return singlePartition(name: name).operate { instance in
      let state = RecentIntervals<Element>(length: length)
      instance.register(state, name: name)
      return PartitionOperator { batch, output in
        guard batch.closesInterval else { return }
        state.close()
        if (batch.interval + 1) % slide == 0 { for list in state.recent { for e in list { output.append(e) } } }
        state.trim()
      } process: { run, _, _ in
        unsafe state.open.append(contentsOf: run.elements)
      }
    }.givingOutByInterval()
  }
  /// The elements of the window reduced to one, every slide; nothing for a window without any.
  ///
  /// - Parameter inverse: takes a value that left the window out of the result again (`inverse(reduce(a, b), a) == b`):
  ///   with it a slide costs what came and left, without it a value for every interval of the window.
  @inlinable
  public func reduceByWindow(
    _ window: IntervalWindow, name: String, _ reduce: @escaping @Sendable (Element, Element) -> Element,
    inverse: (@Sendable (Element, Element) -> Element)? = nil
  ) -> DStream<Element> {
    let pairs = self.reduce(name: name + "/interval", reduce).map { (UInt8(0), $0) }
    return pairs.reduceByKeyAndWindow(window, name: name, reduce, inverse: inverse).map { $0.1 }
  }
}

extension DStream {
  /// The pairs of the latest intervals, given out again every slide: as ``window(_:name:)`` of other elements.
  @inlinable
  public func window<Key: Codable & Sendable, Value: Codable & Sendable>(
    _ window: IntervalWindow, name: String
  ) -> DStream<(Key, Value)> where Element == (Key, Value) {
    map { WindowedPair(key: $0.0, value: $0.1) }.window(window, name: name).map { ($0.key, $0.value) }
  }

  /// How many elements the window has, every slide. Incremental.
  @inlinable
  public func countByWindow(_ window: IntervalWindow, name: String) -> DStream<Int> {
    count(name: name + "/interval").reduceByWindow(window, name: name, +, inverse: -)
  }

  /// How often each element is in the window, every slide. Incremental.
  @inlinable
  public func countByValueAndWindow(_ window: IntervalWindow, name: String) -> DStream<(Element, Int)>
  where Element: StreamKey {
    map { ($0, 1) }.reduceByKeyAndWindow(window, name: name, +, inverse: -)
  }
}

/// A pair as it is kept in a window's state.
@usableFromInline
struct WindowedPair<Key: Codable & Sendable, Value: Codable & Sendable>: Codable, Sendable {
  @usableFromInline var key: Key
  @usableFromInline var value: Value
  @inlinable
  init(key: Key, value: Value) { (self.key, self.value) = (key, value) }
}

/// The elements of the latest intervals of one partition.
@usableFromInline
final class RecentIntervals<Element: Codable & Sendable>: CheckpointedState {
  @usableFromInline let length: Int
  @exclusivity(unchecked) @usableFromInline var open: [Element] = []
  @usableFromInline var recent: [[Element]] = []

  @inlinable
  init(length: Int) { self.length = length }

  @inlinable
  func close() {
    unsafe recent.append(open)
    unsafe open = []
  }
  /// Drops what no later window covers.
  @inlinable
  func trim() { if recent.count >= length { recent.removeFirst(recent.count - length + 1) } }

  @usableFromInline
  func snapshot(into snapshot: StateSnapshot) {
    let codec = StateCodec<Element>.automatic()
    snapshot.add("elements") { buffer in
      do {
        for list in recent { try writeList(list, codec, &buffer) }
      } catch {
        snapshot.fail(error)
      }
    }
  }
  private func writeList(_ list: [Element], _ codec: StateCodec<Element>, _ buffer: inout OutputBuffer) throws {
    appendWord(UInt64(list.count), &buffer)
    for e in list {
      let place = buffer.count
      appendWord(0, &buffer)
      try codec.encode(e, &buffer)
      let size = UInt64(buffer.count - place - 8).littleEndian
      unsafe UnsafeMutableRawPointer(buffer.base + place).storeBytes(of: size, as: UInt64.self)
    }
  }
  private func appendWord(_ word: UInt64, _ buffer: inout OutputBuffer) {
    unsafe withUnsafeBytes(of: word.littleEndian) { unsafe buffer.append($0) }
  }
  @usableFromInline
  func restore(from snapshot: RestoredState) throws {
    let bytes = try unsafe snapshot.section("elements")
    let wrongSize = StateError.size("\(snapshot.prefix)/elements", bytes.count)
    let codec = StateCodec<Element>.automatic()
    var at = 0
    func word() throws -> Int {
      guard at + 8 <= bytes.count else { throw wrongSize }
      defer { at += 8 }
      let value = UInt64(littleEndian: unsafe bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self))
      guard value <= UInt64(bytes.count) else { throw wrongSize }
      return Int(value)
    }
    recent = []
    while at < bytes.count {
      var list: [Element] = []
      for _ in 0..<(try word()) {
        let n = try word()
        guard at + n <= bytes.count else { throw wrongSize }
        list.append(try unsafe codec.decode(UnsafeRawBufferPointer(rebasing: bytes[at..<at + n])))
        at += n
      }
      recent.append(list)
    }
    // the window may have been longer when the checkpoint was written
    trim()
  }
}
