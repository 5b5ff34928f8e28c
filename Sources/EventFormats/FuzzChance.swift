import FlatMemory

/// Choices drawn from the very bytes a fuzzer hands in: the same input always takes the same way.
///
/// SplitMix64 over a hash of the bytes; a few ns a choice.
struct FuzzChance {
  private var state: UInt64

  init(_ bytes: UnsafeRawBufferPointer) {
    state = 14_695_981_039_346_656_037
    for i in 0..<bytes.count {
      let byte = unsafe bytes[i]
      state = (state ^ UInt64(byte)) &* 1_099_511_628_211
    }
  }

  /// 0 ..< `limit`.
  mutating func below(_ limit: Int) -> Int {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z &>> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z &>> 27)) &* 0x94d0_49bb_1331_11eb
    return Int((z ^ (z &>> 31)) % UInt64(limit))
  }
}
