import Foundation

/// A file of edges: pairs of little-endian 32-bit vertex numbers, source then target.
struct EdgeFile {
  var sources: [UInt32]
  var targets: [UInt32]
  var vertexCount: Int

  init(path: String) throws {
    let data = try Data(contentsOf: URL(fileURLWithPath: path))
    let count = data.count / 8
    let words = [UInt32](unsafeUninitializedCapacity: count * 2) { out, n in
      n = data.copyBytes(to: out) / 4
    }
    sources = (0..<count).map { words[2 * $0] }
    targets = (0..<count).map { words[2 * $0 + 1] }
    vertexCount = Int(words.max() ?? 0) + 1
  }

  var count: Int { sources.count }

  mutating func swapAt(_ i: Int, _ j: Int) {
    sources.swapAt(i, j)
    targets.swapAt(i, j)
  }
}

/// Chance that is the same in every run (SplitMix64).
struct SeededChance: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
    return z ^ z >> 31
  }
}

/// Milliseconds that `body` takes.
func milliseconds(_ body: () -> Void) -> Double {
  let start = DispatchTime.now().uptimeNanoseconds
  body()
  return Double(DispatchTime.now().uptimeNanoseconds - start) / 1e6
}

/// One result line as JSON, keys in the order given.
func report(_ fields: KeyValuePairs<String, any CustomStringConvertible>) {
  let text = fields.map { key, value in
    let isText = value is String
    return "\"\(key)\":" + (isText ? "\"\(value)\"" : "\(value)")
  }
  FileHandle.standardOutput.write(Data(("{" + text.joined(separator: ",") + "}\n").utf8))
}

func rounded(_ x: Double, _ digits: Int = 4) -> Double {
  let scale = pow(10, Double(digits))
  return (x * scale).rounded() / scale
}
