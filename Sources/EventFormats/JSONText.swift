import CKernels
import FlatMemory

/// The grammar of JSON (RFC 8259) over a line that ends with a newline.
///
/// Guarantees: every function stops at a control byte at the latest, so the newline is the only bound needed; what is
/// accepted is exactly the grammar (nesting at most ``depthMax`` deep). An error is returned as `~position`, negative.
/// Cost: strings 16 bytes a step, numbers of up to 8 digits in one step.
enum JSONText {
  /// Deepest nesting of arrays and objects; deeper lines are rejected.
  static let depthMax = 1024

  @inline(__always)
  static func skipSpace(_ b: UnsafePointer<UInt8>, _ from: Int) -> Int {
    var p = from
    while unsafe b[p] == 32 || b[p] == 9 || b[p] == 13 { p &+= 1 }
    return p
  }

  /// A byte that may end a string: quote, backslash, control.
  @inline(__always)
  static func isStop(_ c: UInt8) -> Bool { c == 34 || c == 92 || c < 32 }

  static func stopCount(_ p: UnsafePointer<UInt8>, _ n: Int) -> Int {
    var count = 0
    for i in 0..<n where unsafe isStop(p[i]) { count += 1 }
    return count
  }

  /// From just after an opening quote to the closing one; escapes are checked and reported.
  static func stringEnd(_ b: UnsafePointer<UInt8>, _ from: Int, escaped: inout Bool) -> Int {
    var p = from
    while true {
      let m = unsafe tw_stop16(b + p)
      if m == 0 {
        p &+= 16
        continue
      }
      p &+= m.trailingZeroBitCount
      if unsafe b[p] == 34 { return p }
      if unsafe b[p] != 92 { return ~p }
      escaped = true
      switch unsafe b[p &+ 1] {
      case 34, 92, 47, 98, 102, 110, 114, 116: p &+= 2
      case 117:
        if unsafe hexadecimal4(b, p &+ 2) < 0 { return ~p }
        p &+= 6
      default: return ~p
      }
    }
  }

  /// Four hexadecimal digits, or -1.
  static func hexadecimal4(_ b: UnsafePointer<UInt8>, _ p: Int) -> Int {
    var v = 0
    for i in p..<p + 4 {
      let c = unsafe b[i]
      switch c {
      case 48...57: v = v << 4 | Int(c - 48)
      case 65...70: v = v << 4 | Int(c - 55)
      case 97...102: v = v << 4 | Int(c - 87)
      default: return -1
      }
    }
    return v
  }

  /// From the first byte of a number, `true`, `false` or `null` to just after it. What follows is the caller's to
  /// check.
  @inline(__always)
  static func bareEnd(_ b: UnsafePointer<UInt8>, _ p: Int) -> Int {
    // up to seven digits without a leading zero, by the first byte that is no digit
    let w = unsafe load8(b + p)
    let d = w ^ 0x3030_3030_3030_3030
    let notDigit = ((d &+ 0x0606_0606_0606_0606) | d) & 0xf0f0_f0f0_f0f0_f0f0
    let n = notDigit.trailingZeroBitCount &>> 3
    if n > 0, n < 8, d & 0xff != 0 || n == 1 {
      let c = unsafe b[p &+ n]
      if c == 44 || c == 125 { return p &+ n }
    }
    // null, true, false
    let word = UInt32(truncatingIfNeeded: w)
    if word == 0x6c6c_756e || word == 0x6575_7274 { return p &+ 4 }
    if w & 0xff_ffff_ffff == 0x65_736c_6166 { return p &+ 5 }
    return unsafe bareEndInFull(b, p)
  }

  @inline(never)
  static func bareEndInFull(_ b: UnsafePointer<UInt8>, _ from: Int) -> Int {
    switch unsafe load4(b + from) {
    case 0x6c6c_756e, 0x6575_7274: return from &+ 4  // null, true
    case 0x736c_6166: return unsafe b[from &+ 4] == 101 ? from &+ 5 : ~from  // fals e
    default: break
    }
    var p = from
    if unsafe b[p] == 45 { p &+= 1 }
    if unsafe b[p] == 48 {
      p &+= 1
    } else {
      let digits = p
      while unsafe b[p] &- 48 <= 9 { p &+= 1 }
      if p == digits { return ~p }
    }
    if unsafe b[p] == 46 {
      p &+= 1
      let digits = p
      while unsafe b[p] &- 48 <= 9 { p &+= 1 }
      if p == digits { return ~p }
    }
    if unsafe b[p] | 0x20 == 101 {
      p &+= 1
      if unsafe b[p] == 43 || b[p] == 45 { p &+= 1 }
      let digits = p
      while unsafe b[p] &- 48 <= 9 { p &+= 1 }
      if p == digits { return ~p }
    }
    return p
  }

  @inline(__always)
  static func isNull(_ b: UnsafePointer<UInt8>, _ p: Int, _ end: Int) -> Bool {
    unsafe end &- p == 4 && load4(b + p) == 0x6c6c_756e
  }

  /// From `{` or `[` to just after its partner, everything between checked.
  @inline(never)
  static func nestedEnd(_ b: UnsafePointer<UInt8>, _ from: Int) -> Int {
    unsafe withUnsafeTemporaryAllocation(of: Bool.self, capacity: depthMax + 1) { isObject in
      var depth = 0
      var p = from
      var escaped = false
      while true {
        // at the first byte of a value
        switch unsafe b[p] {
        case 123, 91:
          if depth == depthMax { return ~p }
          unsafe isObject[depth] = unsafe b[p] == 123
          depth &+= 1
          p = unsafe skipSpace(b, p &+ 1)
          if unsafe b[p] == (isObject[depth &- 1] ? 125 : 93) {
            depth &-= 1
            p &+= 1
          } else {
            if unsafe isObject[depth &- 1] {
              p = unsafe memberValue(b, p)
              if p < 0 { return p }
            }
            continue
          }
        case 34:
          p = unsafe stringEnd(b, p &+ 1, escaped: &escaped)
          if p < 0 { return p }
          p &+= 1
        default:
          p = unsafe bareEnd(b, p)
          if p < 0 { return p }
        }
        // just after a value
        while true {
          if depth == 0 { return p }
          p = unsafe skipSpace(b, p)
          if unsafe b[p] == 44 {
            p = unsafe skipSpace(b, p &+ 1)
            if unsafe isObject[depth &- 1] {
              p = unsafe memberValue(b, p)
              if p < 0 { return p }
            }
            break
          }
          guard unsafe b[p] == (isObject[depth &- 1] ? 125 : 93) else { return ~p }
          depth &-= 1
          p &+= 1
        }
      }
    }
  }

  /// From the quote of a key to the first byte of its value.
  private static func memberValue(_ b: UnsafePointer<UInt8>, _ from: Int) -> Int {
    guard unsafe b[from] == 34 else { return ~from }
    var escaped = false
    var p = unsafe stringEnd(b, from &+ 1, escaped: &escaped)
    if p < 0 { return p }
    p = unsafe skipSpace(b, p &+ 1)
    guard unsafe b[p] == 58 else { return ~p }
    return unsafe skipSpace(b, p &+ 1)
  }

  /// Writes a checked string without its escapes; returns the bytes written, never more than `n`. A surrogate without
  /// its partner becomes U+FFFD.
  @inline(never)
  static func unescape(_ s: UnsafePointer<UInt8>, _ n: Int, to d: UnsafeMutablePointer<UInt8>) -> Int {
    var r = 0
    var w = 0
    while r < n {
      guard unsafe s[r] == 92 else {
        unsafe d[w] = unsafe s[r]
        r &+= 1
        w &+= 1
        continue
      }
      let c = unsafe s[r &+ 1]
      r &+= 2
      switch c {
      case 98: unsafe d[w] = 8
      case 102: unsafe d[w] = 12
      case 110: unsafe d[w] = 10
      case 114: unsafe d[w] = 13
      case 116: unsafe d[w] = 9
      case 117:
        var code = unsafe hexadecimal4(s, r)
        r &+= 4
        if code & 0xfc00 == 0xd800, r &+ 6 <= n, unsafe s[r] == 92, unsafe s[r &+ 1] == 117 {
          let low = unsafe hexadecimal4(s, r &+ 2)
          if low & 0xfc00 == 0xdc00 {
            code = 0x10000 + (code & 0x3ff) << 10 + low & 0x3ff
            r &+= 6
          }
        }
        if code & 0x1f_f800 == 0xd800 { code = 0xfffd }
        unsafe w &+= encode(code, d + w)
        continue
      default: unsafe d[w] = c
      }
      w &+= 1
    }
    return w
  }

  /// One scalar as UTF-8; returns its length.
  private static func encode(_ code: Int, _ d: UnsafeMutablePointer<UInt8>) -> Int {
    switch code {
    case ..<0x80:
      unsafe d[0] = UInt8(code)
      return 1
    case ..<0x800:
      unsafe d[0] = UInt8(0xc0 | code >> 6)
      unsafe d[1] = UInt8(0x80 | code & 63)
      return 2
    case ..<0x10000:
      unsafe d[0] = UInt8(0xe0 | code >> 12)
      unsafe d[1] = UInt8(0x80 | code >> 6 & 63)
      unsafe d[2] = UInt8(0x80 | code & 63)
      return 3
    default:
      unsafe d[0] = UInt8(0xf0 | code >> 18)
      unsafe d[1] = UInt8(0x80 | code >> 12 & 63)
      unsafe d[2] = UInt8(0x80 | code >> 6 & 63)
      unsafe d[3] = UInt8(0x80 | code & 63)
      return 4
    }
  }
}
