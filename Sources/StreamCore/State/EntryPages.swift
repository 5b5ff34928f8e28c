import FlatMemory

/// Entries of a table by slot, in pages of 64 KiB that never move: growth takes one page more, an emptied page is given
/// back, and a page can be frozen for a checkpoint while the table goes on.
///
/// Invariants: an entry is initialised exactly if its slot is taken; a page whose `isShared` is set may be read by the
/// checkpoint's writer and is not written to (``writable(_:)`` puts a copy in its place first).
/// Cost: a shift, a load from the page list (16 bytes a page) and the entry itself. A small table has one small page
/// that doubles.
@safe @usableFromInline struct EntryPages<Entry>: ~Copyable {
  @safe @usableFromInline struct Page {
    @usableFromInline var base: UnsafeMutableRawPointer?
    @usableFromInline var live: UInt32
    @usableFromInline var isShared: Bool
  }
  @usableFromInline var pages: UnsafeMutablePointer<Page>
  @usableFromInline var pageCount = 0
  private var pageCapacity = 4
  /// A page holds 2^shift entries.
  @usableFromInline let shift: UInt32
  @usableFromInline let mask: UInt32
  /// Entries that the first page has room for.
  @usableFromInline var firstCapacity: UInt32 = 0
  private var spare: UnsafeMutableRawPointer?
  private var frozen: FrozenPages?
  private(set) var byteCount = 0
  /// Pages copied because they were written to while the checkpoint's writer had not come to them.
  private(set) var copiedPageCount = 0

  static var pageByteCountMax: Int { 1 << 16 }
  static var firstEntryCount: UInt32 { 8 }

  init() {
    let entries = max(EntryPages.pageByteCountMax / max(MemoryLayout<Entry>.stride, 1), 1)
    shift = UInt32(min(Int.bitWidth - 1 - entries.leadingZeroBitCount, 12))
    mask = 1 << shift - 1
    unsafe pages = .allocate(capacity: pageCapacity)
  }
  /// The entries are the table's to deinitialise.
  @inlinable deinit { deallocate() }
  @inline(never) @usableFromInline
  func deallocate() {
    for i in 0..<pageCount {
      if let base = unsafe pages[i].base, unsafe !(pages[i].isShared && frozen?.detach(i) == true) {
        unsafe base.deallocate()
      }
    }
    unsafe spare?.deallocate()
    unsafe pages.deallocate()
  }
  private var pageByteCount: Int { (Int(mask) + 1) * MemoryLayout<Entry>.stride }

  /// The entry of a taken slot, to read.
  @inlinable @inline(__always)
  func pointer(_ slot: UInt32) -> UnsafeMutablePointer<Entry> {
    let base = unsafe pages[Int(slot &>> shift)].base.unsafelyUnwrapped
    return unsafe base.assumingMemoryBound(to: Entry.self) + Int(slot & mask)
  }
  /// The entry of a taken slot, to write. Other pointers into its page are void.
  @inlinable @inline(__always)
  mutating func writable(_ slot: UInt32) -> UnsafeMutablePointer<Entry> {
    if unsafe pages[Int(slot &>> shift)].isShared { thaw(Int(slot &>> shift)) }
    return unsafe pointer(slot)
  }
  /// Room for the entry of a slot that was just taken.
  @inlinable @inline(__always)
  mutating func place(_ slot: UInt32, _ slots: borrowing SlotSet) -> UnsafeMutablePointer<Entry> {
    let page = Int(slot &>> shift)
    if page >= pageCount || slot < 1 &<< shift && slot >= firstCapacity { makePage(page, slot, slots) }
    if unsafe pages[page].base == nil { makePage(page, slot, slots) }
    unsafe pages[page].live &+= 1
    return unsafe writable(slot)
  }
  /// Gives the room of an entry back that was just deinitialised.
  @inlinable @inline(__always)
  mutating func vacate(_ slot: UInt32) {
    let page = Int(slot &>> shift)
    unsafe pages[page].live &-= 1
    if unsafe pages[page].live == 0 { releasePage(page) }
  }

  // MARK: pages

  private func allocatePage(_ byteCount: Int) -> UnsafeMutableRawPointer {
    let base = UnsafeMutableRawPointer.allocate(
      byteCount: max(byteCount, 1), alignment: max(MemoryLayout<Entry>.alignment, 16))
    // checkpoints copy whole pages, so holes must hold something
    unsafe base.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
    return unsafe base
  }

  @inline(never) @usableFromInline
  mutating func makePage(_ page: Int, _ slot: UInt32, _ slots: borrowing SlotSet) {
    while pageCount <= page {
      if pageCount == pageCapacity { growList() }
      unsafe (pages + pageCount).initialize(to: Page(base: nil, live: 0, isShared: false))
      pageCount += 1
    }
    if page == 0 {
      growFirst(slot, slots)
    } else {
      unsafe pages[page].base = unsafe spare ?? allocatePage(pageByteCount)
      if unsafe spare == nil { byteCount += pageByteCount }
      unsafe spare = nil
    }
  }
  private mutating func growList() {
    pageCapacity *= 2
    let fresh = UnsafeMutablePointer<Page>.allocate(capacity: pageCapacity)
    unsafe fresh.update(from: pages, count: pageCount)
    unsafe pages.deallocate()
    unsafe pages = unsafe fresh
  }
  private mutating func growFirst(_ slot: UInt32, _ slots: borrowing SlotSet) {
    let former = firstCapacity
    var capacity = max(firstCapacity, EntryPages.firstEntryCount)
    while capacity <= slot { capacity *= 2 }
    if pageCount > 1 { capacity = .max }
    firstCapacity = min(capacity, mask + 1)
    let fresh = unsafe allocatePage(Int(firstCapacity) * MemoryLayout<Entry>.stride)
    byteCount += Int(firstCapacity - former) * MemoryLayout<Entry>.stride
    guard let old = unsafe pages[0].base else {
      unsafe pages[0].base = unsafe fresh
      return
    }
    let from = unsafe old.assumingMemoryBound(to: Entry.self)
    let to = unsafe fresh.assumingMemoryBound(to: Entry.self)
    if _isPOD(Entry.self) {
      unsafe fresh.copyMemory(from: old, byteCount: Int(former) * MemoryLayout<Entry>.stride)
    } else {
      // the slot that room is made for is taken and has no entry yet
      var next = slots.next(from: 0)
      while let i = next, i < former {
        if i != Int(slot) { unsafe (to + i).moveInitialize(from: from + i, count: 1) }
        next = slots.next(from: i + 1)
      }
    }
    unsafe replace(0, by: fresh)
  }
  /// Puts another block in a page's place; the former one is freed by whoever needs it last.
  private mutating func replace(_ page: Int, by fresh: UnsafeMutableRawPointer?) {
    let isGiven = unsafe pages[page].isShared && frozen?.detach(page) == true
    if !isGiven { unsafe pages[page].base?.deallocate() }
    unsafe pages[page].base = unsafe fresh
    unsafe pages[page].isShared = false
  }
  @inline(never) @usableFromInline
  mutating func releasePage(_ page: Int) {
    if page == 0 {
      byteCount -= Int(firstCapacity) * MemoryLayout<Entry>.stride
      firstCapacity = 0
    } else if unsafe spare == nil, unsafe !pages[page].isShared {
      // kept for the next page, so that a table around a page's border does not allocate all the time
      unsafe spare = unsafe pages[page].base
      unsafe pages[page].base = nil
      return
    } else {
      byteCount -= pageByteCount
    }
    unsafe replace(page, by: nil)
  }

  // MARK: checkpoints

  /// Shares the pages of the first `count` slots with a checkpoint's writer. Precondition: entries are trivial.
  mutating func freeze(count: Int) -> FrozenPages {
    precondition(_isPOD(Entry.self), "only trivial entries can be frozen")
    settle()
    let stride = MemoryLayout<Entry>.stride
    var list: [FrozenPages.Page] = []
    list.reserveCapacity(pageCount)
    var left = count
    for i in 0..<pageCount where left > 0 {
      let n = min(left, Int(mask) + 1)
      unsafe list.append(FrozenPages.Page(base: pages[i].base, byteCount: n * stride))
      unsafe pages[i].isShared = unsafe pages[i].base != nil
      left -= n
    }
    let fresh = FrozenPages(list)
    frozen = fresh
    return fresh
  }

  /// Ends the sharing of the last checkpoint: copies what its writer has not come to, if it still may.
  private mutating func settle() {
    if frozen == nil { return }
    let isAlone = isKnownUniquelyReferenced(&frozen)
    for i in 0..<pageCount where unsafe pages[i].isShared {
      if isAlone { unsafe pages[i].isShared = false } else { thaw(i) }
    }
    frozen = nil
  }

  /// Makes a shared page the table's own again.
  @inline(never) @usableFromInline
  mutating func thaw(_ page: Int) {
    unsafe pages[page].isShared = false
    guard let frozen, !frozen.isDone(page), let old = unsafe pages[page].base else { return }
    // copied before it is handed over: from then on the writer may free it
    let n = page == 0 ? Int(firstCapacity) * MemoryLayout<Entry>.stride : pageByteCount
    let fresh = UnsafeMutableRawPointer.allocate(byteCount: n, alignment: max(MemoryLayout<Entry>.alignment, 16))
    unsafe fresh.copyMemory(from: old, byteCount: n)
    if frozen.detach(page) {
      unsafe pages[page].base = unsafe fresh
      copiedPageCount += 1
    } else {
      unsafe fresh.deallocate()
    }
  }

  /// Makes the pages of the first `count` slots and has `body` write each one that has slots in use.
  /// Precondition: there are no pages yet, and entries are trivial.
  mutating func fill(
    count: Int, _ slots: borrowing SlotSet, _ body: (_ range: Range<Int>, _ page: UnsafeMutableRawPointer) -> Void
  ) {
    let perPage = Int(mask) + 1
    for start in stride(from: 0, to: count, by: perPage) {
      let end = min(start + perPage, count)
      var live: UInt32 = 0
      var next = slots.next(from: start)
      while let i = next, i < end {
        live += 1
        next = slots.next(from: i + 1)
      }
      // an empty page gets its memory with its first entry
      if live == 0 { continue }
      let page = start / perPage
      makePage(page, UInt32(end - 1), slots)
      unsafe pages[page].live = live
      unsafe body(start..<end, pages[page].base!)
    }
  }
}
