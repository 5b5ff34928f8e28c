/// Operators that take each element by itself: no state, no exchange; they run wherever the stream is.
///
/// Positions go with the elements. Cost: the call of the function and a copy.
extension DStream {
  /// The elements that `transform` gives for each.
  @inlinable
  public func map<Output>(_ transform: @escaping @Sendable (Element) -> Output) -> DStream<Output> {
    operate { _ in
      PartitionOperator { run, _, output in
        let n = run.count
        let p = unsafe output.reserve(n)
        for i in 0..<n { unsafe (p + i).initialize(to: transform(run.elements[i])) }
        output.commit(n)
        run.copyPositions(to: output)
      }
    }
  }

  /// All elements of the sequences that `transform` gives.
  @inlinable
  public func flatMap<Output: Sequence>(_ transform: @escaping @Sendable (Element) -> Output) -> DStream<Output.Element>
  {
    operate { _ in
      PartitionOperator { run, _, output in
        for i in 0..<run.count {
          for e in unsafe transform(run.elements[i]) {
            output.append(e)
            run.copyPosition(i, to: output)
          }
        }
      }
    }
  }

  /// What `transform` gives for each element, where it is not nil.
  @inlinable
  public func compactMap<Output>(_ transform: @escaping @Sendable (Element) -> Output?) -> DStream<Output> {
    operate { _ in
      PartitionOperator { run, _, output in
        for i in 0..<run.count {
          if let e = unsafe transform(run.elements[i]) {
            output.append(e)
            run.copyPosition(i, to: output)
          }
        }
      }
    }
  }

  /// The elements for which `isIncluded` holds. Byte spans stay valid: the bytes they point into are passed on.
  @inlinable
  public func filter(_ isIncluded: @escaping @Sendable (Element) -> Bool) -> DStream<Element> {
    operate { _ in
      PartitionOperator { run, _, output in
        if run.hasBytes { unsafe output.borrowedArena = unsafe run.bytes }
        let hasPositions = run.hasPositions
        for i in 0..<run.count where unsafe isIncluded(run.elements[i]) {
          unsafe output.append(run.elements[i])
          if hasPositions { run.copyPosition(i, to: output) }
        }
      }
    }
  }

  /// What `transform` gives for the elements of each partition of each block, as one sequence. The results have no event
  /// time: which element each came from is not known.
  @inlinable
  public func mapPartitions<Output: Sequence>(
    _ transform: @escaping @Sendable (UnsafeBufferPointer<Element>) -> Output
  ) -> DStream<Output.Element> {
    operate { _ in
      PartitionOperator { run, _, output in
        for e in unsafe transform(run.elements) { output.append(e) }
      }
    }
  }

  /// Each partition of each block as one array.
  @inlinable
  public func glom() -> DStream<[Element]> { unsafe mapPartitions { unsafe [[Element](unsafe $0)] } }

  /// The stream that `body` makes of this one: for a chain of operators with a name.
  @inlinable
  public func transform<Output>(_ body: (DStream<Element>) -> DStream<Output>) -> DStream<Output> { body(self) }

  /// The stream that `body` makes of this one and another.
  @inlinable
  public func transformWith<Other, Output>(
    _ other: DStream<Other>, _ body: (DStream<Element>, DStream<Other>) -> DStream<Output>
  ) -> DStream<Output> { body(self, other) }

  /// The elements of this stream and of another of the same context. Nothing is moved: the operators behind are applied to
  /// both.
  public func union(_ other: DStream<Element>) -> DStream<Element> {
    precondition(other.context === context, "streams of different contexts cannot be united")
    return DStream(context: context, branches: branches + other.branches)
  }

  /// Does nothing: a stream's elements are computed once a batch, whoever uses them (every use is a subscriber of the same
  /// computation).
  @inlinable
  public func cache() -> DStream<Element> { self }
  /// The same as ``cache()``.
  @inlinable
  public func persist() -> DStream<Element> { self }
}
