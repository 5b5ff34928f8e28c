import FlatMemory
import PropertyGraph
import Replay
import Reports
import StreamCore

/// Writes a line per batch and keeps what the report needs.
///
/// State: the file's position and the report so far.
final class GraphRowSink: Consumer<GraphDelta>, CheckpointedState, @unchecked Sendable {
  private let file: PublishedFile
  private var writer: GraphRowWriter
  private let context: StreamingContext
  private(set) var history: GraphHistory

  init(file: PublishedFile, writer: GraphRowWriter, keepsHistory: Bool, context: StreamingContext) {
    (self.file, self.writer, self.context) = (file, writer, context)
    history = GraphHistory(keepsPoints: keepsHistory)
  }

  override func consume(_ run: PartitionRun<GraphDelta>, _ batch: Batch) {
    for i in unsafe 0..<run.elements.count {
      let delta = unsafe run.elements[i]
      file.withBuffer { writer.append(delta, to: &$0) }
      history.add(delta)
    }
  }

  override func endBatch(_ batch: Batch) {
    do {
      try file.flush()
      if batch.isEnd { try file.publish() }
    } catch { context.fail(error) }
  }

  // MARK: state

  func snapshot(into snapshot: StateSnapshot) {
    let bytes = history.encoded()
    unsafe bytes.withUnsafeBytes { unsafe snapshot.add("history", $0) }
    file.snapshot(into: snapshot)
  }
  func restore(from snapshot: RestoredState) throws {
    history = try unsafe GraphHistory(decoding: Array(try snapshot.section("history")))
    try file.restore(from: snapshot)
  }
  func makeDurable() throws { try file.makeDurable() }
}
