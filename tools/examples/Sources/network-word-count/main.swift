// Counts the words that a TCP server sends, second by second: the first program of Spark's guide.
//
//   $ nc -lk 9999                                                        # in one terminal: type text
//   $ swift run --package-path tools/examples network-word-count 9999   # in another one
//
// The program ends when the server closes the connection.
import Sockets
import StreamCore

let port = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 9999

let context = StreamingContext(batchIntervalMilliseconds: 1000)
let lines = context.socketTextStream(
  host: "localhost", port: port, options: SocketOptions(whenClosed: .end))
let words = lines.flatMap { $0.split(separator: " ") }
let counts = words.map { (String($0), 1) }.reduceByKey(+)
counts.print()
context.runOrExit()
