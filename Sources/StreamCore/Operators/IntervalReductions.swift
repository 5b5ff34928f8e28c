/// What an interval brought, as one value.
///
/// Guarantees: one result an interval, in one partition. Cost: a value a block crosses the exchange.
extension DStream {
  /// How many elements each interval brought; 0 for an interval without any.
  @inlinable
  public func count(name: String = "count") -> DStream<Int> {
    let counts: DStream<Int> = operate { _ in
      PartitionOperator { run, _, output in output.append(run.count) }
    }
    return counts.reducedByInterval(name: name, startingWith: 0, +)
  }

  /// The elements of each interval reduced to one; nothing for an interval without any. `reduce` is associative; blocks
  /// are reduced first, unless the elements are floating-point numbers, which are taken in the order they were read.
  @inlinable
  public func reduce(name: String = "reduce", _ reduce: @escaping @Sendable (Element, Element) -> Element) -> DStream<
    Element
  > {
    if Element.self is any BinaryFloatingPoint.Type || !combinesFirst {
      return reducedByInterval(name: name, startingWith: nil, reduce)
    }
    let blocks: DStream<Element> = operate { [context] _ in
      let handsOn = context.mergesTimedSources
      return PartitionOperator { run, _, output in
        guard run.count > 0 else { return }
        if handsOn, run.isTimed {
          unsafe output.append(contentsOf: run.elements)
          return run.copyPositions(to: output)
        }
        var result = unsafe run.elements[0]
        for i in 1..<run.count { result = unsafe reduce(result, run.elements[i]) }
        output.append(result)
      }
    }
    return blocks.reducedByInterval(name: name, startingWith: nil, reduce)
  }

  @inlinable
  func reducedByInterval(
    name: String, startingWith first: Element?, _ reduce: @escaping @Sendable (Element, Element) -> Element
  ) -> DStream<Element> {
    markWorksByInterval()
    return singlePartition(name: name).operate { _ in
      let held = Held(first)
      return PartitionOperator { batch, output in
        guard batch.closesInterval else { return }
        if let value = unsafe held.value { output.append(value) }
        unsafe held.value = first
      } process: { run, _, _ in
        for i in 0..<run.count {
          let e = unsafe run.elements[i]
          unsafe held.value = unsafe held.value.map { reduce($0, e) } ?? e
        }
      }
    }.givingOutByInterval()
  }
}

/// A variable that closures share.
@usableFromInline
final class Held<Value> {
  @exclusivity(unchecked) @usableFromInline var value: Value
  @inlinable
  init(_ value: Value) { unsafe self.value = value }
}
