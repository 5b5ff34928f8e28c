/// The sources of Spark's guides, in a word each.
extension StreamingContext {
  /// A context that closes an interval at every multiple of this time: Spark's batch interval. More is said with
  /// ``StreamingOptions``.
  public convenience init(batchIntervalMilliseconds: Int64, checkpoint: CheckpointOptions? = nil) {
    self.init(
      options: StreamingOptions(trigger: .interval(milliseconds: batchIntervalMilliseconds)), checkpoint: checkpoint)
  }

  /// The elements of a queue.
  public func queueStream<Element>(_ queue: QueueSource<Element>) -> DStream<Element> { stream([queue]) }
  /// The elements of batches, one an interval; the stream ends with them.
  public func queueStream<Element>(_ batches: [[Element]], name: String = "queue") -> DStream<Element> {
    let queue = QueueSource(batches, name: name)
    queue.close()
    return stream([queue])
  }
  /// So many rows a second: a time and a number each.
  public func rateStream(rowsPerSecond: Int) -> DStream<RateRow> {
    stream([RateSource(rowsPerSecond: rowsPerSecond, clock: clock)])
  }
  /// What a receiver stores.
  public func receiverStream<Element>(_ source: ReceiverSource<Element>) -> DStream<Element> { stream([source]) }
  /// The lines of sources of text, without their ends (line feed, or carriage return and line feed).
  public func textLines(_ sources: [any ByteSource]) -> DStream<String> { byteStream(sources).lines() }
  /// The lines of standard input, until it ends. A job that reads it cannot go on after a crash.
  public func standardInputLines() -> DStream<String> { textLines([StandardInputSource()]) }
  /// The lines of a file that is there, to its end; see ``GrowingFileOptions/endsWhenRead``. A run that finds no such file
  /// fails.
  public func textFile(_ path: String) -> DStream<String> {
    textFileStream(growing: path, options: GrowingFileOptions(endsWhenRead: true))
  }
  /// The lines of a folder's files, as files come.
  public func textFileStream(folder: String, options: FolderOptions = FolderOptions()) -> DStream<String> {
    textLines([FolderSource(folder, options: options, clock: clock)])
  }
  /// The lines of a file, as it grows.
  public func textFileStream(growing path: String, options: GrowingFileOptions = GrowingFileOptions()) -> DStream<
    String
  > {
    textLines([GrowingFileSource(path, options: options, clock: clock)])
  }
}

extension DStream where Element == UInt8 {
  /// The lines, without their ends, as texts.
  public func lines() -> DStream<String> {
    operate { _ in
      PartitionOperator { run, batch, output in
        let bytes = unsafe run.elements
        var start = 0
        while start < bytes.count {
          let rest = unsafe UnsafeBufferPointer(rebasing: bytes[start...])
          let length = unsafe rest.firstIndex(of: 10) ?? rest.count
          var end = length
          if end > 0, unsafe rest[end - 1] == 13 { end -= 1 }
          unsafe output.append(String(decoding: UnsafeBufferPointer(rebasing: rest[..<end]), as: UTF8.self))
          start += length + 1
        }
        unsafe batch.recordCount += output.count
      }
    }
  }
}
