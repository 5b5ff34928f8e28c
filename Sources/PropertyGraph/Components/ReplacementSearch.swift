import FlatMemory

/// Looks for an edge that connects again what a deleted edge of the forest has separated.
///
/// Two breadth-first searches along the forest, one from each end, take one edge each in turns. While they go, each
/// looks at a loose edge of every vertex it passes: if it leads to a vertex the other has seen, it is a
/// replacement, which in locally dense graphs is found after a few steps. Otherwise one side is exhausted first; then
/// any loose edge that leads out of it is a replacement, and without one the sides are apart.
///
/// Guarantees: the answer depends on the order of the lists alone; marks need no clearing between searches.
/// Cost: O(forest edges of the side that has fewer), then the loose edges of that side up to the first that leads
/// out.
struct ReplacementSearch {
  enum Answer {
    /// A loose half-edge between the two sides.
    case replacement(UInt32)
    /// All vertices of one side (valid until the next search), and one vertex of the other.
    case separated(FlatArray<VertexIndex>, rest: VertexIndex)
  }

  /// How many loose edges a search looks at in passing at each vertex. Three are a tenth faster than one in grids, and
  /// a fifth slower in graphs of skewed degrees, where the searches rarely meet.
  private static let looseEdgesMax = 1

  /// One of the two searches. The vertex at `head` is the one whose edges are being taken.
  private struct Side {
    var seen: FlatArray<VertexIndex>
    let mark: UInt32
    var head = 0
    var forestCursor: UInt32
    var looseCursor: UInt32
    var looseLeft = ReplacementSearch.looseEdgesMax

    init(_ seen: FlatArray<VertexIndex>, from start: VertexIndex, mark: UInt32, in incidence: EdgeIncidence) {
      self.seen = seen
      self.seen.removeAll()
      self.seen.append(start)
      self.mark = mark
      forestCursor = incidence.vertices[Int(start)].forest
      looseCursor = incidence.vertices[Int(start)].loose
    }
  }
  private enum Step {
    case goesOn
    case exhausted
    case met(UInt32)
  }

  /// The highest mark in use: marks of earlier searches are lower and mean nothing.
  private(set) var lastMark: UInt32
  /// Memory of the two searches; the first also serves whoever walks over a tree between searches.
  var list = FlatArray<VertexIndex>()
  private var otherList = FlatArray<VertexIndex>()

  init(lastMark: UInt32 = 0) { self.lastMark = lastMark }

  func deallocate() {
    list.deallocate()
    otherList.deallocate()
  }

  /// Searches between the sides of `u` and `v`, whose edge has been removed from the forest.
  mutating func run(from u: VertexIndex, and v: VertexIndex, in incidence: EdgeIncidence) -> Answer {
    if lastMark >= UInt32.max - 2 {
      for i in 0..<incidence.vertices.count { unsafe incidence.vertices.base[i].mark = 0 }
      lastMark = 0
    }
    var first = Side(list, from: u, mark: lastMark + 1, in: incidence)
    var second = Side(otherList, from: v, mark: lastMark + 2, in: incidence)
    lastMark += 2
    unsafe incidence.vertices.base[Int(u)].mark = first.mark
    unsafe incidence.vertices.base[Int(v)].mark = second.mark
    // The memory may have moved while a search grew its list.
    defer {
      list = first.seen
      otherList = second.seen
    }
    while true {
      switch step(&first, second.mark, incidence) {
      case .goesOn: break
      case .met(let half): return .replacement(half)
      case .exhausted: return finish(first, rest: v, incidence)
      }
      switch step(&second, first.mark, incidence) {
      case .goesOn: break
      case .met(let half): return .replacement(half)
      case .exhausted: return finish(second, rest: u, incidence)
      }
    }
  }

  /// Takes one edge: of the forest if the vertex has one left, else a loose one in passing, else the next vertex's.
  @inline(__always)
  private func step(_ side: inout Side, _ otherMark: UInt32, _ incidence: EdgeIncidence) -> Step {
    while true {
      if side.forestCursor != EdgeIncidence.none {
        let vertex = incidence.target(side.forestCursor)
        side.forestCursor = incidence.next(side.forestCursor)
        let record = unsafe incidence.vertices.base + Int(vertex)
        if unsafe record.pointee.mark == side.mark { continue }
        unsafe record.pointee.mark = side.mark
        side.seen.append(vertex)
        return .goesOn
      }
      if side.head &+ 1 == side.seen.count { return .exhausted }
      if side.looseCursor != EdgeIncidence.none, side.looseLeft > 0 {
        let half = side.looseCursor
        if unsafe incidence.vertices.base[Int(incidence.target(half))].mark == otherMark { return .met(half) }
        side.looseCursor = incidence.next(half)
        side.looseLeft &-= 1
        return .goesOn
      }
      side.head &+= 1
      let heads = unsafe incidence.vertices.base[Int(side.seen.base[side.head])]
      side.forestCursor = heads.forest
      side.looseCursor = heads.loose
      side.looseLeft = ReplacementSearch.looseEdgesMax
    }
  }

  /// One side has been seen completely: an edge out of it, or the verdict that there is none.
  private func finish(_ side: Side, rest: VertexIndex, _ incidence: EdgeIncidence) -> Answer {
    for i in 0..<side.seen.count {
      var half = incidence.vertices[Int(side.seen[i])].loose
      while half != EdgeIncidence.none {
        if unsafe incidence.vertices.base[Int(incidence.target(half))].mark != side.mark { return .replacement(half) }
        half = incidence.next(half)
      }
    }
    return .separated(side.seen, rest: rest)
  }
}
