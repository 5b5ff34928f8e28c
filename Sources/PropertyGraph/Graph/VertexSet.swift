/// Some of the vertices of a graph with an attribute each (GraphX's `VertexRDD`).
///
/// A set made from another one keeps its numbering of vertices and marks its own members in a bitmap. Sets with the
/// same numbering are combined slot by slot; sets that were made apart are matched by the names of their vertices.
///
/// ```swift
/// let ages = VertexSet([("ann", 31), ("bob", 17), ("cy", 64)])
/// let adults = ages.filter { _, age in age >= 18 }
/// adults.count       // 2
/// adults["bob"]      // nil
/// ages.minus(adults)["bob"]  // 17
/// ```
///
/// Guarantees: a value type whose copies share their storage; results depend on the members alone, not on the number of
/// threads.
/// Cost: filtering and taking differences copy no attribute; a bit per vertex of the numbering.
public struct VertexSet<Attribute: Sendable>: Sendable {
  @usableFromInline let names: VertexNames
  /// The vertices in the set; all of them have an attribute in the column.
  @usableFromInline let members: VertexBitmap
  @usableFromInline let column: AttributeColumn<Attribute>

  @usableFromInline
  init(names: VertexNames, members: VertexBitmap, column: AttributeColumn<Attribute>) {
    (self.names, self.members, self.column) = (names, members, column)
  }

  /// Vertices by name. Of several with the same name the first one counts, unless `merge` combines them.
  ///
  /// - Parameter merge: makes one attribute of the one so far and the next.
  @inlinable
  public init(
    _ vertices: some Sequence<(VertexID, Attribute)>, merge: (Attribute, Attribute) -> Attribute = { first, _ in first }
  ) {
    var dictionary = VertexDictionary()
    var attributes: [Attribute] = []
    for (id, attribute) in vertices {
      let vertex = Int(dictionary.insert(id))
      if vertex == attributes.count {
        attributes.append(attribute)
      } else {
        attributes[vertex] = merge(attributes[vertex], attribute)
      }
    }
    self.init(
      names: VertexNames(dictionary), members: VertexBitmap(full: attributes.count),
      column: ColumnBuilder.column(attributes))
  }

  /// The number of vertices in the set.
  public var count: Int { members.memberCount }
  public var isEmpty: Bool { count == 0 }

  /// The names of all vertices of the numbering, in the set or not.
  public var dictionary: VertexDictionary { names.dictionary }

  /// The attribute of the vertex with this name, if it is in the set.
  public subscript(_ id: VertexID) -> Attribute? {
    names.dictionary.find(id).flatMap { self[vertex: $0] }
  }

  /// The attribute of a vertex given by its number, if it is in the set.
  public subscript(vertex vertex: VertexIndex) -> Attribute? {
    unsafe contains(vertex) ? column.base[Int(vertex)] : nil
  }

  public func contains(_ vertex: VertexIndex) -> Bool {
    Int(vertex) < members.count && members.contains(Int(vertex))
  }

  /// The name of a vertex given by its number.
  public func id(of vertex: VertexIndex) -> VertexID { names.dictionary.id(of: vertex) }

  /// The vertices by name instead of by number, in the order of their numbers.
  public var named: some Sequence<(id: VertexID, attribute: Attribute)> {
    lazy.map { (id: id(of: $0.vertex), attribute: $0.attribute) }
  }
}

extension VertexSet: Sequence {
  public typealias Element = (vertex: VertexIndex, attribute: Attribute)

  public var underestimatedCount: Int { count }

  @inlinable
  public func makeIterator() -> Iterator { Iterator(self) }

  /// Walks the members in the order of their numbers.
  public struct Iterator: IteratorProtocol {
    @usableFromInline let set: VertexSet
    @usableFromInline var next64: Int = 0
    @usableFromInline var word: UInt64 = 0

    @inlinable
    init(_ set: VertexSet) { self.set = set }

    @inlinable
    public mutating func next() -> Element? {
      while word == 0 {
        if next64 >= set.members.count { return nil }
        word =
          unsafe set.members.pointer.map { unsafe $0[next64 &>> 6] }
          ?? VertexBitmap.fullWord(next64 &>> 6, count: set.members.count)
        next64 &+= 64
      }
      let vertex = next64 &- 64 &+ word.trailingZeroBitCount
      word &= word &- 1
      return unsafe (VertexIndex(truncatingIfNeeded: vertex), set.column.base[vertex])
    }
  }
}

extension VertexSet {
  /// The same vertices with other attributes.
  ///
  /// - Parameter transform: is given the vertex and its attribute; called on several threads.
  @inlinable
  public func mapValues<Other: Sendable>(
    _ transform: @Sendable (VertexIndex, Attribute) -> Other
  ) -> VertexSet<Other> {
    let builder = ColumnBuilder<Other>(count: members.count)
    let (base, bits, target) = unsafe (column.base, members.pointer, builder.base)
    FixedRanges(count: members.count).run { _, range in
      unsafe VertexBitmap.forEach(bits, in: range) { vertex in
        unsafe (target + vertex).initialize(to: transform(VertexIndex(truncatingIfNeeded: vertex), base[vertex]))
      }
    }
    withExtendedLifetime(self) {}
    return VertexSet<Other>(names: names, members: members, column: builder.finish(members: members))
  }

  /// The same vertices with other attributes.
  @inlinable
  public func mapValues<Other: Sendable>(_ transform: @Sendable (Attribute) -> Other) -> VertexSet<Other> {
    mapValues { _, attribute in transform(attribute) }
  }

  /// The vertices for which the predicate holds.
  @inlinable
  public func filter(_ isIncluded: @Sendable (VertexIndex, Attribute) -> Bool) -> VertexSet {
    let kept = BitmapBuilder(count: members.count)
    let (base, bits) = unsafe (column.base, members.pointer)
    FixedRanges(count: members.count).run { _, range in
      unsafe VertexBitmap.forEach(bits, in: range) { vertex in
        if unsafe isIncluded(VertexIndex(truncatingIfNeeded: vertex), base[vertex]) { kept.set(vertex) }
      }
    }
    withExtendedLifetime(self) {}
    return VertexSet(names: names, members: kept.finish(), column: column)
  }
}
