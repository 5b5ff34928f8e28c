import CKernels
import FlatMemory

/// The layout that most lines have, as a list of literals: the fastest way through lines.
///
/// Method: in a line of this layout every literal's place follows from one stop (see ``StopList``), and the index of
/// that stop from the layout alone; so all literals of a line are compared independently of each other, and the values
/// are what stands between. A string is proved by having no stop inside, a bare value by reading it. Lines are taken
/// many at a time: nothing is loaded again for each.
/// Guarantees: takes only lines of the layout, all of whose values are strings without escapes or bare, in the places
/// where the line it was learned from had them; gives the fields that ``JSONLineScanner`` gives. Any other line is left
/// to ``LearnedLayouts``.
/// Cost: 0.5 ns a field.
@safe struct LayoutTrace {
  static let stepsMax = 64
  /// Lines taken at a time, some more than a stretch of the ``StopList`` usually has.
  private static let linesMax = 128
  /// The same where a line that was taken may yet prove another: those behind it are taken again.
  private static let doubtfulLinesMax = 8
  private static let trialMisses = 64
  private static let pauseMin = 64
  private static let pauseMax = 1 << 16

  /// A value without quotes: between two places as ``tw_layout`` gives them.
  private struct Bare: BitwiseCopyable {
    var fromStop: Int
    var fromDelta: Int
    var toStop: Int
    var toDelta: Int
    /// Where it goes in the row, or ``FieldRow/ignored``.
    var slot: Int
  }

  /// The fields of the lines that were taken, ``FieldRow/ignored`` places a line.
  let rows: UnsafeMutablePointer<ByteSpan>
  /// Stops of a line; 0: nothing is learned.
  private(set) var stopCount = 0
  private let layout: UnsafeMutablePointer<tw_layout>
  private let literals: Literals
  private let bares: UnsafeMutablePointer<Bare>
  private var bareCount = 0
  private var hits = 0
  private var misses = 0
  /// Lines to let pass, when no layout is learned, before the next one is.
  private var pause = 0
  private let isPortable: Bool

  /// - Parameter isPortable: uses no instructions but those that every machine has; to compare with.
  init(isPortable: Bool = false) {
    self.isPortable = isPortable
    literals = Literals()
    unsafe layout = .allocate(capacity: 1)
    unsafe bares = .allocate(capacity: LayoutTrace.stepsMax)
    unsafe rows = .allocate(capacity: LayoutTrace.linesMax * FieldRow.ignored)
    unsafe rows.initialize(repeating: .absent, count: LayoutTrace.linesMax * FieldRow.ignored)
  }
  func deallocate() {
    unsafe layout.deallocate()
    literals.deallocate()
    unsafe bares.deallocate()
    unsafe rows.deallocate()
  }

  /// How many lines to take at a time.
  @inline(__always)
  func linesMax(checksUTF8: Bool) -> Int {
    checksUTF8 || bareCount > 0 ? LayoutTrace.doubtfulLinesMax : LayoutTrace.linesMax
  }

  /// Takes lines from `lineStart` on as long as they have this layout and are no longer than `byteCountMax`, the rows
  /// being filled; gives how many. `stops` are those of whole lines and begin with the first line's.
  @inline(__always)
  func take(
    _ b: UnsafePointer<UInt8>, _ stops: UnsafeBufferPointer<UInt32>, lineStart: Int, byteCountMax: Int, linesMax: Int
  ) -> Int {
    if stopCount == 0 { return 0 }
    let takeLines = unsafe isPortable ? tw_take_lines_plain : tw_take_lines
    let n = unsafe takeLines(
      layout, b, stops.baseAddress!, stops.count, lineStart, byteCountMax, linesMax,
      UnsafeMutableRawPointer(rows).assumingMemoryBound(to: tw_span.self))
    return bareCount == 0 ? n : unsafe linesWithBareValues(b, stops.baseAddress!, n)
  }

  /// How many of the first n lines have values without quotes wherever there are to be such; a null is absent.
  @inline(never)
  private func linesWithBareValues(_ b: UnsafePointer<UInt8>, _ stops: UnsafePointer<UInt32>, _ n: Int) -> Int {
    var line = unsafe stops
    for i in 0..<n {
      for k in 0..<bareCount {
        let bare = unsafe bares[k]
        let from = unsafe Int(line[bare.fromStop]) &+ bare.fromDelta
        let to = unsafe Int(line[bare.toStop]) &+ bare.toDelta
        if unsafe to < from || JSONText.bareEnd(b, from) != to { return i }
        if unsafe bare.slot != FieldRow.ignored && JSONText.isNull(b, from, to) {
          unsafe rows[i &* FieldRow.ignored &+ bare.slot] = .absent
        }
      }
      unsafe line += stopCount
    }
    return n
  }

  @inline(__always)
  mutating func noteHits(_ n: Int) { hits &+= n }

  /// Counts a line that has another layout; true when that line is to be learned from instead. A layout that fewer than
  /// half of the lines have is forgotten: to try it costs more than it saves.
  mutating func noteMiss() -> Bool {
    misses += 1
    if stopCount == 0 {
      guard misses > pause else { return false }
      pause = min(max(2 * pause, LayoutTrace.pauseMin), LayoutTrace.pauseMax)
      (hits, misses) = (0, 0)
      return true
    }
    if misses == LayoutTrace.trialMisses {
      if hits < misses { stopCount = 0 } else { pause = LayoutTrace.pauseMin }
      (hits, misses) = (0, 0)
    }
    return false
  }

  // MARK: Learning

  /// What stands before a literal.
  private enum Before { case lineStart, text, bareValue }

  /// A literal with the quotes of the strings around it.
  private struct Step {
    var from: Int
    var byteCount: Int
    /// Index of the literal's first stop in the line, and the bytes before that stop.
    var stop: Int
    var lead: Int
    var before: Before
  }

  /// Takes over the layout of a line that the scanner found valid; learns nothing when that line is not as simple.
  mutating func learn(
    _ b: UnsafePointer<UInt8>, _ lineSteps: UnsafeBufferPointer<LearnedLayouts.Step>, ending: (from: Int, to: Int)
  ) {
    guard lineSteps.count < LayoutTrace.stepsMax, unsafe isSimple(b, lineSteps, ending) else { return }
    unsafe rows.update(repeating: .absent, count: LayoutTrace.linesMax * FieldRow.ignored)
    unsafe layout.initialize(to: tw_layout())
    bareCount = 0
    var steps: [Step] = []
    var stops = 0
    var before = Before.lineStart
    var slot = FieldRow.ignored
    for i in 0...lineSteps.count {
      let isLast = i == lineSteps.count
      var (from, to) = unsafe isLast ? ending : (lineSteps[i].from, lineSteps[i].to)
      if before == .text { from -= 1 }
      let isText = unsafe !isLast && b[to] == 34
      if isText { to += 1 }
      var lead = 0
      while unsafe !JSONText.isStop(b[from + lead]) { lead += 1 }
      let step = Step(from: from, byteCount: to - from, stop: stops, lead: lead, before: before)
      if let last = steps.last { unsafe addValue(b, between: last, and: step, slot) }
      steps.append(step)
      stops += unsafe JSONText.stopCount(b + from, to - from)
      before = isText ? .text : .bareValue
      if !isLast { slot = unsafe Int(lineSteps[i].slot) }
    }
    unsafe addLiterals(b, steps)
    stopCount = stops
    unsafe layout.pointee.stop_count = UInt32(stops)
  }

  /// The value between two literals.
  private mutating func addValue(_ b: UnsafePointer<UInt8>, between last: Step, and step: Step, _ slot: Int) {
    // from behind the last literal, whose place is best told by the stop nearest to its end
    var trail = 1
    while unsafe !JSONText.isStop(b[last.from + last.byteCount - trail]) { trail += 1 }
    // a key that comes again counts as its last
    for i in 0..<bareCount where unsafe bares[i].slot == slot { unsafe bares[i].slot = FieldRow.ignored }
    let value = Bare(fromStop: step.stop - 1, fromDelta: trail, toStop: step.stop, toDelta: -step.lead, slot: slot)
    if step.before == .bareValue {
      unsafe bares[bareCount] = value
      bareCount += 1
    }
    guard slot != FieldRow.ignored else { return }
    unsafe layout.pointee.fields |= 1 << UInt8(slot)
    unsafe withUnsafeMutableBytes(of: &layout.pointee.ends) { ends in
      unsafe ends.storeBytes(of: UInt32(value.fromStop), toByteOffset: 8 * slot, as: UInt32.self)
      unsafe ends.storeBytes(of: UInt32(value.toStop), toByteOffset: 8 * slot + 4, as: UInt32.self)
    }
    unsafe withUnsafeMutableBytes(of: &layout.pointee.delta) { delta in
      unsafe delta.storeBytes(of: Int32(value.fromDelta), toByteOffset: 8 * slot, as: Int32.self)
      unsafe delta.storeBytes(of: Int32(value.toDelta), toByteOffset: 8 * slot + 4, as: Int32.self)
    }
  }

  /// The literals to compare, in the groups of ``tw_layout``.
  private mutating func addLiterals(_ b: UnsafePointer<UInt8>, _ steps: [Step]) {
    var first: [Literal] = []
    var texts: [Literal] = []
    var others: [Literal] = []
    for step in steps {
      for done in stride(from: 0, to: step.byteCount, by: 16) {
        let literal = Literal(
          from: step.from + done, byteCount: min(step.byteCount - done, 16), stop: step.stop, delta: done - step.lead)
        if first.isEmpty {
          first.append(literal)
        } else if literal.delta == 0 {
          texts.append(literal)
        } else {
          others.append(literal)
        }
      }
    }
    if texts.count % 2 == 1 { texts.append(Literal(from: steps[0].from, byteCount: 0, stop: 0, delta: 0)) }
    let all = first + texts + others
    for (i, literal) in all.enumerated() { unsafe literals.set(i, literal, b) }
    unsafe layout.pointee.bytes = unsafe UnsafePointer(literals.bytes)
    unsafe layout.pointee.masks = unsafe UnsafePointer(literals.masks)
    unsafe layout.pointee.stops = unsafe UnsafePointer(literals.stops)
    unsafe layout.pointee.deltas = unsafe UnsafePointer(literals.deltas)
    unsafe layout.pointee.texts_end = UInt32(1 + texts.count)
    unsafe layout.pointee.literal_count = UInt32(all.count)
  }

  /// Up to 16 bytes of a literal.
  private struct Literal {
    var from: Int
    var byteCount: Int
    var stop: Int
    var delta: Int
  }

  /// What the compare kernel reads.
  @safe private struct Literals {
    // a literal of 30 bytes, with its quotes, is compared in two
    static let capacity = 2 * LayoutTrace.stepsMax + 1
    let bytes: UnsafeMutablePointer<UInt8>
    let masks: UnsafeMutablePointer<UInt8>
    let stops: UnsafeMutablePointer<UInt32>
    let deltas: UnsafeMutablePointer<Int32>

    init() {
      unsafe bytes = .allocate(capacity: 16 * Literals.capacity)
      unsafe masks = .allocate(capacity: 16 * Literals.capacity)
      unsafe stops = .allocate(capacity: Literals.capacity)
      unsafe deltas = .allocate(capacity: Literals.capacity)
    }
    func deallocate() {
      unsafe bytes.deallocate()
      unsafe masks.deallocate()
      unsafe stops.deallocate()
      unsafe deltas.deallocate()
    }
    func set(_ i: Int, _ literal: Literal, _ b: UnsafePointer<UInt8>) {
      unsafe (bytes + 16 * i).initialize(repeating: 0, count: 16)
      unsafe (masks + 16 * i).initialize(repeating: 0, count: 16)
      unsafe (bytes + 16 * i).update(from: b + literal.from, count: literal.byteCount)
      unsafe (masks + 16 * i).update(repeating: 0xff, count: literal.byteCount)
      unsafe stops[i] = UInt32(literal.stop)
      unsafe deltas[i] = Int32(literal.delta)
    }
  }

  /// Whether a line can be told by its literals: none is long, no value holds a stop or others, no field comes twice.
  private func isSimple(
    _ b: UnsafePointer<UInt8>, _ lineSteps: UnsafeBufferPointer<LearnedLayouts.Step>, _ ending: (from: Int, to: Int)
  ) -> Bool {
    var filled: UInt16 = 0
    guard ending.to - ending.from <= 30 else { return false }
    for i in 0..<lineSteps.count {
      let step = unsafe lineSteps[i]
      // with the quotes of the strings on both sides
      guard step.to - step.from <= 30, step.clears & filled == 0 else { return false }
      if step.slot != FieldRow.ignored { filled |= 1 << UInt16(step.slot) }
      let valueEnd = unsafe i + 1 < lineSteps.count ? lineSteps[i + 1].from : ending.from
      let first = unsafe b[step.to]
      guard first != 123, first != 91 else { return false }
      let stops = unsafe JSONText.stopCount(b + step.to, valueEnd - step.to)
      guard stops == (first == 34 ? 2 : 0) else { return false }
    }
    return true
  }
}
