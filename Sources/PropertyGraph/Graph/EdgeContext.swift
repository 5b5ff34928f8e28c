/// What a function that sends messages sees of an edge: its ends, their attributes and its own, and two ways to send.
///
/// Valid during the call only, hence not copyable; attributes are loaded when read.
@safe public struct EdgeContext<VertexAttribute, EdgeAttribute, Message>: ~Copyable {
  @usableFromInline var sourceVertex: VertexIndex = 0
  @usableFromInline var targetVertex: VertexIndex = 0
  @usableFromInline var edgeNumber = 0
  @usableFromInline let sourceAttributes: UnsafePointer<VertexAttribute>?
  @usableFromInline let targetAttributes: UnsafePointer<VertexAttribute>?
  @usableFromInline let edgeAttributes: UnsafePointer<EdgeAttribute>?
  /// Which messages are kept; that there were others is remembered.
  @usableFromInline let keepsToSource: Bool
  @usableFromInline let keepsToTarget: Bool
  @usableFromInline var hasDropped = false
  /// The first message to an end, and those after it, which are rare.
  @usableFromInline var toSource: Message?
  @usableFromInline var toTarget: Message?
  @usableFromInline var furtherToSource: [Message] = []
  @usableFromInline var furtherToTarget: [Message] = []

  @usableFromInline
  init(
    _ attributes: AttributePointers<VertexAttribute, EdgeAttribute>, keepsToSource: Bool, keepsToTarget: Bool
  ) {
    unsafe sourceAttributes = unsafe attributes.fields.contains(.source) ? attributes.vertices : nil
    unsafe targetAttributes = unsafe attributes.fields.contains(.target) ? attributes.vertices : nil
    unsafe edgeAttributes = unsafe attributes.fields.contains(.edge) ? attributes.edges : nil
    (self.keepsToSource, self.keepsToTarget) = (keepsToSource, keepsToTarget)
  }

  @inlinable public var source: VertexIndex { sourceVertex }
  @inlinable public var target: VertexIndex { targetVertex }

  /// The attribute of the source, if ``TripletFields/source`` was asked for.
  @inlinable
  public var sourceAttribute: VertexAttribute {
    guard let sourceAttributes = unsafe sourceAttributes else {
      preconditionFailure("a source's attribute is read, but `fields` lacks .source")
    }
    return unsafe sourceAttributes[Int(sourceVertex)]
  }

  /// The attribute of the target, if ``TripletFields/target`` was asked for.
  @inlinable
  public var targetAttribute: VertexAttribute {
    guard let targetAttributes = unsafe targetAttributes else {
      preconditionFailure("a target's attribute is read, but `fields` lacks .target")
    }
    return unsafe targetAttributes[Int(targetVertex)]
  }

  /// The attribute of the edge, if ``TripletFields/edge`` was asked for.
  @inlinable
  public var attribute: EdgeAttribute {
    guard let edgeAttributes = unsafe edgeAttributes else {
      preconditionFailure("an edge's attribute is read, but `fields` lacks .edge")
    }
    return unsafe edgeAttributes[edgeNumber]
  }

  /// Sends a message to the source of the edge; there may be several.
  @inlinable
  public mutating func sendToSource(_ message: Message) {
    if !keepsToSource {
      hasDropped = true
    } else if toSource == nil {
      toSource = message
    } else {
      furtherToSource.append(message)
    }
  }

  /// Sends a message to the target of the edge; there may be several.
  @inlinable
  public mutating func sendToTarget(_ message: Message) {
    if !keepsToTarget {
      hasDropped = true
    } else if toTarget == nil {
      toTarget = message
    } else {
      furtherToTarget.append(message)
    }
  }

  @inlinable @inline(__always)
  mutating func move(to edge: (source: VertexIndex, target: VertexIndex), number: Int) {
    (sourceVertex, targetVertex) = edge
    edgeNumber = number
  }

  /// Hands out the messages to the source and forgets them.
  @inlinable @inline(__always)
  mutating func takeToSource(_ body: (Message) -> Void) {
    guard let message = toSource else { return }
    body(message)
    toSource = nil
    if furtherToSource.isEmpty { return }
    for message in furtherToSource { body(message) }
    furtherToSource.removeAll(keepingCapacity: true)
  }

  /// Hands out the messages to the target and forgets them.
  @inlinable @inline(__always)
  mutating func takeToTarget(_ body: (Message) -> Void) {
    guard let message = toTarget else { return }
    body(message)
    toTarget = nil
    if furtherToTarget.isEmpty { return }
    for message in furtherToTarget { body(message) }
    furtherToTarget.removeAll(keepingCapacity: true)
  }
}

/// The attributes of a graph as a loop reads them, and which of them it is allowed to. Valid as long as the columns.
@usableFromInline
@safe struct AttributePointers<VertexAttribute, EdgeAttribute> {
  @usableFromInline let vertices: UnsafePointer<VertexAttribute>
  @usableFromInline let edges: UnsafePointer<EdgeAttribute>
  @usableFromInline let fields: TripletFields

  @usableFromInline
  init(
    vertices: UnsafePointer<VertexAttribute>, edges: UnsafePointer<EdgeAttribute>, fields: TripletFields
  ) {
    unsafe (self.vertices, self.edges, self.fields) = unsafe (vertices, edges, fields)
  }

  /// Whether edge numbers are needed: not for attributes without content.
  @usableFromInline
  var readsEdges: Bool { fields.contains(.edge) && MemoryLayout<EdgeAttribute>.size > 0 }
}
