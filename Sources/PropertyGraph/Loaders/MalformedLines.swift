/// Counts malformed lines, keeps the first ones, hands all of them on, and stops the reading when they are too many.
struct MalformedLines {
  /// How many are kept in memory, and how much of each.
  static let keptMax = 100
  static let keptByteCountMax = 4096
  /// The lines that a share is first taken over.
  private static let firstLines = 1000

  private(set) var count = 0
  private(set) var kept: [MalformedLine] = []
  private var countInFirstLines = 0
  /// Highest share in percent that is let pass over the whole input; nil: half of the first 1,000 lines.
  private let percentMax: Double?
  private let handler: (MalformedLine) throws -> Void
  private let source: String

  init(source: String, percentMax: Double?, handler: @escaping (MalformedLine) throws -> Void) {
    (self.source, self.percentMax, self.handler) = (source, percentMax, handler)
  }

  /// - Parameter linesRead: those that should have given something, this one included.
  mutating func add(_ line: MalformedLine, linesRead: Int) throws {
    count += 1
    if linesRead <= MalformedLines.firstLines { countInFirstLines += 1 }
    try handler(line)
    guard kept.count < MalformedLines.keptMax else { return }
    var line = line
    if line.bytes.count > MalformedLines.keptByteCountMax {
      line.bytes.removeSubrange(MalformedLines.keptByteCountMax...)
    }
    kept.append(line)
  }

  /// Throws when they are too many.
  func check(linesRead: Int, isAtEnd: Bool) throws {
    guard count > 0, isAtEnd || linesRead >= MalformedLines.firstLines else { return }
    let bad = percentMax == nil ? countInFirstLines : count
    let read = percentMax == nil ? min(linesRead, MalformedLines.firstLines) : linesRead
    let limit = percentMax ?? 50
    guard Double(bad) * 100 > limit * Double(read) else { return }
    let share = Double(bad) * 100 / Double(max(read, 1))
    var text = "\(bad) of \(read) lines (\(MalformedLines.short(share))%) could not be read; "
    text += "the limit is \(MalformedLines.short(limit))% (--max-bad)"
    for line in kept.prefix(3) {
      text += "\n\(source):\(line.lineNumber): \(line.explanation)\n\(line.excerpt())"
    }
    throw GraphFileError(.tooManyMalformedLines, text)
  }

  private static func short(_ percent: Double) -> String {
    let tenths = (percent * 10).rounded()
    let whole = Int(tenths) / 10
    let tenth = Int(tenths) % 10
    return tenth == 0 ? "\(whole)" : "\(whole).\(tenth)"
  }
}
