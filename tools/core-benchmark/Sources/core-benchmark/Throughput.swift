import StreamCore

/// map → filter → reduceByKeyAndWindow over ten intervals of a queue: the window is three intervals, incremental.
func benchmarkWindow(elements: Int, keys: Int, threads: Int) throws {
  let batches = inputBatches(elements: elements, batches: 10)
  let context = StreamingContext(options: StreamingOptions(threads: threads))
  let results = MemoryTable<(Int64, Int64)>()
  let modulus = Int64(keys)
  context.queueStream(batches)
    .map { $0 &+ 1 }
    .filter { $0 & 7 != 0 }
    .map { ($0 % modulus, Int64(1)) }
    .reduceByKeyAndWindow(.intervals(3), name: "counts", +, inverse: -)
    .saveToMemory(results)
  let took = try seconds { try context.run() }
  let check = results.elements.reduce(Int64(0)) { $0 &+ $1.0 &* $1.1 }
  report(
    "window",
    [
      "elements": Double(elements), "seconds": took, "elements_per_second": Double(elements) / took,
      "results": Double(results.count), "checksum": Double(check), "peak_bytes": Double(residentBytes().peak),
    ])
}

/// A count by key in processKeyed: state read and written at every element, a result when a count is a multiple of 1,000.
func benchmarkProcess(elements: Int, keys: Int, threads: Int) throws {
  let batches = inputBatches(elements: elements, batches: 10)
  let context = StreamingContext(options: StreamingOptions(threads: threads))
  let results = MemoryTable<(Int64, Int64)>()
  let modulus = Int64(keys)
  let counted: DStream<(Int64, Int64)> = context.queueStream(batches)
    .map { ($0 % modulus, $0) }
    .processKeyed(name: "counts", startingWith: Int64(0)) { call, _, count in
      count += 1
      if count % 1000 == 0 { call.emit((call.key, count)) }
    }
  counted.saveToMemory(results)
  let took = try seconds { try context.run() }
  let check = results.elements.reduce(Int64(0)) { $0 &+ $1.0 &* $1.1 }
  report(
    "process",
    [
      "elements": Double(elements), "seconds": took, "elements_per_second": Double(elements) / took,
      "results": Double(results.count), "checksum": Double(check), "peak_bytes": Double(residentBytes().peak),
    ])
}
