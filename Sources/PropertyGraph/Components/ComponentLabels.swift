import FlatMemory

/// What the labels need to know of a spanning forest. Any forest will do whose trees span the components.
protocol LabelledForest {
  /// A number that is equal for two vertices if and only if they are connected; nil for a vertex that is not there.
  func root(_ vertex: VertexIndex) -> UInt32?
  /// The size of a component, by its number.
  func size(ofRoot root: UInt32) -> Int
  /// Appends the neighbours of a vertex in the forest.
  func appendNeighbours(of vertex: VertexIndex, to list: inout FlatArray<VertexIndex>)
}

/// The label of every vertex (the lowest one in its component) as of the last batch, and what a batch changed in them.
///
/// The keeper of the forest notes (`touch`) both ends of every edge that is added to the forest and of every one whose
/// removal splits a component. Call the vertices that were together in an old component and are together in a new one
/// a *piece*, and what the forest connects of it without leaving it a part. A part that is not a whole component both
/// before and after has a touched vertex: either an edge of the forest leads out of it to another piece, which was
/// added since, or it is a whole component now that was connected to others before, and the last edge between them
/// split a component when it went. So the pieces are found from the touched vertices alone; the piece that holds the
/// new label keeps its labels and is never looked at; every other piece is walked over, and all its vertices do change
/// their label.
///
/// Guarantees: `takeDeltas` gives net changes: what happened and was undone within a batch does not appear.
/// Cost: O(t log t) for t touched vertices, and O(c log c) for c vertices that change their label; 8 bytes a vertex.
struct ComponentLabels {
  /// Labels as of the last batch.
  private(set) var label = FlatArray<VertexIndex>()
  /// Sizes of components as of the last batch, at the vertex that names them; 0 elsewhere.
  private(set) var sizeOfLabel = FlatArray<UInt32>()
  private var touched = VertexMarks()
  private var visited = VertexMarks()
  private var neighbours = FlatArray<VertexIndex>()

  func deallocate() {
    label.deallocate()
    sizeOfLabel.deallocate()
    touched.deallocate()
    visited.deallocate()
    neighbours.deallocate()
  }

  /// Makes room for the vertices below `bound`.
  mutating func extend(to bound: Int) {
    label.extend(to: bound, filling: noVertex)
    sizeOfLabel.extend(to: bound, filling: 0)
    touched.extend(to: bound)
    visited.extend(to: bound)
  }

  /// Notes an end of an edge that came into the forest or split a component by going, or a vertex that came or went.
  @inline(__always)
  mutating func touch(_ vertex: VertexIndex) { touched.insert(vertex) }

  /// Takes over what another keeper of the same vertices noted, whose forest was another one: every vertex counts as
  /// touched. Linear in the vertices.
  mutating func adopt(_ other: ComponentLabels) {
    extend(to: other.label.count)
    unsafe label.base.update(from: other.label.base, count: other.label.count)
    unsafe sizeOfLabel.base.update(from: other.sizeOfLabel.base, count: other.sizeOfLabel.count)
    for v in 0..<VertexIndex(label.count) { touch(v) }
  }

  /// The touched vertices in the order in which they were touched.
  var touchedVertices: FlatArray<VertexIndex> { touched.members }

  /// A touched vertex under its piece: `key` is the component's number, then the old label.
  private struct Touch {
    var key: UInt64
    var vertex: VertexIndex
    var root: UInt32 { UInt32(truncatingIfNeeded: key >> 32) }
    var oldLabel: VertexIndex { UInt32(truncatingIfNeeded: key) }
  }

  /// A piece in work: its touched vertices and, once it was walked over, its members.
  private struct Piece {
    var oldLabel: VertexIndex
    var touches: Range<Int>
    var members: Range<Int>?
  }

  /// The net changes since the last call; afterwards these are the labels to compare with.
  mutating func takeDeltas<Forest: LabelledForest>(_ forest: Forest, order: VertexOrder) -> ComponentDeltas {
    var deltas = ComponentDeltas()
    var touches: [Touch] = []
    touches.reserveCapacity(touched.members.count)
    var gone: [VertexIndex: Int] = [:]
    for i in 0..<touched.members.count {
      let vertex = touched.members[i]
      let old = label[Int(vertex)]
      if let root = forest.root(vertex) {
        touches.append(Touch(key: UInt64(root) << 32 | UInt64(old), vertex: vertex))
      } else if old != noVertex {
        deltas.vertices.append(VertexLabelChange(vertex: vertex, label: noVertex))
        gone[old, default: 0] += 1
      }
    }
    for (old, count) in gone { record(old, noVertex, count, sizeAfter: 0, in: &deltas) }
    touches.sort { $0.key < $1.key }
    var start = 0
    while start < touches.count {
      var end = start
      while end < touches.count, touches[end].root == touches[start].root { end += 1 }
      relabel(touches, start..<end, forest, order, &deltas)
      start = end
    }
    apply(&deltas)
    return deltas
  }

  /// Finds what changed in one component of now, whose touched vertices are given.
  private mutating func relabel<Forest: LabelledForest>(
    _ touches: [Touch], _ range: Range<Int>, _ forest: Forest, _ order: VertexOrder, _ deltas: inout ComponentDeltas
  ) {
    let root = touches[range.lowerBound].root
    var pieces: [Piece] = []
    for i in range {
      if let last = pieces.last, last.oldLabel == touches[i].oldLabel {
        pieces[pieces.count - 1].touches = last.touches.lowerBound..<i + 1
      } else {
        pieces.append(Piece(oldLabel: touches[i].oldLabel, touches: i..<i + 1))
      }
    }
    var newLabel = noVertex
    for p in pieces.indices {
      let old = pieces[p].oldLabel
      if old != noVertex, forest.root(old) == root {
        if newLabel == noVertex || order.isLower(old, newLabel) { newLabel = old }
        continue
      }
      let members = walk(pieces[p], touches, forest)
      pieces[p].members = members
      for i in members {
        let vertex = visited.members[i]
        if newLabel == noVertex || order.isLower(vertex, newLabel) { newLabel = vertex }
      }
    }
    for p in pieces.indices where pieces[p].members == nil && pieces[p].oldLabel != newLabel {
      pieces[p].members = walk(pieces[p], touches, forest)
    }
    let size = forest.size(ofRoot: root)
    var unmoved = size
    for piece in pieces {
      guard let members = piece.members else { continue }
      unmoved -= members.count
      record(piece.oldLabel, newLabel, members.count, sizeAfter: size, in: &deltas)
      for i in members { deltas.vertices.append(VertexLabelChange(vertex: visited.members[i], label: newLabel)) }
    }
    let sizeBefore = Int(sizeOfLabel[Int(newLabel)])
    if unmoved > 0, unmoved < size || unmoved < sizeBefore {
      record(newLabel, newLabel, unmoved, sizeAfter: size, in: &deltas)
    }
    visited.removeAll()
  }

  /// The members of a piece, as a range of `visited`: along edges of the forest between vertices of one old label.
  private mutating func walk<Forest: LabelledForest>(
    _ piece: Piece, _ touches: [Touch], _ forest: Forest
  ) -> Range<Int> {
    let start = visited.members.count
    for t in piece.touches { visited.insert(touches[t].vertex) }
    var head = start
    while head < visited.members.count {
      neighbours.removeAll()
      forest.appendNeighbours(of: visited.members[head], to: &neighbours)
      for i in 0..<neighbours.count where label[Int(neighbours[i])] == piece.oldLabel { visited.insert(neighbours[i]) }
      head += 1
    }
    return start..<head
  }

  private func record(
    _ before: VertexIndex, _ after: VertexIndex, _ count: Int, sizeAfter: Int, in deltas: inout ComponentDeltas
  ) {
    let sizeBefore = before == noVertex ? 0 : Int(sizeOfLabel[Int(before)])
    deltas.components.append(
      ComponentDelta(
        before: before, after: after, vertexCount: count, sizeBefore: sizeBefore, sizeAfter: sizeAfter))
  }

  /// Puts the deltas into their order and into the labels.
  private mutating func apply(_ deltas: inout ComponentDeltas) {
    deltas.components.sort { ($0.after, $0.before) < ($1.after, $1.before) }
    deltas.vertices.sort { $0.vertex < $1.vertex }
    for change in deltas.vertices { label[Int(change.vertex)] = change.label }
    for delta in deltas.components where delta.before != noVertex { sizeOfLabel[Int(delta.before)] = 0 }
    for delta in deltas.components where delta.after != noVertex {
      sizeOfLabel[Int(delta.after)] = UInt32(delta.sizeAfter)
    }
    touched.removeAll()
  }
}

extension ComponentLabels {
  /// Writes labels, sizes and the touched vertices.
  func writeSections(_ write: (String, UnsafeRawBufferPointer) throws -> Void) rethrows {
    try unsafe write("labels", label.rawBytes)
    try unsafe write("label-sizes", sizeOfLabel.rawBytes)
    try unsafe write("touched", touched.members.rawBytes)
  }

  /// Reads what `writeSections` wrote, for `bound` vertices.
  mutating func restore(from sections: ComponentSections, bound: Int) throws(ComponentStateError) {
    try sections.read("labels", into: &label, count: bound)
    try sections.read("label-sizes", into: &sizeOfLabel, count: bound)
    var list = FlatArray<VertexIndex>()
    defer { list.deallocate() }
    try sections.read("touched", into: &list)
    extend(to: bound)
    for i in 0..<list.count {
      guard Int(list[i]) < bound, touched.insert(list[i]) else { throw .damagedSection("touched") }
    }
    for i in 0..<bound where label[i] != noVertex && Int(label[i]) >= bound { throw .damagedSection("labels") }
  }

  /// Stops when labels and sizes contradict each other.
  func checkInvariants() {
    var counts = [UInt32](repeating: 0, count: label.count)
    for v in 0..<label.count where label[v] != noVertex { counts[Int(label[v])] += 1 }
    for v in 0..<label.count {
      precondition(counts[v] == sizeOfLabel[v], "label \(v) is noted for \(sizeOfLabel[v]), not \(counts[v]) vertices")
      precondition(counts[v] == 0 || label[v] == VertexIndex(v), "label \(v) does not label itself")
    }
  }
}
