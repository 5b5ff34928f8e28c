/// What a named state holds and how older checkpoints of it are read.
///
/// Guarantees: a value is never misread. Of the same version: JSON, text and bytes are read by the codec; raw bytes only
/// if the type's name, size, stride and fields are those of the checkpoint. Anything else goes to `migrate`; without it
/// the checkpoint is refused with ``StateError/version(_:found:readable:)`` or ``StateError/layout(_:found:readable:)``.
public struct StateSchema<Value>: Sendable {
  /// Raise it when the meaning of the value changes; recorded in checkpoints.
  public var version: Int
  /// How values are written and read.
  public var codec: StateCodec<Value>
  /// Gives the value for one that another version (or layout) wrote, from its bytes in that version's form. Throws if
  /// that version cannot be read.
  public var migrate: (@Sendable (_ oldVersion: Int, _ bytes: [UInt8]) throws -> Value)?

  public init(
    version: Int = 1, codec: StateCodec<Value>,
    migrate: (@Sendable (_ oldVersion: Int, _ bytes: [UInt8]) throws -> Value)? = nil
  ) {
    self.version = version
    self.codec = codec
    self.migrate = migrate
  }
}

extension StateSchema where Value: Codable & Sendable {
  public init(
    version: Int = 1, migrate: (@Sendable (_ oldVersion: Int, _ bytes: [UInt8]) throws -> Value)? = nil
  ) {
    self.init(version: version, codec: .automatic(), migrate: migrate)
  }
}

/// How a type lies in memory, as far as a checkpoint can tell: name without module, size, stride, and the names and
/// types of its stored fields. What lies deeper than the fields is judged by their types' names.
struct StateLayout: Equatable, CustomStringConvertible {
  var description: String

  /// `example`: any value of the type, to see the fields; nil if there is none at hand.
  init<T>(of type: T.Type, example: T?) {
    description =
      "\(_typeName(type, qualified: false)), \(MemoryLayout<T>.size) bytes, stride \(MemoryLayout<T>.stride)"
    guard let example, !(type is any FixedWidthInteger.Type) else { return }
    let mirror = Mirror(reflecting: example)
    guard mirror.displayStyle == .struct || mirror.displayStyle == .tuple else { return }
    let fields = mirror.children.map {
      "\($0.label ?? "_") \(_typeName(Swift.type(of: $0.value), qualified: false))"
    }
    description += " (\(fields.joined(separator: ", ")))"
  }

  init(description: String) { self.description = description }
}
