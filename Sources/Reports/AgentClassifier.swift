import FlatMemory

/// What a user agent tells about a session.
struct AgentClass: BitwiseCopyable, Equatable {
  var device = DeviceKind.unknown
  var system = OperatingSystem.unknown
  var browser = Browser.unknown
  var bot = BotReason.none
}

/// Classifies user agents by the words of ``AgentTable``.
///
/// Method: at every byte that can begin a word, the words filed under its two first letters are compared; the earliest
/// table row wins for each of the four questions.
/// Cost: 1–2 µs a new agent; 3 ns one seen recently (4,096 by hash, direct mapped; a cache of a pure function, so it is
/// no part of any state).
@safe struct AgentClassifier: ~Copyable {
  private struct Cached: BitwiseCopyable {
    var hash: UInt64
    var value: AgentClass
  }
  private static let cacheSize = 4096
  private let cache: UnsafeMutablePointer<Cached>

  init(in memory: inout ReportMemory) {
    unsafe cache = unsafe memory.take(Cached.self, count: Self.cacheSize)
    // an empty slot i holds a hash that does not belong there
    for i in 0..<Self.cacheSize { unsafe (cache + i).initialize(to: Cached(hash: UInt64(i) ^ 1, value: AgentClass())) }
  }

  /// Reads up to 15 bytes past the end.
  @inline(__always)
  func classify(_ p: UnsafePointer<UInt8>, _ n: Int) -> AgentClass {
    let h = unsafe hashBytes(p, n)
    let slot = unsafe cache + Int(truncatingIfNeeded: h & UInt64(Self.cacheSize &- 1))
    if unsafe slot.pointee.hash == h { return unsafe slot.pointee.value }
    let value = unsafe AgentClassifier.match(UnsafeBufferPointer(start: p, count: n))
    unsafe slot.pointee = Cached(hash: h, value: value)
    return value
  }

  static func classify(_ agent: String) -> AgentClass {
    var agent = agent
    return agent.withUTF8 { unsafe match($0) }
  }

  /// A word of the tables, filed under its first byte.
  private struct Word {
    let bytes: [UInt8]
    let insideWords: Bool
    /// 0 bot, 1 browser, 2 system, 3 device.
    let question: Int
    /// Position in its table: the lower the stronger.
    let row: Int
  }

  private static let words: [[Word]] = {
    var filed = [[Word]](repeating: [], count: 256)
    func file(_ list: String, question: Int, row: Int) {
      for entry in list.split(separator: "|") {
        let inside = entry.first == "*"
        let bytes = Array((inside ? entry.dropFirst() : entry).utf8)
        filed[Int(bytes[0])].append(Word(bytes: bytes, insideWords: inside, question: question, row: row))
      }
    }
    for (row, entry) in AgentTable.bots.enumerated() { file(entry.1, question: 0, row: row) }
    for (row, entry) in AgentTable.browsers.enumerated() { file(entry.1, question: 1, row: row) }
    for (row, entry) in AgentTable.systems.enumerated() { file(entry.1, question: 2, row: row) }
    for (row, entry) in AgentTable.devices.enumerated() { file(entry.1, question: 3, row: row) }
    return filed
  }()

  @inline(never)
  private static func match(_ agent: UnsafeBufferPointer<UInt8>) -> AgentClass {
    // enough for any honest agent; a longer one is judged by its beginning
    let text = unsafe agent.prefix(512).map { $0 >= 65 && $0 <= 90 ? $0 | 0x20 : $0 }
    var best = (Int.max, Int.max, Int.max, Int.max)
    var beforeIsWord = false
    for i in text.indices {
      for word in words[Int(text[i])] where word.insideWords || !beforeIsWord {
        guard text.count - i >= word.bytes.count, text[i..<i + word.bytes.count].elementsEqual(word.bytes) else {
          continue
        }
        switch word.question {
        case 0: best.0 = min(best.0, word.row)
        case 1: best.1 = min(best.1, word.row)
        case 2: best.2 = min(best.2, word.row)
        default: best.3 = min(best.3, word.row)
        }
      }
      beforeIsWord = isWordByte(text[i])
    }
    var result = AgentClass()
    if best.0 != .max { result.bot = AgentTable.bots[best.0].0 }
    if result.bot == .none, endsWordWithBot(text) { result.bot = .generic }
    if best.1 != .max { result.browser = AgentTable.browsers[best.1].0 }
    if best.2 != .max { result.system = AgentTable.systems[best.2].0 }
    if best.3 != .max { result.device = AgentTable.devices[best.3].0 }
    if result.bot != .none { result.device = .bot }
    return result
  }

  @inline(__always)
  private static func isWordByte(_ b: UInt8) -> Bool { (b >= 97 && b <= 122) || (b >= 48 && b <= 57) }

  /// A word that ends in "bot", such as "examplebot/1.0"; not the phones called "cubot".
  private static func endsWordWithBot(_ text: [UInt8]) -> Bool {
    let bot = Array("bot".utf8)
    let cubot = Array("cubot".utf8)
    guard text.count >= 3 else { return false }
    for i in 0...text.count - 3 where text[i] == bot[0] && text[i..<i + 3].elementsEqual(bot) {
      let end = i + 3
      if end < text.count, isWordByte(text[end]), !(text[end] >= 48 && text[end] <= 57) { continue }
      if i >= 2, text[i - 2..<end].elementsEqual(cubot) { continue }
      return true
    }
    return false
  }
}
