/// Sets of vertices combined. A set numbered in another way is first brought into the numbering of this one, name by
/// name; vertices this numbering does not have are dropped by it.
extension VertexSet {
  /// The vertices of this set that are not in the other one.
  @inlinable
  public func minus<Other>(_ other: VertexSet<Other>) -> VertexSet {
    VertexSet(names: names, members: members.subtracting(other.aligned(to: names).members), column: column)
  }

  /// The vertices in both sets whose attributes differ, with those of the other set.
  @inlinable
  public func diff(_ other: VertexSet) -> VertexSet where Attribute: Equatable {
    let other = other.aligned(to: names)
    let common = VertexSet(names: names, members: members.intersection(other.members), column: other.column)
    let base = unsafe column.base
    nonisolated(unsafe) let mine = unsafe base
    defer { withExtendedLifetime(self) {} }
    return common.filter { vertex, attribute in unsafe mine[Int(vertex)] != attribute }
  }

  /// Every vertex of this set with an attribute made from its own and that of the other set, if it has one there.
  @inlinable
  public func leftJoin<Other, Joined: Sendable>(
    _ other: VertexSet<Other>, _ join: @Sendable (VertexIndex, Attribute, Other?) -> Joined
  ) -> VertexSet<Joined> {
    let other = other.aligned(to: names)
    nonisolated(unsafe) let (bits, base) = unsafe (other.members.pointer, other.column.base)
    defer { withExtendedLifetime(other) {} }
    return mapValues { vertex, attribute in
      unsafe join(vertex, attribute, VertexBitmap.isSet(bits, Int(vertex)) ? base[Int(vertex)] : nil)
    }
  }

  /// The vertices in both sets, with an attribute made from both.
  @inlinable
  public func innerJoin<Other, Joined: Sendable>(
    _ other: VertexSet<Other>, _ join: @Sendable (VertexIndex, Attribute, Other) -> Joined
  ) -> VertexSet<Joined> {
    let other = other.aligned(to: names)
    nonisolated(unsafe) let base = unsafe other.column.base
    defer { withExtendedLifetime(other) {} }
    return VertexSet(names: names, members: members.intersection(other.members), column: column)
      .mapValues { vertex, attribute in unsafe join(vertex, attribute, base[Int(vertex)]) }
  }

  /// Messages merged per vertex, in the numbering of this set. Those to vertices outside the set are dropped.
  ///
  /// ```swift
  /// let words = VertexSet([("a", 0), ("b", 0)])
  /// words.aggregateUsingIndex([("a", 1), ("a", 5), ("z", 9)], merge: +)["a"]  // 6
  /// ```
  @inlinable
  public func aggregateUsingIndex<Message: Sendable>(
    _ messages: some Sequence<(VertexID, Message)>, merge: (Message, Message) -> Message
  ) -> VertexSet<Message> {
    let box = MessageBox<Message>(vertexCount: members.count)
    for (id, message) in messages {
      guard let vertex = names.find(id), members.contains(vertex) else { continue }
      box.put(box.take(vertex).map { merge($0, message) } ?? message, at: vertex)
    }
    return box.finish(names: names)
  }

  /// The same vertices in another numbering, as far as it has them.
  @usableFromInline
  func aligned(to other: VertexNames) -> VertexSet {
    guard let numbers = names.numbers(in: other) else { return self }
    let builder = ColumnBuilder<Attribute>(count: other.count)
    let found = BitmapBuilder(count: other.count)
    for (vertex, attribute) in self where numbers[Int(vertex)] != VertexNames.none {
      unsafe (builder.base + Int(numbers[Int(vertex)])).initialize(to: attribute)
      found.set(Int(numbers[Int(vertex)]))
    }
    let members = found.finish()
    return VertexSet(names: other, members: members, column: builder.finish(members: members))
  }
}
