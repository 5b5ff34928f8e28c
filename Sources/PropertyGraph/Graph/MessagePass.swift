/// One round of messages along the edges of a graph: the loop below `aggregateMessages` and `pregel`.
///
/// Messages to targets are gathered row by row over the incoming edges, each vertex merging its own in the order of
/// the sources, and messages to sources likewise over the outgoing edges. No message is stored before it is merged
/// and no vertex is written by two threads. A direction nobody sends in costs one evaluation of `send` per edge in the
/// worst case; that there are messages in the other direction is found out on the way.
///
/// Guarantees: the order of merging depends on the graph and the active vertices alone.
/// Cost: about 1 ns an edge and direction for trivial messages; with few active vertices, the edges of these.
@usableFromInline
struct MessagePass<VertexAttribute, EdgeAttribute, Message: Sendable> {
  @usableFromInline typealias Context = EdgeContext<VertexAttribute, EdgeAttribute, Message>
  @usableFromInline typealias Send = @Sendable (inout Context) -> Void
  @usableFromInline typealias Merge = @Sendable (Message, Message) -> Message

  @usableFromInline let topology: Topology
  @usableFromInline let attributes: AttributePointers<VertexAttribute, EdgeAttribute>

  @usableFromInline
  init(_ topology: Topology, _ attributes: AttributePointers<VertexAttribute, EdgeAttribute>) {
    (self.topology, self.attributes) = (topology, attributes)
  }

  /// Sends along all edges, or those that are active, and leaves the merged messages in `box`, which is empty before.
  ///
  /// - Parameter startsWithTargets: what is tried first; see ``mostlySendsToTargets(_:)``.
  @inlinable
  func run(
    into box: MessageBox<Message>, active: ActiveVertices?, startsWithTargets: Bool, _ send: Send, _ merge: Merge
  ) {
    if let active, active.isFew(of: topology) { return push(into: box, active, send, merge) }
    if gather(into: box, active, toTargets: startsWithTargets, send, merge) {
      _ = gather(into: box, active, toTargets: !startsWithTargets, send, merge)
    }
  }

  /// Asks a few edges where they send to: whether to begin with messages to targets, which is also the answer when none
  /// of them sends.
  @inlinable
  func mostlySendsToTargets(_ send: Send) -> Bool {
    let scan = topology.scanInOrder()
    var context = Context(attributes, keepsToSource: true, keepsToTarget: true)
    var toTargets = 0
    scan.forEachEdge(in: 0..<min(16, scan.edgeCount)) { source, target, number in
      context.move(to: (source, target), number: number)
      send(&context)
      context.takeToTarget { _ in toTargets += 1 }
      context.takeToSource { _ in toTargets -= 1 }
    }
    return toTargets >= 0
  }

  /// Merges the messages to one end of the edges, row by row; tells whether there were any to the other end.
  @inlinable
  func gather(
    into box: MessageBox<Message>, _ active: ActiveVertices?, toTargets: Bool, _ send: Send, _ merge: Merge
  ) -> Bool {
    let scan =
      toTargets
      ? topology.scanIncoming(edgeNumbers: attributes.readsEdges)
      : topology.scanOutgoing(edgeNumbers: attributes.readsEdges)
    let filter = RowFilter(active, toTargets: toTargets)
    let ranges = scan.ranges
    let dropped = BitmapBuilder(count: ranges.count * 64)
    ranges.run { number, range in
      var context = Context(attributes, keepsToSource: !toTargets, keepsToTarget: toTargets)
      for vertex in range {
        let slots = scan.slots(of: vertex)
        if slots.isEmpty { continue }
        let own = VertexIndex(truncatingIfNeeded: vertex)
        let isOwnActive = filter.isActive(vertex)
        if filter.needsOwn && !isOwnActive { continue }
        let checksOther = filter.needsOther || (filter.needsEither && !isOwnActive)
        var merged = box.take(vertex)
        for slot in slots {
          let other = unsafe scan.neighbours[slot]
          if checksOther && !filter.isActive(Int(other)) { continue }
          context.move(to: toTargets ? (other, own) : (own, other), number: scan.edgeNumber(slot))
          send(&context)
          let add = { (message: Message) in merged = merged.map { merge($0, message) } ?? message }
          if toTargets { context.takeToTarget(add) } else { context.takeToSource(add) }
        }
        if let merged { box.put(merged, at: vertex) }
      }
      if context.hasDropped { dropped.set(number * 64) }
    }
    return dropped.memberCount > 0
  }

  /// Sends along the edges of the active vertices, one after the other.
  @inlinable
  func push(into box: MessageBox<Message>, _ active: ActiveVertices, _ send: Send, _ merge: Merge) {
    var context = Context(attributes, keepsToSource: true, keepsToTarget: true)
    if active.direction != .in {
      let scan = topology.scanOutgoing(edgeNumbers: attributes.readsEdges)
      unsafe VertexBitmap.forEach(active.bits, in: 0..<scan.vertexCount) { vertex in
        let own = VertexIndex(truncatingIfNeeded: vertex)
        for slot in scan.slots(of: vertex) {
          let other = unsafe scan.neighbours[slot]
          if unsafe active.direction == .both && !VertexBitmap.isSet(active.bits, Int(other)) { continue }
          context.move(to: (own, other), number: scan.edgeNumber(slot))
          deliver(&context, box, send, merge)
        }
      }
    }
    if active.direction == .in || active.direction == .either {
      let scan = topology.scanIncoming(edgeNumbers: attributes.readsEdges)
      unsafe VertexBitmap.forEach(active.bits, in: 0..<scan.vertexCount) { vertex in
        let own = VertexIndex(truncatingIfNeeded: vertex)
        for slot in scan.slots(of: vertex) {
          let other = unsafe scan.neighbours[slot]
          // those with an active source have been seen
          if unsafe active.direction == .either && VertexBitmap.isSet(active.bits, Int(other)) { continue }
          context.move(to: (other, own), number: scan.edgeNumber(slot))
          deliver(&context, box, send, merge)
        }
      }
    }
  }

  @inlinable @inline(__always)
  func deliver(_ context: inout Context, _ box: MessageBox<Message>, _ send: Send, _ merge: Merge) {
    send(&context)
    let (source, target) = (Int(context.source), Int(context.target))
    context.takeToTarget { message in
      box.put(box.take(target).map { merge($0, message) } ?? message, at: target)
    }
    context.takeToSource { message in
      box.put(box.take(source).map { merge($0, message) } ?? message, at: source)
    }
  }
}

/// The vertices that got a message in the round before, and which of their edges send in the next one.
@usableFromInline
@safe struct ActiveVertices {
  @usableFromInline let bits: UnsafePointer<UInt64>
  @usableFromInline let direction: EdgeDirection

  @usableFromInline
  init(bits: UnsafePointer<UInt64>, direction: EdgeDirection) {
    unsafe (self.bits, self.direction) = unsafe (bits, direction)
  }

  /// Whether the active vertices have so few edges that following these one by one is cheaper than a scan.
  @usableFromInline
  func isFew(of topology: Topology) -> Bool {
    let vertexCount = topology.vertexCount
    let limit = (topology.edgeCount + vertexCount) / 16
    var edges = 0
    let outgoing = direction == .in ? nil : topology.scanOutgoing(edgeNumbers: false)
    let incoming = direction == .in || direction == .either ? topology.scanIncoming(edgeNumbers: false) : nil
    for number in 0..<(vertexCount + 63) / 64 {
      var word = unsafe bits[number]
      while word != 0 {
        let vertex = number * 64 + word.trailingZeroBitCount
        edges += 1 + (outgoing?.slots(of: vertex).count ?? 0) + (incoming?.slots(of: vertex).count ?? 0)
        if edges > limit { return false }
        word &= word - 1
      }
    }
    return true
  }
}

/// ``ActiveVertices`` as seen from the rows of one direction.
@usableFromInline
@safe struct RowFilter {
  @usableFromInline let bits: UnsafePointer<UInt64>?
  /// The vertex of the row has to be active; its neighbour; one of the two.
  @usableFromInline let needsOwn: Bool
  @usableFromInline let needsOther: Bool
  @usableFromInline let needsEither: Bool

  @usableFromInline
  init(_ active: ActiveVertices?, toTargets: Bool) {
    unsafe bits = unsafe active?.bits
    let towardsOwn: EdgeDirection = toTargets ? .in : .out
    needsEither = active?.direction == .either
    needsOwn = active.map { $0.direction == .both || $0.direction == towardsOwn } ?? false
    needsOther = active.map { $0.direction == .both || $0.direction == towardsOwn.reversed } ?? false
  }

  @inlinable @inline(__always)
  func isActive(_ vertex: Int) -> Bool { unsafe VertexBitmap.isSet(bits, vertex) }
}
