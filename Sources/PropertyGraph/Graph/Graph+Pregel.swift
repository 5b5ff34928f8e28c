extension Graph {
  /// Bulk-synchronous rounds of messages (G. Malewicz and others, "Pregel: a system for large-scale graph processing",
  /// 2010) in GraphX's form: every vertex gets the initial message; then, as long as there are messages, edges send,
  /// messages are merged per vertex, and the vertices that got one change their attribute.
  ///
  /// ```swift
  /// // lengths of the shortest paths from a vertex
  /// let start = graph.vertex("ann")
  /// let distances = graph.mapVertices { vertex, _ in vertex == start ? 0 : Double.infinity }
  ///   .pregel(initialMessage: .infinity) { _, distance, message in
  ///     min(distance, message)
  ///   } sendMessage: { edge in
  ///     let reached = edge.sourceAttribute + edge.attribute
  ///     if reached < edge.targetAttribute { edge.sendToTarget(reached) }
  ///   } mergeMessage: { min($0, $1) }
  /// ```
  ///
  /// - Parameters:
  ///   - initialMessage: what every vertex gets before the first round.
  ///   - maxIterations: the most rounds; more messages are not delivered then.
  ///   - activeDirection: which edges send in a round: those leaving a vertex that got a message in the round before
  ///     (`.out`), arriving at one (`.in`), either, or having two such ends (`.both`). In the first round all do.
  ///   - fields: which attributes `sendMessage` reads.
  ///   - vertexProgram: makes a vertex's new attribute of the old one and the merged message.
  ///   - sendMessage: may send to both ends; called up to three times for an edge, on several threads.
  ///   - mergeMessage: makes one message of two; should be associative and commutative.
  ///
  /// Cost: attributes are changed in place in one copy. A round with few active vertices costs their edges and a bit
  /// per vertex, one with many a pass over the edges.
  @inlinable
  public func pregel<Message: Sendable>(
    initialMessage: Message, maxIterations: Int = .max, activeDirection: EdgeDirection = .either,
    fields: TripletFields = .all,
    vertexProgram: @Sendable (VertexIndex, VertexAttribute, Message) -> VertexAttribute,
    sendMessage: @Sendable (inout EdgeContext<VertexAttribute, EdgeAttribute, Message>) -> Void,
    mergeMessage: @Sendable (Message, Message) -> Message
  ) -> Graph {
    let result = mapVertices { vertex, attribute in vertexProgram(vertex, attribute, initialMessage) }
    // nobody else has seen the new column yet
    let state = unsafe UnsafeMutablePointer(mutating: result.vertexColumn.base)
    let attributes = unsafe AttributePointers(vertices: UnsafePointer(state), edges: edgeColumn.base, fields: fields)
    let pass = MessagePass<VertexAttribute, EdgeAttribute, Message>(edgeTopology, attributes)
    let startsWithTargets = pass.mostlySendsToTargets(sendMessage)
    var box = MessageBox<Message>(vertexCount: names.count)
    var spare = MessageBox<Message>(vertexCount: names.count)
    var iteration = 0
    var active: ActiveVertices?
    while iteration < maxIterations {
      pass.run(into: box, active: active, startsWithTargets: startsWithTargets, sendMessage, mergeMessage)
      spare.clear()
      if box.holders.memberCount == 0 { break }
      unsafe Graph.apply(box, to: state, vertexProgram)
      active = unsafe ActiveVertices(bits: UnsafePointer(box.holders.base), direction: activeDirection)
      swap(&box, &spare)
      iteration += 1
    }
    box.clear()
    spare.clear()
    withExtendedLifetime((self, result)) {}
    return result
  }

  /// Changes the attributes of the vertices that got a message.
  @inlinable
  static func apply<Message>(
    _ box: MessageBox<Message>, to state: UnsafeMutablePointer<VertexAttribute>,
    _ program: @Sendable (VertexIndex, VertexAttribute, Message) -> VertexAttribute
  ) {
    let (bits, messages) = unsafe (UnsafePointer(box.holders.base), box.messages.base)
    FixedRanges(count: box.holders.count).run { _, range in
      unsafe VertexBitmap.forEach(bits, in: range) { vertex in
        unsafe state[vertex] = unsafe program(VertexIndex(truncatingIfNeeded: vertex), state[vertex], messages[vertex])
      }
    }
  }
}
