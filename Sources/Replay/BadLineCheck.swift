import EventFormats
import FlatMemory
import Foundation
import StreamCore

/// Too many malformed lines: the input is probably not what it was taken for.
public struct BadInputError: Error, CustomStringConvertible {
  public let description: String

  package init(description: String) { self.description = description }
}

/// Watches the share of malformed lines and keeps the first examples.
package final class BadLineCheck: @unchecked Sendable {
  package struct Example {
    package var source: Int
    package var offset: UInt64
    package var raw: [UInt8]
    package var reason: UInt8
    package var column: Int
  }
  /// Highest share in percent that is let pass at any time after the first 1,000 lines; nil: no check while running.
  private let percentMax: Double?
  private let explain: ([Example], _ bad: Int, _ read: Int) -> String
  private var bad = 0
  private var read = 0
  private var examples: [Example] = []

  package init(percentMax: Double?, explain: @escaping ([Example], Int, Int) -> String) {
    self.percentMax = percentMax
    self.explain = explain
  }
  func noteBad(_ d: DeadLetter, _ bytes: UnsafePointer<UInt8>) {
    bad += 1
    if examples.count < 3 {
      let raw = unsafe UnsafeBufferPointer(start: bytes + Int(d.raw.offset), count: min(Int(d.raw.length), 4096))
      unsafe examples.append(
        Example(source: Int(d.source), offset: d.offset, raw: Array(raw), reason: d.reason, column: Int(d.column)))
    }
  }
  func noteRead(_ n: Int) { read += n }

  func error(atEnd: Bool) -> BadInputError? {
    guard let percentMax, bad > 0, atEnd || bad + read >= 1000 else { return nil }
    guard Double(bad) * 100 > percentMax * Double(bad + read) else { return nil }
    return BadInputError(description: explain(examples, bad, bad + read))
  }
}
