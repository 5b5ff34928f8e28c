import CKernels
import FlatMemory

/// One way from a key to the next: the text between the value before and the value of `target`'s key. 64 bytes.
struct KeyTransition {
  /// First 32 bytes of the literal; at offset 0, where the compare kernel reads them.
  var literal = SIMD32<UInt8>(repeating: 0xff)
  /// A bit per byte of `literal` to compare.
  var need: UInt32 = 0xffff_ffff
  var length: UInt32 = 0
  /// Stops (see ``StopList``) in the literal.
  var stopCount: UInt32 = 0
  /// Index of the first transition out of the key this one leads to; 0: the literal ends the line.
  var target: UInt32 = 0
  /// Next alternative out of the same key; 0: none.
  var sibling: UInt32 = 0
  /// Where the bytes of the literal after the first 32 are kept.
  var tail: UInt32 = 0
  /// Row positions made absent on the way: those below an object that is opened again.
  var clears: UInt16 = 0
  /// Where the value goes in the row.
  var slot: UInt8 = 0
  /// The key leads to wanted fields when its value is an object: such a value is for the scanner.
  var descends: Bool = false
}

/// What lines have looked like so far: a graph of keys whose edges are the literal texts seen between two values.
///
/// A key is identified by the object it stands in and its raw bytes, so the nesting at a key is always the same, and
/// any walk along edges that were each part of a valid line spells the skeleton of a valid line. A new line is decoded
/// by walking: compare the predicted literal, take the value, go on. Optional keys, other orders and other spacings
/// only add edges.
///
/// Invariants: node 1 is the start of a line; a node is the index of its first edge; the most used edges move forward.
/// Cost: a 16- or 32-byte compare a key; 64 KiB. Bounded: when it is full it is emptied, and learns again later and
/// later.
@safe struct LearnedLayouts {
  static let capacity = 1024
  static let siblingsMax = 24
  static let literalLengthMax = 4096
  static let tailCapacity = 1 << 16

  let edges: UnsafeMutablePointer<KeyTransition>
  let tails: UnsafeMutablePointer<UInt8>
  private var edgeCount = 2
  private var tailCount = 0
  private var nodes: [Node] = []
  private var resets = 0
  /// Scanned lines to let pass before learning again.
  private var pause = 0

  private struct Node {
    var context: Int
    var key: [UInt8]
    var index: Int
  }

  /// One key of a scanned line, for ``learn(_:_:_:)``.
  struct Step: BitwiseCopyable {
    /// The literal is `[from, to)`; the key `[key, key + keyLength)` stands in it.
    var from: Int
    var to: Int
    var context: Int
    var key: Int
    var keyLength: Int
    var slot: UInt8
    var descends: Bool
    var clears: UInt16
  }

  init() {
    unsafe edges = .allocate(capacity: LearnedLayouts.capacity)
    unsafe edges.initialize(repeating: KeyTransition(), count: LearnedLayouts.capacity)
    unsafe tails = .allocate(capacity: LearnedLayouts.tailCapacity + bytePadding)
    unsafe tails.initialize(repeating: 0, count: LearnedLayouts.tailCapacity + bytePadding)
  }
  func deallocate() {
    unsafe edges.deallocate()
    unsafe tails.deallocate()
  }

  /// Does the literal of an edge stand at p? `left` bytes belong to the block from p on.
  @inline(__always)
  static func matches(
    _ edge: UnsafeMutablePointer<KeyTransition>, _ p: UnsafePointer<UInt8>, _ left: Int, _ tails: UnsafePointer<UInt8>
  ) -> Bool {
    if unsafe tw_match(p, UnsafeRawPointer(edge).assumingMemoryBound(to: UInt8.self), edge.pointee.need) == 0 {
      return false
    }
    if unsafe edge.pointee.length <= 32 { return true }
    return unsafe tailMatches(edge, p, left, tails)
  }
  @inline(never)
  private static func tailMatches(
    _ edge: UnsafeMutablePointer<KeyTransition>, _ p: UnsafePointer<UInt8>, _ left: Int, _ tails: UnsafePointer<UInt8>
  ) -> Bool {
    let n = unsafe Int(edge.pointee.length)
    return unsafe n <= left && equalBytes(p + 32, tails + Int(edge.pointee.tail), n &- 32)
  }

  /// The edge among the alternatives of `first` whose literal stands at p, moved one place forward; nil: none.
  @inline(never)
  static func alternative(
    to first: UnsafeMutablePointer<KeyTransition>, _ edges: UnsafeMutablePointer<KeyTransition>,
    _ p: UnsafePointer<UInt8>, _ left: Int, _ tails: UnsafePointer<UInt8>
  ) -> UnsafeMutablePointer<KeyTransition>? {
    var before = unsafe first
    while unsafe before.pointee.sibling != 0 {
      let edge = unsafe edges + Int(before.pointee.sibling)
      if unsafe matches(edge, p, left, tails) {
        unsafe swap(&before.pointee, &edge.pointee)
        unsafe swap(&before.pointee.sibling, &edge.pointee.sibling)
        return unsafe before
      }
      unsafe before = unsafe edge
    }
    return nil
  }

  /// Adds the edges of a line that the scanner found valid.
  mutating func learn(_ b: UnsafePointer<UInt8>, _ steps: UnsafeBufferPointer<Step>, ending: (from: Int, to: Int)) {
    if pause > 0 {
      pause -= 1
      return
    }
    var node = 1
    var added = false
    for i in 0..<steps.count {
      let step = unsafe steps[i]
      let target = unsafe self.node(step.context, UnsafeBufferPointer(start: b + step.key, count: step.keyLength))
      let edge = KeyTransition(target: UInt32(target), clears: step.clears, slot: step.slot, descends: step.descends)
      guard target > 0, unsafe connect(node, edge, b + step.from, step.to - step.from, &added) else { return giveUp() }
      node = target
    }
    guard unsafe connect(node, KeyTransition(), b + ending.from, ending.to - ending.from, &added) else {
      return giveUp()
    }
    // nothing new: the line fails for another reason, such as an object where a value was
    if !added { pause = 64 }
  }

  private mutating func giveUp() {
    unsafe edges.update(repeating: KeyTransition(), count: LearnedLayouts.capacity)
    (edgeCount, tailCount, nodes) = (2, 0, [])
    pause = 1024 << min(resets, 12)
    resets += 1
  }

  /// The node of a key, made when new; 0 when there is no room.
  private mutating func node(_ context: Int, _ key: UnsafeBufferPointer<UInt8>) -> Int {
    for node in nodes where unsafe node.context == context && node.key.elementsEqual(key) { return node.index }
    guard edgeCount < LearnedLayouts.capacity else { return 0 }
    unsafe nodes.append(Node(context: context, key: Array(key), index: edgeCount))
    edgeCount += 1
    return edgeCount - 1
  }

  /// Makes sure of an edge out of a node; false when there is no room.
  private mutating func connect(
    _ node: Int, _ edge: KeyTransition, _ literal: UnsafePointer<UInt8>, _ n: Int, _ added: inout Bool
  ) -> Bool {
    var at = node
    var alternatives = 1
    if unsafe edges[at].length != 0 {
      while true {
        if unsafe LearnedLayouts.matches(edges + at, literal, n, tails), unsafe Int(edges[at].length) == n {
          return true
        }
        if unsafe edges[at].sibling == 0 { break }
        at = unsafe Int(edges[at].sibling)
        alternatives += 1
      }
      guard edgeCount < LearnedLayouts.capacity, alternatives < LearnedLayouts.siblingsMax else { return false }
      unsafe edges[at].sibling = UInt32(edgeCount)
      at = edgeCount
      edgeCount += 1
    }
    let tailLength = max(n - 32, 0)
    guard n <= LearnedLayouts.literalLengthMax, tailCount + tailLength <= LearnedLayouts.tailCapacity else {
      return false
    }
    unsafe edges[at] = edge
    unsafe edges[at].length = UInt32(n)
    unsafe edges[at].stopCount = UInt32(JSONText.stopCount(literal, n))
    unsafe edges[at].need = n >= 32 ? ~0 : 1 << UInt32(n) - 1
    for i in 0..<min(n, 32) { unsafe edges[at].literal[i] = unsafe literal[i] }
    unsafe edges[at].tail = UInt32(tailCount)
    unsafe (tails + tailCount).update(from: literal + 32, count: tailLength)
    tailCount += tailLength
    added = true
    return true
  }
}
