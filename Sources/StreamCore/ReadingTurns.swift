/// Which of several sources is read next whose elements are not merged: those without event time.
///
/// Guarantees: the sources are read in turn, each a fixed amount (whole records; a longer record makes a longer turn), so
/// the order of elements of different sources depends on what the sources hold and not on blocks or threads. A turn also
/// ends when the source has nothing now: with sources that run dry the order is that in which things came, which the
/// interval log keeps where intervals are logged. One that has nothing is passed over and holds nobody up.
/// Cost: a comparison a block; blocks do not reach over the end of a turn.
struct ReadingTurns {
  /// Whose turn it is and the offset at which it began; nil: it has not begun.
  struct Place: Codable, Sendable, Equatable {
    var source: Int
    var start: UInt64?
  }
  /// What a turn of each source takes; nil: it takes no part.
  private let amounts: [UInt64?]
  private(set) var place: Place
  /// Whether there is a choice.
  let isActive: Bool

  init(_ amounts: [UInt64?], at place: Place? = nil) {
    self.amounts = amounts
    self.place = place ?? Place(source: 0, start: nil)
    isActive = amounts.count { $0 != nil } > 1
  }

  func takesTurns(_ source: Int) -> Bool { isActive && amounts[source] != nil }
  /// The source to be read next of those that may have something.
  func next(_ mayHaveSome: (Int) -> Bool) -> Int? {
    for k in amounts.indices {
      let s = (place.source + k) % amounts.count
      if amounts[s] != nil, mayHaveSome(s) { return s }
    }
    return nil
  }
  /// How much of a source its turn takes from an offset on, and whether the turn begins there; nil: all there is.
  func left(of source: Int, at offset: UInt64) -> (amount: UInt64, begins: Bool)? {
    guard isActive, let amount = amounts[source] else { return nil }
    guard place.source == source, let start = place.start, start < offset else { return (amount, true) }
    return (start + amount - min(offset, start + amount), false)
  }
  mutating func wasRead(_ source: Int, from: UInt64, to: UInt64, _ status: SourceStatus) {
    guard isActive, let amount = amounts[source] else { return }
    let start = place.source == source ? place.start ?? from : from
    let goesOn = status == .more && to > from && to - start < amount
    place = goesOn ? Place(source: source, start: start) : Place(source: (source + 1) % amounts.count, start: nil)
  }
  /// The first source begins.
  mutating func startOver() { place = Place(source: 0, start: nil) }
}
