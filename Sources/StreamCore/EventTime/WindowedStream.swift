/// A keyed stream cut into windows of event time: give it an aggregation.
///
/// Guarantees: a window of a key gets every element whose event time lies in it, however they were ordered, until the
/// watermark reaches its end and the allowed lateness; what comes later is late: counted, and given out by
/// ``WindowedResults/late``. With ``OutputMode/append`` each result is given once, at that moment, in the order of the
/// windows' closing; its event time is the window's last instant, and operators behind see a watermark that stays behind
/// by the allowed lateness, so windows of windows are right.
/// Cost: a table look-up an element and window; a timer a window of a key. Memory: the open windows.
public struct WindowedStream<Key: StreamKey, Value> {
  @usableFromInline let stream: DStream<(Key, Value)>
  @usableFromInline let windows: TimeWindows
  @usableFromInline let name: String
  @usableFromInline let allowedLatenessMilliseconds: Int64
  @usableFromInline let outputMode: OutputMode

  @inlinable
  init(
    _ stream: DStream<(Key, Value)>, _ windows: TimeWindows, name: String, allowedLatenessMilliseconds: Int64,
    outputMode: OutputMode
  ) {
    windows.check()
    precondition(allowedLatenessMilliseconds >= 0, "an allowed lateness cannot be negative")
    self.stream = stream
    self.windows = windows
    self.name = name
    self.allowedLatenessMilliseconds = allowedLatenessMilliseconds
    self.outputMode = outputMode
  }

  /// The values of each window and key put together.
  ///
  /// - Parameters:
  ///   - zero: what a window begins with.
  ///   - add: puts a value in.
  ///   - merge: of two sessions that an element bridges. Session windows must have it, others do not ask for it.
  @inlinable
  public func aggregate<Aggregate: Codable & Sendable>(
    startingWith zero: Aggregate, schema: StateSchema<Aggregate> = StateSchema(),
    _ add: @escaping @Sendable (inout Aggregate, Value) -> Void,
    merge: (@Sendable (inout Aggregate, Aggregate) -> Void)? = nil
  ) -> WindowedResults<Key, Value, Aggregate> {
    if case .session = windows {
      precondition(merge != nil, "'\(name)': sessions that an element bridges have to be put together; give merge:")
    }
    return combine(
      schema: schema,
      {
        var aggregate = zero
        add(&aggregate, $0)
        return aggregate
      }, add, merge ?? { _, _ in })
  }

  /// The base of all: `create` makes what is kept of a window of its first value.
  @inlinable
  func combine<Aggregate: Codable & Sendable>(
    schema: StateSchema<Aggregate> = StateSchema(), _ create: @escaping @Sendable (Value) -> Aggregate,
    _ add: @escaping @Sendable (inout Aggregate, Value) -> Void,
    _ merge: @escaping @Sendable (inout Aggregate, Aggregate) -> Void
  ) -> WindowedResults<Key, Value, Aggregate> {
    let grouped: DStream<(Key, Value)> = stream.groupedByKeyGroup(name: name)
    if outputMode != .append { stream.markWorksByInterval() }
    let (name, mode, lateness, windows) = (name, outputMode, allowedLatenessMilliseconds, windows)
    let outputs: DStream<WindowOutput<Key, Value, Aggregate>>
    // operators behind see a watermark for which no result is late
    if case .session(let gap) = windows {
      let lag = SessionWindowState<Key, Aggregate>.lag(lateness)
      outputs = grouped.operate { instance in
        let state = SessionWindowState<Key, Aggregate>(
          gap: gap, lateness: lateness, mode: mode, schema: schema)
        instance.register(state, name: name)
        return state.makeOperator(instance, create, add, merge)
      }.lagging(milliseconds: lag)
    } else {
      outputs = grouped.operate { instance in
        let state = TimeWindowState<Key, Aggregate>(windows, lateness: lateness, mode: mode, schema: schema)
        instance.register(state, name: name)
        return state.makeOperator(instance, create, add)
      }.lagging(milliseconds: lateness)
    }
    return WindowedResults(outputs)
  }

  /// The values of each window and key reduced.
  @inlinable
  public func reduce(_ reduce: @escaping @Sendable (Value, Value) -> Value) -> WindowedResults<Key, Value, Value>
  where Value: Codable & Sendable {
    combine({ $0 }, { $0 = reduce($0, $1) }, { $0 = reduce($0, $1) })
  }

  /// How many elements each window and key has.
  @inlinable
  public func count() -> WindowedResults<Key, Value, Int> {
    aggregate(startingWith: 0) { n, _ in
      n += 1
    } merge: {
      $0 += $1
    }
  }

  /// All values of each window and key, in the order of their positions; but where an element joins two sessions, it
  /// stands behind the values of the earlier one, and those that the later one had behind it.
  @inlinable
  public func groups() -> WindowedResults<Key, Value, [Value]> where Value: Codable & Sendable {
    aggregate(startingWith: []) {
      $0.append($1)
    } merge: {
      $0 += $1
    }
  }
}

extension DStream {
  /// Cuts the elements of each key into windows of event time.
  ///
  /// - Parameters:
  ///   - name: of the operator's state.
  ///   - allowedLatenessMilliseconds: how long after its end a window still takes elements.
  @inlinable
  public func windowed<Key: StreamKey, Value>(
    by windows: TimeWindows, name: String, allowedLatenessMilliseconds: Int64 = 0, outputMode: OutputMode = .append
  ) -> WindowedStream<Key, Value> where Element == (Key, Value) {
    WindowedStream(
      self, windows, name: name, allowedLatenessMilliseconds: allowedLatenessMilliseconds, outputMode: outputMode)
  }
}

/// What an aggregation over windows gives: results, and the elements that came too late for theirs.
public struct WindowedResults<Key: StreamKey, Value, Aggregate> {
  @usableFromInline let outputs: DStream<WindowOutput<Key, Value, Aggregate>>
  @inlinable
  init(_ outputs: DStream<WindowOutput<Key, Value, Aggregate>>) { self.outputs = outputs }

  /// A window's result for each key; see ``OutputMode`` for when.
  @inlinable
  public var results: DStream<(Key, Windowed<Aggregate>)> {
    outputs.compactMap { if case .result(let key, let w) = $0 { (key, w) } else { nil } }
  }
  /// Elements that came when their window (of several: all of them) was closed.
  @inlinable
  public var late: DStream<(Key, Value)> {
    outputs.compactMap { if case .late(let key, let value) = $0 { (key, value) } else { nil } }
  }
}

/// What an operator of windows gives, before ``WindowedResults`` sorts it out.
public enum WindowOutput<Key, Value, Aggregate> {
  /// A result of a window and key.
  case result(Key, Windowed<Aggregate>)
  /// An element that came too late.
  case late(Key, Value)
}
