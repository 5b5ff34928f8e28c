public import StreamCore

/// Applies a stream of timed edges to a graph and gives what each batch of them changed.
///
/// Guarantees: see ``StreamedGraph``; batches of the graph are counted in changes or event time and have nothing to do
/// with the micro-batches that edges come in. State: the whole graph, and the changes that wait for their batch to fill.
public final class GraphUpdateOperator: PartitionTransform<TimedEdge, GraphDelta>, CheckpointedState,
  @unchecked Sendable
{
  private let options: StreamedGraphOptions
  /// Nil before the first edge: of the partitions of a keyed stream only one gets any.
  private var graph: StreamedGraph?
  private let fail: (any Error) -> Void

  init(options: StreamedGraphOptions, next: Consumer<GraphDelta>, fail: @escaping (any Error) -> Void) {
    self.options = options
    self.fail = fail
    super.init(next: next)
  }

  /// The vertices of the highest ranks and the edges between them. For a run that has ended.
  public func strongest(_ count: Int) -> GraphNeighbourhood? { graph?.strongest(count) }

  public override func transform(
    _ run: PartitionRun<TimedEdge>, _ batch: Batch, into output: PartitionBuffer<GraphDelta>
  ) {
    let graph = self.graph ?? StreamedGraph(options: options)
    self.graph = graph
    let bytes = unsafe run.bytes
    for i in unsafe 0..<run.elements.count {
      unsafe graph.add(run.elements[i], bytes) { emit($0, output) }
    }
    // some way before the graph is full, since its arrays cannot grow beyond their reserved places
    if graph.names.dictionary.count > graph.adjacency.options.vertexCountMax - (1 << 21) {
      fail(GraphCapacityError(vertexCount: graph.names.dictionary.count))
    }
  }

  public override func finishBatch(_ batch: Batch, into output: PartitionBuffer<GraphDelta>) {
    if batch.isEnd { graph?.finish { emit($0, output) } }
  }

  private func emit(_ delta: GraphDelta, _ output: PartitionBuffer<GraphDelta>) {
    if let error = GraphVerificationError(delta) { fail(error) }
    output.append(delta)
  }

  // MARK: state

  public func snapshot(into snapshot: StateSnapshot) {
    let isThere: [UInt8] = [graph == nil ? 0 : 1]
    unsafe isThere.withUnsafeBufferPointer { unsafe snapshot.add("graph", values: $0) }
    graph?.write(into: snapshot)
  }

  public func restore(from snapshot: RestoredState) throws {
    let isThere = try snapshot.values("graph", of: UInt8.self)
    graph = isThere == [1] ? try StreamedGraph.restore(snapshot, options: options) : nil
  }
}

/// A stream that names more vertices than a graph holds.
public struct GraphCapacityError: Error, CustomStringConvertible, Equatable {
  public var vertexCount: Int

  public var description: String {
    "the edges name \(vertexCount) vertices, which is as many as a graph that follows a stream can hold; "
      + "divide the input by time or by part of the graph"
  }
}

/// A batch whose results are not those of a computation from scratch: a defect of the program.
public struct GraphVerificationError: Error, CustomStringConvertible, Equatable {
  public let description: String

  /// Nil when the batch was not verified, or is right.
  init?(_ delta: GraphDelta) {
    guard let verification = delta.verification else { return nil }
    // the exact ranks are known to 1e-13
    let isWithin = verification.trueError <= delta.errorBound + 1e-12
    if isWithin, verification.componentsAgree { return nil }
    let what =
      isWithin
      ? "the components differ from those computed from scratch"
      : "the ranks are off by \(verification.trueError), more than the certified \(delta.errorBound)"
    description = "batch \(delta.number): \(what). This is a defect: please report it with the input and the command"
  }
}

extension DStream where Element == TimedEdge {
  /// Applies the edges to a graph; gives a change per batch of them, in order.
  ///
  /// The edges are put into one partition in the merged order of their sources, so that results depend on neither
  /// blocks nor threads. The graph is part of every checkpoint, under `name`.
  ///
  /// ```swift
  /// let edges = context.byteStream([source]).timedEdges([plan]) { line, _, _, _ in print(line.reason) }
  /// edges.graphUpdates("friends", options: options)
  ///   .map { "\($0.number): \($0.componentCount) components, \($0.top.first?.id.description ?? "nobody") leads" }
  ///   .sink("print") { _ in Printer() }
  /// try context.run()
  /// ```
  ///
  /// - Parameter onStart: called with the operator of each partition, for whoever wants to look at the graph after the
  ///   run; only one of them gets edges.
  public func graphUpdates(
    _ name: String, options: StreamedGraphOptions, onStart: @escaping (GraphUpdateOperator) -> Void = { _ in }
  ) -> DStream<GraphDelta> {
    precondition(options.problem(hasRemovals: false) == nil, options.problem(hasRemovals: false) ?? "")
    return keyed(name: name).transformPartitions { [context] instance, next in
      let graph = GraphUpdateOperator(options: options, next: next) { context.fail($0) }
      instance.register(graph, name: name)
      onStart(graph)
      return graph
    }
  }
}
