public import Foundation

/// A key of keyed state: decides the key group, and with it the partition, and is written into checkpoints.
///
/// Requirements: values that are equal (`==`) combine the same words, in every process and release; the encoded form
/// (see ``StateCodec``) reads back to an equal value. A key of a user's own takes two lines:
///
/// ```swift
/// struct Visit: StreamKey { var user: Int64, page: String
///   func hash(into hasher: inout StableHasher) { hasher.combine(user); hasher.combine(page) } }
/// ```
///
/// Enumerations with a raw value need only the conformance. There is no default made from `Codable`: equal sets and
/// dictionaries encode in different orders, and such keys would be torn apart in silence.
/// Cost: ``stableHash`` of an integer is one multiplication. A floating-point NaN is equal to nothing, as in
/// `Dictionary`: replace it before keying by it.
public protocol StreamKey: Hashable, Codable, Sendable {
  /// Feeds everything that `==` compares.
  func hash(into hasher: inout StableHasher)
  /// The 64-bit hash that key groups and tables use.
  var stableHash: UInt64 { get }
}

extension StreamKey {
  @inlinable @inline(__always)
  public var stableHash: UInt64 {
    var hasher = StableHasher()
    hash(into: &hasher)
    return hasher.value
  }
}

extension StreamKey where Self: RawRepresentable, RawValue: StreamKey {
  @inlinable
  public func hash(into hasher: inout StableHasher) { rawValue.hash(into: &hasher) }
}

/// Integers hash by their value, whatever their width.
extension StreamKey where Self: FixedWidthInteger {
  @inlinable @inline(__always)
  public func hash(into hasher: inout StableHasher) {
    hasher.combine(UInt64(truncatingIfNeeded: self))
    if Self.bitWidth > 64 { hasher.combine(UInt64(truncatingIfNeeded: self >> 64)) }
  }
}
extension Int: StreamKey {}
extension Int8: StreamKey {}
extension Int16: StreamKey {}
extension Int32: StreamKey {}
extension Int64: StreamKey {}
extension Int128: StreamKey {}
extension UInt: StreamKey {}
extension UInt8: StreamKey {}
extension UInt16: StreamKey {}
extension UInt32: StreamKey {}
extension UInt64: StreamKey {}
extension UInt128: StreamKey {}

extension Bool: StreamKey {
  @inlinable
  public func hash(into hasher: inout StableHasher) { hasher.combine(self ? UInt64(1) : 0) }
}
extension Double: StreamKey {
  /// Both zeros are equal, so they hash alike.
  @inlinable
  public func hash(into hasher: inout StableHasher) { hasher.combine(self == 0 ? UInt64(0) : bitPattern) }
}
extension Float: StreamKey {
  @inlinable
  public func hash(into hasher: inout StableHasher) { hasher.combine(UInt64(self == 0 ? 0 : bitPattern)) }
}
extension Date: StreamKey {
  public func hash(into hasher: inout StableHasher) { hasher.combine(timeIntervalSinceReferenceDate) }
}
extension UUID: StreamKey {
  public func hash(into hasher: inout StableHasher) {
    unsafe withUnsafeBytes(of: uuid) { unsafe hasher.combine(bytes: $0) }
  }
}
extension Optional: StreamKey where Wrapped: StreamKey {
  @inlinable
  public func hash(into hasher: inout StableHasher) {
    hasher.combine(self == nil ? UInt64(0) : 1)
    if let wrapped = self { wrapped.hash(into: &hasher) }
  }
}
extension Array: StreamKey where Element: StreamKey {
  @inlinable
  public func hash(into hasher: inout StableHasher) {
    if Element.self == UInt8.self {
      unsafe withUnsafeBytes { unsafe hasher.combine(bytes: $0) }
    } else {
      hasher.combine(UInt64(count))
      for element in self { element.hash(into: &hasher) }
    }
  }
}

/// Two keys as one: what to key by when a struct of its own is not worth it.
public struct PairKey<First: StreamKey, Second: StreamKey>: StreamKey {
  /// The first part.
  public var first: First
  /// The second part.
  public var second: Second
  @inlinable
  public init(_ first: First, _ second: Second) {
    self.first = first
    self.second = second
  }
  @inlinable
  public func hash(into hasher: inout StableHasher) {
    hasher.combine(first)
    hasher.combine(second)
  }
}
