import FlatMemory

/// Reads one line of NDJSON in full: any key order, spacing, escapes, nesting.
///
/// Guarantees: accepts exactly the objects of RFC 8259 (nesting bounded by ``JSONText/depthMax``); a repeated key
/// counts as its last, as in `JSON.parse`; keys are compared without their escapes.
/// Cost: some 200 ns a line. Leaves the line's skeleton in ``steps`` for ``LearnedLayouts``.
struct JSONLineScanner {
  let paths: JSONFieldPaths
  private(set) var steps = FlatArray<LearnedLayouts.Step>(capacity: 64)
  /// The literal between the last value and the end of the line.
  private(set) var ending = (from: 0, to: 0)
  /// Where in the block the line went wrong.
  private(set) var errorAt = 0
  /// Next free byte for unescaped text.
  var spare = 0

  private var literalStart = 0
  private var clears: UInt16 = 0

  init(paths: JSONFieldPaths) { self.paths = paths }
  func deallocate() {
    steps.deallocate()
    paths.deallocate()
  }

  /// Fills the row from the line at `lineStart`, whose newline is at `lineEnd`; false when it is no JSON object.
  mutating func scan(
    _ b: UnsafeMutablePointer<UInt8>, _ lineStart: Int, _ lineEnd: Int, _ row: UnsafeMutablePointer<ByteSpan>
  ) -> Bool {
    steps.removeAll()
    literalStart = lineStart
    clears = 0
    var p = lineStart
    if unsafe load4(b + p) & 0xff_ffff == 0xbf_bbef { p += 3 }  // a byte order mark
    p = unsafe JSONText.skipSpace(b, p)
    guard unsafe b[p] == 123 else { return fail(p) }
    p = unsafe object(b, p + 1, 0, row)
    guard p >= 0 else { return fail(~p) }
    p = unsafe JSONText.skipSpace(b, p)
    guard p == lineEnd else { return fail(p) }
    ending = (literalStart, lineEnd + 1)
    return true
  }

  private mutating func fail(_ at: Int) -> Bool {
    errorAt = at
    return false
  }

  /// From just after `{` to just after its `}`; `~position` when it is malformed.
  private mutating func object(
    _ b: UnsafeMutablePointer<UInt8>, _ from: Int, _ context: Int, _ row: UnsafeMutablePointer<ByteSpan>
  ) -> Int {
    var p = unsafe JSONText.skipSpace(b, from)
    if unsafe b[p] == 125 { return p + 1 }
    while true {
      guard unsafe b[p] == 34 else { return ~p }
      let key = p + 1
      var escaped = false
      let keyEnd = unsafe JSONText.stringEnd(b, key, escaped: &escaped)
      if keyEnd < 0 { return keyEnd }
      let entry = unsafe self.entry(b, context, key, keyEnd - key, escaped)
      p = unsafe JSONText.skipSpace(b, keyEnd + 1)
      guard unsafe b[p] == 58 else { return ~p }
      p = unsafe JSONText.skipSpace(b, p + 1)
      if let entry, entry.child >= 0 {
        // opened again, the object replaces all it held
        unsafe FieldRow.clear(row, entry.subtree)
        clears |= entry.subtree
        if unsafe b[p] == 123 {
          if entry.slot != FieldRow.ignored { unsafe row[entry.slot] = .absent }
          p = unsafe object(b, p + 1, entry.child, row)
          if p < 0 { return p }
        } else {
          p = unsafe value(b, p, context, key, keyEnd - key, entry, row)
        }
      } else {
        p = unsafe value(b, p, context, key, keyEnd - key, entry, row)
      }
      if p < 0 { return p }
      p = unsafe JSONText.skipSpace(b, p)
      if unsafe b[p] == 125 { return p + 1 }
      guard unsafe b[p] == 44 else { return ~p }
      p = unsafe JSONText.skipSpace(b, p + 1)
    }
  }

  /// From the first byte of a value that is not descended into to just after it.
  private mutating func value(
    _ b: UnsafeMutablePointer<UInt8>, _ from: Int, _ context: Int, _ key: Int, _ keyLength: Int,
    _ entry: JSONFieldPaths.Entry?, _ row: UnsafeMutablePointer<ByteSpan>
  ) -> Int {
    let slot = entry?.slot ?? FieldRow.ignored
    steps.append(
      LearnedLayouts.Step(
        from: literalStart, to: from, context: context, key: key, keyLength: keyLength, slot: UInt8(slot),
        descends: (entry?.child ?? -1) >= 0, clears: clears))
    clears = 0
    var p = from
    switch unsafe b[p] {
    case 34:
      p = unsafe text(b, p + 1, slot, row)
    case 123, 91:
      unsafe row[slot] = .absent
      p = unsafe JSONText.nestedEnd(b, p)
    default:
      p = unsafe JSONText.bareEnd(b, p)
      if p >= 0 {
        unsafe row[slot] = unsafe JSONText.isNull(b, from, p) ? .absent : ByteSpan(offset: from, length: p - from)
      }
    }
    literalStart = p
    return p
  }

  /// From just after the opening quote of a value to just after the closing one; unescaped when it is wanted.
  mutating func text(
    _ b: UnsafeMutablePointer<UInt8>, _ from: Int, _ slot: Int, _ row: UnsafeMutablePointer<ByteSpan>
  ) -> Int {
    var escaped = false
    let end = unsafe JSONText.stringEnd(b, from, escaped: &escaped)
    if end < 0 { return end }
    if escaped, slot != FieldRow.ignored {
      let n = unsafe JSONText.unescape(b + from, end - from, to: b + spare)
      unsafe row[slot] = ByteSpan(offset: spare, length: n)
      spare += n
    } else {
      unsafe row[slot] = ByteSpan(offset: from, length: end - from)
    }
    return end + 1
  }

  private func entry(
    _ b: UnsafeMutablePointer<UInt8>, _ context: Int, _ key: Int, _ n: Int, _ escaped: Bool
  ) -> JSONFieldPaths.Entry? {
    guard escaped else { return unsafe paths.entry(context, b + key, n) }
    // into the spare space, but not kept there
    let unescaped = unsafe JSONText.unescape(b + key, n, to: b + spare)
    return unsafe paths.entry(context, b + spare, unescaped)
  }
}
