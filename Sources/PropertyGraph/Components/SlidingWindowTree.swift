import FlatMemory

/// Who wants to know at which vertices the edges of a tree change.
protocol TouchRecorder {
  mutating func touch(_ vertex: VertexIndex)
}

/// Nobody does.
struct NoTouches: TouchRecorder {
  @inline(__always) mutating func touch(_ vertex: VertexIndex) {}
}

extension ComponentLabels: TouchRecorder {}

/// A forest of parent pointers that has the path minima of the maximum spanning forest by time.
///
/// Invariants: the oldest time between two vertices is that of the maximum forest. Going up, priorities rise; times
/// fall, but for pointers that were not passed since what they point to was moved under something younger. `size`
/// counts the vertices of the subtree. Each pointer's time is that of the slot in the queue that it holds.
/// Cost: expected depth about H(n) at most, whatever the graph (see ``SlidingWindowComponents``). The priority of a vertex is
/// a bijective hash of its number: it takes no memory, is never equal for two vertices, and is the same in every run.
struct SlidingWindowTree {
  struct Node: BitwiseCopyable {
    /// Time of the edge to the parent.
    var time: Int64 = 0
    /// ``noVertex`` at a root.
    var parent: VertexIndex = noVertex
    /// The edge's slot in the expiry queue.
    var slot: UInt32 = 0
    /// Vertices in the subtree; 0 for a vertex that is not there.
    var size: UInt32 = 0
    var reserved: UInt32 = 0
  }

  private(set) var nodes = FlatArray<Node>()
  private(set) var queue = ExpiryQueue()
  private(set) var vertexCount = 0
  private(set) var componentCount = 0

  func deallocate() {
    nodes.deallocate()
    queue.deallocate()
  }

  /// Murmur's 32-bit finaliser: a bijection in which every bit depends on every other.
  @inline(__always)
  static func priority(_ vertex: VertexIndex) -> UInt32 {
    var x = vertex
    x = (x ^ (x &>> 16)) &* 0x85eb_ca6b
    x = (x ^ (x &>> 13)) &* 0xc2b2_ae35
    return x ^ (x &>> 16)
  }

  @inline(__always)
  func contains(_ vertex: VertexIndex) -> Bool { unsafe Int(vertex) < nodes.count && nodes.base[Int(vertex)].size != 0 }

  @inline(__always)
  func root(_ vertex: VertexIndex) -> VertexIndex {
    let nodes = unsafe nodes.base
    var vertex = vertex
    while unsafe nodes[Int(vertex)].parent != noVertex { vertex = unsafe nodes[Int(vertex)].parent }
    return vertex
  }

  mutating func insertVertex(_ vertex: VertexIndex) {
    nodes.extend(to: Int(vertex) + 1, filling: Node())
    nodes[Int(vertex)].size = 1
    vertexCount += 1
    componentCount += 1
  }

  /// Removes a vertex that is alone in its component; false otherwise.
  mutating func removeVertex(_ vertex: VertexIndex) -> Bool {
    guard contains(vertex), nodes[Int(vertex)].parent == noVertex, nodes[Int(vertex)].size == 1 else { return false }
    nodes[Int(vertex)] = Node()
    vertexCount -= 1
    componentCount -= 1
    return true
  }

  /// One end of the edge being put in: a vertex, and what its subtree and those of all its ancestors have still to
  /// gain (modulo 2³²); the vertex itself has it already.
  private struct End {
    var vertex: VertexIndex
    var gain: UInt32 = 0

    /// Goes up as long as the edges are not older than `time`, or to the other end, straightening pointers on the
    /// way: one that is not younger than its parent's may as well go to the grandparent.
    @inline(__always)
    mutating func climb<Recorder: TouchRecorder>(
      _ nodes: UnsafeMutablePointer<Node>, while time: Int64, to other: VertexIndex, touching recorder: inout Recorder
    ) {
      while vertex != other {
        let node = unsafe nodes + Int(vertex)
        let parent = unsafe node.pointee.parent
        if unsafe parent == noVertex || node.pointee.time < time { return }
        let above = unsafe nodes + Int(parent)
        if unsafe above.pointee.parent != noVertex, unsafe above.pointee.time >= node.pointee.time {
          recorder.touch(vertex)
          unsafe recorder.touch(above.pointee.parent)
          unsafe above.pointee.size &-= node.pointee.size &- gain
          unsafe node.pointee.parent = unsafe above.pointee.parent
          continue
        }
        vertex = parent
        if gain != 0 { unsafe above.pointee.size &+= gain }
      }
    }
  }

  /// The mean and the greatest number of pointers from a vertex to its root.
  func depth() -> (mean: Double, max: Int) {
    var sum = 0
    var deepest = 0
    for v in 0..<VertexIndex(nodes.count) where contains(v) {
      var steps = 0
      var above = nodes[Int(v)].parent
      while above != noVertex {
        steps += 1
        above = nodes[Int(above)].parent
      }
      sum += steps
      deepest = max(deepest, steps)
    }
    return (Double(sum) / Double(max(vertexCount, 1)), deepest)
  }

  /// Puts in an edge between two different vertices that are there.
  ///
  /// Both ends climb over the edges that are not older. The one of lower priority then gets the other as its parent,
  /// and the older edge it had takes the place of the new one, and so on, until that edge closes a cycle (it is the
  /// oldest there and is dropped) or there is none (two trees have become one).
  @inline(__always)
  mutating func insertEdge<Recorder: TouchRecorder>(
    _ u: VertexIndex, _ v: VertexIndex, time: Int64, touching recorder: inout Recorder
  ) {
    var slot = queue.add(time: time)
    var time = time
    let nodes = unsafe nodes.base
    var low = End(vertex: u)
    var high = End(vertex: v)
    while true {
      unsafe low.climb(nodes, while: time, to: high.vertex, touching: &recorder)
      unsafe high.climb(nodes, while: time, to: low.vertex, touching: &recorder)
      if low.vertex == high.vertex {
        assert(low.gain &+ high.gain == 0, "subtree sizes do not add up")
        return queue.drop(slot)
      }
      if SlidingWindowTree.priority(low.vertex) > SlidingWindowTree.priority(high.vertex) { swap(&low, &high) }
      let node = unsafe nodes + Int(low.vertex)
      let displaced = unsafe node.pointee
      unsafe node.pointee.parent = high.vertex
      unsafe node.pointee.time = time
      unsafe node.pointee.slot = slot
      queue.hold(slot, by: low.vertex)
      recorder.touch(low.vertex)
      recorder.touch(high.vertex)
      high.gain &+= displaced.size
      unsafe nodes[Int(high.vertex)].size &+= displaced.size
      if displaced.parent == noVertex {
        componentCount &-= 1
        return unsafe high.climb(nodes, while: .min, to: noVertex, touching: &recorder)
      }
      low.vertex = displaced.parent
      low.gain &-= displaced.size
      unsafe nodes[Int(low.vertex)].size &+= low.gain
      time = displaced.time
      slot = displaced.slot
    }
  }

  /// Cuts all edges older than `time`.
  @inline(__always)
  mutating func expire<Recorder: TouchRecorder>(before time: Int64, touching recorder: inout Recorder) {
    let nodes = unsafe nodes.base
    while let vertex = queue.popExpired(before: time) {
      let node = unsafe nodes + Int(vertex)
      let parent = unsafe node.pointee.parent
      unsafe node.pointee.parent = noVertex
      // Mostly one step: what is above is older and has gone before, but for pointers not straightened yet.
      var ancestor = parent
      while ancestor != noVertex {
        unsafe nodes[Int(ancestor)].size &-= node.pointee.size
        ancestor = unsafe nodes[Int(ancestor)].parent
      }
      componentCount &+= 1
      recorder.touch(vertex)
      recorder.touch(parent)
    }
  }
}

extension SlidingWindowTree {
  func writeSections(_ write: (String, UnsafeRawBufferPointer) throws -> Void) rethrows {
    try unsafe write("nodes", nodes.rawBytes)
    try unsafe queue.writeSections(write)
  }

  mutating func restore(
    from sections: ComponentSections, bound: Int, droppedCount: Int
  ) throws(ComponentStateError) {
    try sections.read("nodes", into: &nodes, count: bound)
    try queue.restore(from: sections, droppedCount: droppedCount, bound: bound)
    for v in 0..<bound where contains(VertexIndex(v)) {
      vertexCount += 1
      let node = nodes[v]
      if node.parent == noVertex {
        componentCount += 1
        continue
      }
      // Rising priorities also rule out cycles.
      guard contains(node.parent), queue.holder(node.slot) == VertexIndex(v),
        SlidingWindowTree.priority(VertexIndex(v)) < SlidingWindowTree.priority(node.parent)
      else { throw .damagedSection("nodes") }
    }
  }

  /// Stops when an invariant does not hold.
  func checkInvariants(expiredBefore: Int64) {
    var sizes = [UInt32](repeating: 0, count: nodes.count)
    var vertices = 0
    var roots = 0
    for v in 0..<VertexIndex(nodes.count) where contains(v) {
      vertices += 1
      let node = nodes[Int(v)]
      roots += node.parent == noVertex ? 1 : 0
      var above = v
      while above != noVertex {
        sizes[Int(above)] += 1
        above = nodes[Int(above)].parent
      }
      if node.parent == noVertex { continue }
      precondition(node.time >= expiredBefore, "the edge above \(v) should have expired")
      precondition(
        SlidingWindowTree.priority(v) < SlidingWindowTree.priority(node.parent), "priorities fall above \(v)")
    }
    for v in 0..<nodes.count {
      precondition(sizes[v] == nodes[v].size, "the subtree of \(v) has \(sizes[v]), not \(nodes[v].size) vertices")
    }
    precondition(vertices == vertexCount, "the number of vertices is wrong")
    precondition(roots == componentCount, "the number of components is wrong")
    var held = 0
    queue.checkInvariants { time, slot, holder in
      let node = nodes[Int(holder)]
      precondition(node.slot == slot && node.time == time && node.parent != noVertex, "slot \(slot) has a wrong holder")
      held += 1
    }
    precondition(held == vertices - roots, "\(held) edges are held, \(vertices - roots) pointers are there")
  }
}
