import FlatMemory

/// The children of every vertex of a forest of parent pointers, brought up to date only when someone wants to see them.
///
/// Pointers near the roots change many times in a batch; the lists follow once at its end, for the vertices whose
/// pointers have changed.
///
/// Invariants: a vertex is in the list of the parent it had when the lists followed last.
/// Cost: O(1) a changed vertex; 16 bytes a vertex.
struct ChildLists {
  private struct Link: BitwiseCopyable {
    var parent: VertexIndex = noVertex
    var firstChild: VertexIndex = noVertex
    var next: VertexIndex = noVertex
    var previous: VertexIndex = noVertex
  }

  private var links = FlatArray<Link>()

  func deallocate() { links.deallocate() }

  mutating func extend(to bound: Int) { links.extend(to: bound, filling: Link()) }

  /// Moves each of the given vertices to the list of the parent it has now.
  func follow(_ tree: SlidingWindowTree, _ changed: FlatArray<VertexIndex>) {
    let links = unsafe links.base
    for i in 0..<changed.count {
      let vertex = changed[i]
      let link = unsafe links[Int(vertex)]
      let parent = tree.nodes[Int(vertex)].parent
      if link.parent == parent { continue }
      if link.parent != noVertex {
        if link.next != noVertex { unsafe links[Int(link.next)].previous = link.previous }
        if link.previous != noVertex {
          unsafe links[Int(link.previous)].next = link.next
        } else {
          unsafe links[Int(link.parent)].firstChild = link.next
        }
      }
      unsafe links[Int(vertex)].parent = parent
      if parent == noVertex { continue }
      let first = unsafe links[Int(parent)].firstChild
      if first != noVertex { unsafe links[Int(first)].previous = vertex }
      unsafe links[Int(vertex)].next = first
      unsafe links[Int(vertex)].previous = noVertex
      unsafe links[Int(parent)].firstChild = vertex
    }
  }

  /// Appends the children of a vertex.
  func append(of vertex: VertexIndex, to list: inout FlatArray<VertexIndex>) {
    var child = links[Int(vertex)].firstChild
    while child != noVertex {
      list.append(child)
      child = links[Int(child)].next
    }
  }

  func writeSections(_ write: (String, UnsafeRawBufferPointer) throws -> Void) rethrows {
    try unsafe write("child-lists", links.rawBytes)
  }

  mutating func restore(from sections: ComponentSections, bound: Int) throws(ComponentStateError) {
    try sections.read("child-lists", into: &links, count: bound)
    for i in 0..<bound {
      let link = links[i]
      for v in [link.parent, link.firstChild, link.next, link.previous] where v != noVertex && Int(v) >= bound {
        throw .damagedSection("child-lists")
      }
    }
  }

  /// Stops when a list is broken.
  func checkInvariants() {
    var listed = 0
    for v in 0..<links.count {
      var previous = noVertex
      var child = links[v].firstChild
      while child != noVertex {
        precondition(links[Int(child)].parent == VertexIndex(v), "\(child) is in the list of \(v)")
        precondition(links[Int(child)].previous == previous, "\(child) has lost its predecessor")
        listed += 1
        previous = child
        child = links[Int(child)].next
      }
    }
    precondition(listed == (0..<links.count).count { links[$0].parent != noVertex }, "a child is in no list")
  }
}
