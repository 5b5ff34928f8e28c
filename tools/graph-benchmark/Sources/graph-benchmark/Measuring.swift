import Foundation

/// Chance that is the same in every run (Sebastiano Vigna's SplitMix64).
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

/// Wall-clock time.
func nanoseconds() -> UInt64 { DispatchTime.now().uptimeNanoseconds }

/// Processor time of this thread: other processes on the machine count for less. The call costs some 0.3 µs.
func processorNanoseconds() -> UInt64 {
  var time = timespec()
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
  return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}

/// Milliseconds that `body` takes.
func milliseconds(_ body: () -> Void) -> Double {
  let start = nanoseconds()
  body()
  return Double(nanoseconds() - start) / 1e6
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

/// The value that `share` of the values are at most; 0 of none.
func quantile(_ sorted: [Double], _ share: Double) -> Double {
  sorted.isEmpty ? 0 : sorted[min(sorted.count - 1, Int(Double(sorted.count) * share))]
}
