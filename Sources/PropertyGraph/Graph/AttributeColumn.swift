/// One attribute per vertex or edge, by number; slots outside `members` hold nothing.
///
/// Guarantees: never written once it is built, so that graphs, vertex sets and edge sets share it.
/// Cost: the stride of the attribute per slot, in one run of memory. Releasing it visits 64 slots at a time, and does
/// nothing for trivial types.
@usableFromInline
@safe final class AttributeColumn<Attribute: Sendable>: @unchecked Sendable {
  @usableFromInline let base: UnsafePointer<Attribute>
  /// The slots that hold an attribute.
  @usableFromInline let members: VertexBitmap
  private let memory: OwnedMemory

  fileprivate init(_ builder: ColumnBuilder<Attribute>, members: VertexBitmap) {
    unsafe (base, memory, self.members) = unsafe (UnsafePointer(builder.base), builder.memory, members)
  }

  deinit {
    unsafe ColumnBuilder<Attribute>.release(UnsafeMutablePointer(mutating: base), members.pointer, count: members.count)
  }

  /// The attribute of a slot that holds one.
  func value(at slot: Int) -> Attribute {
    precondition(members.contains(slot), "slot \(slot) holds no attribute")
    return unsafe base[slot]
  }
}

/// A column while it is written: slots are uninitialised memory until one is initialised.
@usableFromInline
@safe struct ColumnBuilder<Attribute: Sendable> {
  @usableFromInline let base: UnsafeMutablePointer<Attribute>
  @usableFromInline let count: Int
  fileprivate let memory: OwnedMemory

  @usableFromInline
  init(count: Int) {
    memory = OwnedMemory(zeroedByteCount: count * MemoryLayout<Attribute>.stride + 64)
    unsafe base = unsafe memory.base.bindMemory(to: Attribute.self, capacity: count)
    self.count = count
  }

  /// The column, of which exactly the slots in `members` have been initialised.
  @usableFromInline
  func finish(members: VertexBitmap) -> AttributeColumn<Attribute> { AttributeColumn(self, members: members) }

  /// The column with every slot initialised.
  @usableFromInline
  func finish() -> AttributeColumn<Attribute> { finish(members: VertexBitmap(full: count)) }

  /// Takes the attributes of the given slots back, which are uninitialised then.
  @usableFromInline
  func release(_ bits: UnsafePointer<UInt64>) { unsafe ColumnBuilder.release(base, bits, count: count) }

  /// Deinitialises slots, by runs of neighbouring ones.
  fileprivate static func release(
    _ base: UnsafeMutablePointer<Attribute>, _ bits: UnsafePointer<UInt64>?, count: Int
  ) {
    guard let bits = unsafe bits else {
      unsafe base.deinitialize(count: count)
      return
    }
    for number in 0..<(count + 63) / 64 {
      var (word, slot) = unsafe (bits[number], number * 64)
      while word != 0 {
        let gap = word.trailingZeroBitCount
        word >>= UInt64(gap)
        let run = (~word).trailingZeroBitCount
        unsafe (base + slot + gap).deinitialize(count: run)
        slot += gap + run
        word = run == 64 ? 0 : word >> UInt64(run)
      }
    }
  }
}

extension ColumnBuilder {
  /// The attributes of a collection, in every slot.
  @inlinable
  static func column(_ elements: some Collection<Attribute>) -> AttributeColumn<Attribute> {
    let builder = ColumnBuilder(count: elements.count)
    var (rest, written) = unsafe UnsafeMutableBufferPointer(start: builder.base, count: builder.count)
      .initialize(from: elements)
    precondition(
      rest.next() == nil && written == builder.count, "a collection lacks elements it counts")
    return builder.finish()
  }

  /// The attributes at the given slots of a column, which all hold one, side by side.
  @inlinable
  static func gather(_ column: AttributeColumn<Attribute>, at slots: SharedBuffer<UInt32>) -> AttributeColumn<Attribute>
  {
    let builder = ColumnBuilder(count: slots.count)
    unsafe slots.withUnsafeBufferPointer { slots in
      guard let slots = slots.baseAddress else { return }
      let (source, target) = unsafe (column.base, builder.base)
      FixedRanges(count: builder.count).run { _, range in
        var i = range.lowerBound
        while i < range.upperBound {
          unsafe (target + i).initialize(to: source[Int(slots[i])])
          i &+= 1
        }
      }
    }
    return builder.finish()
  }
}
