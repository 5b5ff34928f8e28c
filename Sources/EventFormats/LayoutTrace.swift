import CKernels
import FlatMemory

/// The layout that most lines have, as a straight list of literals: the fastest way through a line.
///
/// Method: in a line of this layout every literal's place follows from its first stop (see ``StopList``), and the
/// index of that stop from the layout alone; so all literals are compared independently of each other, and the values
/// are what stands between. A string is proved by having no stop inside, a bare value by reading it.
/// Guarantees: takes only lines of the layout, all of whose values are strings without escapes or bare, in the places
/// where the line it was learned from had them; gives the fields that ``JSONLineScanner`` gives. Any other line is left
/// to ``LearnedLayouts``.
/// Cost: 1 ns a field.
@safe struct LayoutTrace {
  static let stepsMax = 64
  private static let trialMisses = 64
  private static let pauseMin = 64
  private static let pauseMax = 1 << 16

  /// What stands before a literal.
  private enum Before: UInt32, BitwiseCopyable {
    /// A string, and the literal has at most 16 bytes: the usual case.
    case text
    /// A string.
    case textThenLong
    case lineStart, bareValue
  }

  /// A literal with the quotes of the strings around it. 64 bytes.
  private struct Step: BitwiseCopyable {
    /// At offset 0, where the compare kernel reads it.
    var literal = SIMD32<UInt8>(repeating: 0)
    /// A bit per byte of `literal` to compare.
    var need: UInt32 = 0
    var length: UInt32 = 0
    /// Index of the literal's first stop, counted from the line's first.
    var stop: UInt32 = 0
    /// Bytes of the literal before that stop.
    var lead: UInt32 = 0
    /// Where the value before the literal goes in the row.
    var slot: UInt32 = UInt32(FieldRow.ignored)
    var before = Before.lineStart
  }

  /// The fields of the last line that was taken.
  let row = unsafe FieldRow.allocate()
  /// Stops of a line; 0: nothing is learned.
  private(set) var stopCount = 0
  private let steps: UnsafeMutablePointer<Step>
  private var stepCount = 0
  private var hits = 0
  private var misses = 0
  /// Lines to let pass, when no layout is learned, before the next one is.
  private var pause = 0

  init() {
    unsafe steps = .allocate(capacity: LayoutTrace.stepsMax)
    unsafe steps.initialize(repeating: Step(), count: LayoutTrace.stepsMax)
  }
  func deallocate() {
    unsafe steps.deallocate()
    unsafe row.deallocate()
  }

  /// Whether the line at `lineStart` has this layout, the row being filled then. `stops` begins with the line's first
  /// stop; as many stops as the layout has belong to the block.
  @inline(__always)
  func take(_ b: UnsafePointer<UInt8>, _ stops: UnsafePointer<UInt32>, _ lineStart: Int) -> Bool {
    var valueStart = lineStart
    var step = unsafe UnsafePointer(steps)
    let stepsEnd = unsafe step + stepCount
    while unsafe step < stepsEnd {
      // a string ends at a stop, and so begins the literal
      var at = unsafe Int(stops[Int(step.pointee.stop)])
      var span = ByteSpan(offset: valueStart, length: at &- valueStart)
      let literal = unsafe UnsafeRawPointer(step).assumingMemoryBound(to: UInt8.self)
      if unsafe step.pointee.before == .text {
        if unsafe tw_match16(b + at, literal, step.pointee.need) == 0 { return false }
      } else {
        unsafe at &-= Int(step.pointee.lead)
        // before anything is read there: it may be outside of the block
        if at < valueStart { return false }
        if unsafe tw_match(b + at, literal, step.pointee.need) == 0 { return false }
        if unsafe step.pointee.before == .lineStart {
          if at != lineStart { return false }
        } else if unsafe step.pointee.before == .bareValue {
          if unsafe JSONText.bareEnd(b, valueStart) != at { return false }
          span =
            unsafe JSONText.isNull(b, valueStart, at)
            ? .absent : ByteSpan(offset: valueStart, length: at &- valueStart)
        }
      }
      unsafe row[Int(step.pointee.slot)] = span
      unsafe valueStart = at &+ Int(step.pointee.length)
      unsafe step += 1
    }
    return true
  }

  @inline(__always)
  mutating func noteHit() { hits &+= 1 }

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

  /// Takes over the layout of a line that the scanner found valid; learns nothing when that line is not as simple.
  mutating func learn(
    _ b: UnsafePointer<UInt8>, _ lineSteps: UnsafeBufferPointer<LearnedLayouts.Step>, ending: (from: Int, to: Int)
  ) {
    guard lineSteps.count < LayoutTrace.stepsMax, unsafe isSimple(b, lineSteps, ending) else { return }
    stepCount = 0
    stopCount = 0
    unsafe row.update(repeating: .absent, count: FieldRow.count)
    var before = Before.lineStart
    var slot = FieldRow.ignored
    for i in 0...lineSteps.count {
      let isLast = i == lineSteps.count
      var (from, to) = unsafe isLast ? ending : (lineSteps[i].from, lineSteps[i].to)
      if before == .text { from -= 1 }
      let isText = unsafe !isLast && b[to] == 34
      if isText { to += 1 }
      unsafe append(b + from, to - from, before, slot)
      before = isText ? .text : .bareValue
      if !isLast { slot = unsafe Int(lineSteps[i].slot) }
    }
  }

  private mutating func append(_ literal: UnsafePointer<UInt8>, _ n: Int, _ before: Before, _ slot: Int) {
    var step = Step(need: n == 32 ? ~0 : 1 << UInt32(n) - 1, length: UInt32(n), slot: UInt32(slot), before: before)
    if before == .text, n > 16 { step.before = .textThenLong }
    step.stop = UInt32(stopCount)
    for i in 0..<n { step.literal[i] = unsafe literal[i] }
    var lead = 0
    while unsafe !JSONText.isStop(literal[lead]) { lead += 1 }
    step.lead = UInt32(lead)
    stopCount += unsafe JSONText.stopCount(literal, n)
    unsafe steps[stepCount] = step
    stepCount += 1
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
