/// At most one message per vertex, while messages are merged.
///
/// A vertex's slot is written by one thread at a time; threads work on ranges of vertices that share no bitmap word.
@usableFromInline
struct MessageBox<Message: Sendable> {
  @usableFromInline let messages: ColumnBuilder<Message>
  /// The vertices that have one.
  @usableFromInline let holders: BitmapBuilder

  @usableFromInline
  init(vertexCount: Int) {
    messages = ColumnBuilder(count: vertexCount)
    holders = BitmapBuilder(count: vertexCount)
  }

  /// Takes the message of a vertex out, if it has one; the vertex counts as having one until the next `put`.
  @inlinable @inline(__always)
  func take(_ vertex: Int) -> Message? {
    unsafe VertexBitmap.isSet(UnsafePointer(holders.base), vertex) ? (messages.base + vertex).move() : nil
  }

  @inlinable @inline(__always)
  func put(_ message: Message, at vertex: Int) {
    unsafe (messages.base + vertex).initialize(to: message)
    holders.set(vertex)
  }

  /// Throws all messages away.
  @usableFromInline
  func clear() {
    unsafe messages.release(UnsafePointer(holders.base))
    holders.clear()
  }

  /// The messages as a set of vertices; the box must not be used any more.
  @usableFromInline
  func finish(names: VertexNames) -> VertexSet<Message> {
    let members = holders.finish()
    return VertexSet(names: names, members: members, column: messages.finish(members: members))
  }
}
