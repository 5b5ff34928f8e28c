/// Choosing among the counted items of a table: what stays when it is full, what a report lists.
///
/// Both depend on weights, texts and hashes only, not on where an item lies in its table.

/// The median of `count` weights, none below `floor`; mostly it lies close above, where counting finds it.
func medianWeight(count: Int, above floor: Int64, _ weight: (Int) -> Int64) -> Int64 {
  var near = [Int](repeating: 0, count: 256)
  for i in 0..<count {
    let above = weight(i) &- floor
    if above < 256 { near[Int(max(above, 0))] += 1 }
  }
  var seen = 0
  for (above, n) in near.enumerated() {
    seen += n
    if seen > count / 2 { return floor + Int64(above) }
  }
  return (0..<count).map(weight).sorted()[count / 2]
}

/// Positions of the `n` heaviest items, none of weight 0; equal weights by text, then by hash.
func heaviestItems(
  _ n: Int, of count: Int, weight: (Int) -> Int64, label: (Int) -> String, hash: (Int) -> UInt64
) -> [Int] {
  guard n > 0 else { return [] }
  // the n greatest weights, least first: most of a long table is dismissed with one comparison
  var greatest: [Int64] = []
  for i in 0..<count {
    let w = weight(i)
    if w <= 0 || (greatest.count == n && w <= greatest[0]) { continue }
    if greatest.count == n { greatest.removeFirst() }
    greatest.insert(w, at: greatest.firstIndex { $0 >= w } ?? greatest.count)
  }
  guard let cut = greatest.first else { return [] }
  // texts are compared among the candidates only, with the ties at the cut
  let candidates = (0..<count).filter { weight($0) >= cut }
    .map { (position: $0, weight: weight($0), label: label($0)) }
  let sorted = candidates.sorted {
    if $0.weight != $1.weight { return $0.weight > $1.weight }
    if $0.label != $1.label { return $0.label.utf8.lexicographicallyPrecedes($1.label.utf8) }
    return hash($0.position) < hash($1.position)
  }
  return sorted.prefix(n).map(\.position)
}
