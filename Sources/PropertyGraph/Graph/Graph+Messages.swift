extension Graph {
  /// Lets a function look at every edge and send messages to its ends, and merges the messages of every vertex.
  ///
  /// ```swift
  /// // number and sum of the ages of everyone's followers
  /// let followers = graph.aggregateMessages(of: (Int, Int).self, fields: .source) { edge in
  ///   edge.sendToTarget((1, edge.sourceAttribute))
  /// } merge: { ($0.0 + $1.0, $0.1 + $1.1) }
  /// let averages = followers.mapValues { Double($0.1) / Double($0.0) }
  /// ```
  ///
  /// - Parameters:
  ///   - message: the type of the messages.
  ///   - fields: which attributes `send` reads.
  ///   - send: called on several threads, and up to three times for an edge: it must be free of side effects.
  ///   - merge: makes one message of two; should be associative and commutative, though the order in which messages are
  ///     merged depends on the graph alone.
  /// - Returns: the vertices that got a message.
  ///
  /// Cost: a pass over the edges, two when messages go to both ends; about 1 ns an edge for trivial messages.
  @inlinable
  public func aggregateMessages<Message: Sendable>(
    of message: Message.Type = Message.self, fields: TripletFields = .all,
    send: @Sendable (inout EdgeContext<VertexAttribute, EdgeAttribute, Message>) -> Void,
    merge: @Sendable (Message, Message) -> Message
  ) -> VertexSet<Message> {
    let box = MessageBox<Message>(vertexCount: names.count)
    let pass = MessagePass<VertexAttribute, EdgeAttribute, Message>(edgeTopology, pointers(fields))
    pass.run(into: box, active: nil, startsWithTargets: pass.mostlySendsToTargets(send), send, merge)
    withExtendedLifetime(self) {}
    return box.finish(names: names)
  }
}
