import FlatMemory

/// The digits of times of day: a look-up takes the place of divisions.
///
/// Cost: 15 KB, kept as long as the process; times come nearly in order, so that few lines of it are in use.
@safe struct TimeDigits: @unchecked Sendable {
  /// Of 0 to 999: three digits, the first in the lowest byte.
  let three: UnsafePointer<UInt32>
  /// Of each minute of a day: `HH:MM` behind three bytes of zeros.
  let minutes: UnsafePointer<UInt64>

  static let shared = TimeDigits()

  private init() {
    let three = UnsafeMutablePointer<UInt32>.allocate(capacity: 1000)
    for i in 0..<1000 {
      let n = UInt32(i)
      unsafe (three + i).initialize(to: 0x303030 | (n / 100) | (n / 10 % 10) << 8 | (n % 10) << 16)
    }
    let minutes = UnsafeMutablePointer<UInt64>.allocate(capacity: 1440)
    for i in 0..<1440 {
      let (hours, rest) = unsafe (UInt64(three[i / 60] >> 8), UInt64(three[i % 60] >> 8))
      unsafe (minutes + i).initialize(to: hours << 24 | 58 << 40 | rest << 48)
    }
    unsafe (self.three, self.minutes) = (UnsafePointer(three), UnsafePointer(minutes))
  }
}
