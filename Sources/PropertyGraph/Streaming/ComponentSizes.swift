/// How many components there are of each size, to know the largest one after every batch.
///
/// Cost: O(1) a component that changed, and a walk down when the largest one shrinks.
struct ComponentSizes {
  /// By size.
  private var counts: [Int] = [0]
  private(set) var largest = 0

  mutating func add(_ size: Int) {
    if size >= counts.count { counts.append(contentsOf: repeatElement(0, count: size + 1 - counts.count)) }
    counts[size] += 1
    largest = max(largest, size)
  }

  /// Follows what a batch changed: every component that is named before it is gone, every one named after it is new.
  mutating func apply(_ deltas: [ComponentDelta]) {
    var last = noVertex
    for delta in deltas where delta.after != noVertex && delta.after != last {
      add(delta.sizeAfter)
      last = delta.after
    }
    var gone = Set<VertexIndex>()
    for delta in deltas where delta.before != noVertex && gone.insert(delta.before).inserted {
      counts[delta.sizeBefore] -= 1
    }
    while largest > 0, counts[largest] == 0 { largest -= 1 }
  }
}
