import FlatMemory
import PropertyGraph
import Replay

/// Writes what a batch changed as a line of JSON.
struct GraphRowWriter {
  let includesTimings: Bool
  let topCount: Int
  private var time = TimestampText()

  init(includesTimings: Bool, topCount: Int) { (self.includesTimings, self.topCount) = (includesTimings, topCount) }

  mutating func append(_ delta: GraphDelta, to out: inout OutputBuffer) {
    out.reserve(512 + TimestampText.byteCountMax)
    out.text("{\"batch\":")
    out.integer(Int64(delta.number))
    out.text(",\"time\":\"")
    time.append(delta.timeMilliseconds, to: &out)
    out.text("\"")
    let counts: [(StaticString, Int)] = [
      (",\"edges\":", delta.edgeCount), (",\"vertices\":", delta.vertexCount),
      (",\"components\":", delta.componentCount),
      (",\"largest_component\":", delta.largestComponentVertexCount), (",\"inserted\":", delta.insertedCount),
      (",\"removed\":", delta.removedCount), (",\"unmatched\":", delta.unmatchedCount),
      (",\"expired\":", delta.expiredCount),
    ]
    for (name, count) in counts {
      out.text(name)
      out.integer(Int64(count))
    }
    out.text(",\"bound\":\(delta.errorBound),\"method\":\"\(delta.method.rawValue)\",\"edges_touched\":")
    out.integer(Int64(delta.touchedEdgeCount))
    if includesTimings {
      let microseconds = delta.updateNanoseconds / 1000
      out.text(",\"update_ms\":\(Double(microseconds) / 1000)")
    }
    if let verification = delta.verification {
      out.text(",\"true_error\":\(verification.trueError),\"components_ok\":\(verification.componentsAgree)")
    }
    out.text(",\"top\":[")
    for (i, vertex) in delta.top.prefix(topCount).enumerated() {
      out.reserve(64)
      out.text(i == 0 ? "{\"id\":" : ",{\"id\":")
      GraphRowWriter.append(vertex.id, to: &out)
      out.text(",\"rank\":\(vertex.rank)}")
    }
    out.reserve(8)
    out.text("]}\n")
  }

  /// Integers beyond what every reader of JSON holds exactly are texts.
  static func append(_ id: VertexID, to out: inout OutputBuffer) {
    switch id {
    case .integer(let value) where value.magnitude <= 1 << 53: out.text("\(value)")
    default:
      let bytes = Array(id.description.utf8) + [UInt8](repeating: 0, count: bytePadding)
      let count = bytes.count - bytePadding
      out.reserve(6 * count + 16)
      unsafe bytes.withUnsafeBufferPointer { unsafe out.jsonString($0.baseAddress.unsafelyUnwrapped, count) }
    }
  }
}
