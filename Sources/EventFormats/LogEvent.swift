/// What an event is to a session: derived from its name or, in access logs, from its request.
public enum EventClass: UInt8, BitwiseCopyable, Sendable, Codable, CaseIterable {
  /// Neither of the others: a click, a search, an API call.
  case other = 0
  /// A page view.
  case view = 1
  /// A request for a static file (style sheet, image, font…): an event, but no view.
  case asset = 2
  /// Something was put in a cart.
  case cart = 3
  /// A checkout was begun.
  case checkout = 4
  /// A purchase, order or sign-up: the key event.
  case purchase = 5
}

/// One decoded event: 64 trivial bytes. Offsets point into the block the event was decoded from (its text or the
/// spare space behind it), where `bytePadding` bytes may be read past any text.
public struct LogEvent: BitwiseCopyable, Sendable {
  /// Event time in milliseconds since 1970 UTC.
  public var time: Int64
  /// ``hashBytes(_:_:)`` of the user id.
  public var userHash: UInt64
  /// The `value` field (a price, an amount), 0 when absent.
  public var value: Double
  /// Where the event's line starts.
  public var lineOffset: UInt32
  public var userOffset: UInt32
  public var urlOffset: UInt32
  public var referrerOffset: UInt32
  public var agentOffset: UInt32
  public var eventOffset: UInt32
  /// Lengths in bytes; 0 also when the field is absent. Longer text is cut at 65,535 bytes (a user id is refused).
  public var userLength: UInt16
  public var urlLength: UInt16
  public var referrerLength: UInt16
  public var agentLength: UInt16
  /// A 32-bit fingerprint of the item, never 0 for a present one; 0: no item.
  public var item: UInt32
  /// Length of the event's name, cut at 255.
  public var eventLength: UInt8
  public var eventClass: EventClass
  /// Reserved; keeps the size at 64.
  public var reserved: UInt16

  public init() {
    (time, userHash, value) = (0, 0, 0)
    (lineOffset, userOffset, urlOffset, referrerOffset, agentOffset, eventOffset) = (0, 0, 0, 0, 0, 0)
    (userLength, urlLength, referrerLength, agentLength) = (0, 0, 0, 0)
    (item, eventLength, eventClass, reserved) = (0, 0, .other, 0)
  }
}
