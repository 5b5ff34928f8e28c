public import StreamCore

extension StreamingContext {
  /// The lines that a TCP server sends: Spark's `socketTextStream`. For a write-ahead log, or a server that can go on
  /// from a line, hand a ``SocketTextReceiver/source(host:port:options:resumeRequest:log:receiverOptions:clock:onEvent:)``
  /// to `receiverStream`.
  public func socketTextStream(host: String, port: Int, options: SocketOptions = SocketOptions()) -> DStream<String> {
    receiverStream(SocketTextReceiver.source(host: host, port: port, options: options, clock: clock))
  }
}
