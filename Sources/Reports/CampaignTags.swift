import CKernels
import FlatMemory

/// The campaign parameters of an entry URL's query, as spans of the URL's bytes.
///
/// Cost: 16 bytes a step and one compare a parameter; texts are decoded only when a new combination appears.
struct CampaignTags: BitwiseCopyable {
  var source = ByteSpan.absent
  var medium = ByteSpan.absent
  var campaign = ByteSpan.absent
  /// The advertising system's click id that was found, if any.
  var click = ClickID.none

  var isEmpty: Bool { source.isAbsent && medium.isAbsent && campaign.isAbsent && click == .none }

  /// Click ids that advertising and mail systems append to landing URLs, and what they stand for.
  enum ClickID: UInt8 {
    case none, google, googleDisplay, googleShopping, microsoft, facebook, tikTok, twitter, linkedIn, yandex, pinterest
    case snapchat, reddit, mailchimp, klaviyo, hubSpotMail

    private static let parameters: [(StaticString, ClickID)] = [
      ("gclid", .google), ("gbraid", .google), ("wbraid", .google), ("gclsrc", .google), ("dclid", .googleDisplay),
      ("srsltid", .googleShopping), ("msclkid", .microsoft), ("fbclid", .facebook), ("ttclid", .tikTok),
      ("twclid", .twitter), ("li_fat_id", .linkedIn), ("yclid", .yandex), ("epik", .pinterest), ("ScCid", .snapchat),
      ("rdt_cid", .reddit), ("mc_cid", .mailchimp), ("mc_eid", .mailchimp), ("_kx", .klaviyo), ("_hsmi", .hubSpotMail),
      ("_hsenc", .hubSpotMail),
    ]

    /// What the names of all campaign parameters begin with.
    static var firstBytes: [(UInt8, UInt8)] {
      parameters.map { unsafe ($0.0.utf8Start[0], $0.0.utf8Start[1]) } + [(UInt8(ascii: "u"), UInt8(ascii: "t"))]
    }

    /// Bit n is set where a name of n bytes begins with the byte.
    static let lengths: [UInt16] = {
      var lengths = [UInt16](repeating: 0, count: 256)
      for (name, _) in parameters { unsafe lengths[Int(name.utf8Start[0])] |= 1 << UInt16(name.utf8CodeUnitCount) }
      return lengths
    }()

    @inline(never)
    static func named(_ p: UnsafePointer<UInt8>, _ n: Int) -> ClickID {
      for (name, id) in parameters where unsafe name.utf8CodeUnitCount == n && equalBytesExact(name.utf8Start, p, n) {
        return id
      }
      return .none
    }

    /// Source and medium a click id implies when no utm parameter says otherwise. Facebook adds its id to every
    /// outgoing link, paid or not, so it implies no paid medium.
    var implied: (source: String, medium: String)? {
      switch self {
      case .none: nil
      case .google: ("google", "cpc")
      case .googleDisplay: ("google", "display")
      case .googleShopping: ("shopping.google.com", "organic")
      case .microsoft: ("bing", "cpc")
      case .facebook: ("facebook", "social")
      case .tikTok: ("tiktok", "cpc")
      case .twitter: ("twitter", "cpc")
      case .linkedIn: ("linkedin", "cpc")
      case .yandex: ("yandex", "cpc")
      case .pinterest: ("pinterest", "cpc")
      case .snapchat: ("snapchat", "cpc")
      case .reddit: ("reddit", "cpc")
      case .mailchimp: ("mailchimp", "email")
      case .klaviyo: ("klaviyo", "email")
      case .hubSpotMail: ("hubspot", "email")
      }
    }
  }

  init() {}

  /// Scans the query `from ..< to` of the URL at `p`. Reads up to 15 bytes past the end.
  init(_ p: UnsafePointer<UInt8>, from: Int, to: Int) {
    var start = from
    while start < to {
      let end = unsafe CampaignTags.find(ampersand, p, start, to)
      unsafe take(p, start, end)
      start = end + 1
    }
  }

  @inline(__always)
  private static func find(_ byte: UInt8, _ p: UnsafePointer<UInt8>, _ from: Int, _ to: Int) -> Int {
    var i = from
    while i < to {
      let m = unsafe tw_any16(p + i, byte, byte, byte, byte)
      if m != 0 { return min(i &+ m.trailingZeroBitCount, to) }
      i &+= 16
    }
    return to
  }

  @inline(__always)
  private mutating func take(_ p: UnsafePointer<UInt8>, _ start: Int, _ end: Int) {
    let name = unsafe p + start
    if end - start > 4, unsafe load4(name) == utm {
      let equals = unsafe CampaignTags.find(equal, p, start, end)
      guard equals < end - 1 else { return }
      let value = ByteSpan(offset: equals + 1, length: end - equals - 1)
      let rest = equals - start - 4
      if rest == 6, unsafe matches(name + 4, "source") { source = value }
      if rest == 6, unsafe matches(name + 4, "medium") { medium = value }
      if rest == 8, unsafe matches(name + 4, "campaign") { campaign = value }
      return
    }
    // no name is longer than 16 bytes
    let lengths = unsafe ClickID.lengths[Int(name[0])]
    guard lengths != 0 else { return }
    let n = unsafe Int((tw_any16(name, equal, equal, equal, equal) | 0x10000).trailingZeroBitCount)
    guard lengths &>> UInt16(truncatingIfNeeded: n) & 1 != 0, n < 16, n < end - start - 1 else { return }
    let found = unsafe ClickID.named(name, n)
    if found != .none { click = found }
  }

  private func matches(_ p: UnsafePointer<UInt8>, _ name: StaticString) -> Bool {
    unsafe equalBytesExact(name.utf8Start, p, name.utf8CodeUnitCount)
  }

  /// A value with "%41" and "+" decoded.
  static func decode(_ p: UnsafePointer<UInt8>, _ span: ByteSpan) -> String {
    let bytes = unsafe UnsafeBufferPointer(start: p + Int(span.offset), count: Int(span.length))
    var out: [UInt8] = []
    var i = 0
    while i < bytes.count {
      if unsafe bytes[i] == UInt8(ascii: "%"), i + 2 < bytes.count, let high = unsafe hexDigit(bytes[i + 1]),
        let low = unsafe hexDigit(bytes[i + 2])
      {
        out.append(high << 4 | low)
        i += 3
        continue
      }
      unsafe out.append(bytes[i] == UInt8(ascii: "+") ? 0x20 : bytes[i])
      i += 1
    }
    return String(decoding: out, as: UTF8.self)
  }

  private static func hexDigit(_ b: UInt8) -> UInt8? {
    switch b {
    case 48...57: b - 48
    case 65...70: b - 55
    case 97...102: b - 87
    default: nil
    }
  }
}

/// Tells most queries that hold no campaign parameter by the first two bytes of their parameters.
///
/// Cost: a few instructions a parameter.
@safe struct TagFilter: BitwiseCopyable {
  /// By the first byte of a name: bit i is set where some name's second byte is i in its lowest five bits.
  private let seconds: UnsafeMutablePointer<UInt32>

  init(in memory: inout ReportMemory) {
    unsafe seconds = unsafe memory.take(UInt32.self, count: 256)
    for (first, second) in CampaignTags.ClickID.firstBytes {
      unsafe seconds[Int(first)] |= 1 &<< UInt32(second)
    }
  }

  /// `parameters` are those of ``PageURL``; where they are not known there may be any.
  @inline(__always)
  func mayHoldTags(_ p: UnsafePointer<UInt8>, _ parameters: UInt64) -> Bool {
    if parameters == 0 { return true }
    var found: UInt32 = 0
    var left = parameters
    repeat {
      let before = unsafe p + left.trailingZeroBitCount
      found |= unsafe seconds[Int(before[1])] &>> UInt32(before[2])
      left &= left &- 1
    } while left != 0
    return found & 1 != 0
  }
}

private let ampersand = UInt8(ascii: "&")
private let equal = UInt8(ascii: "=")
/// "utm_", little-endian.
private let utm: UInt32 = 0x5f6d_7475

/// Byte by byte: a literal has no padding behind it.
private func equalBytesExact(_ a: UnsafePointer<UInt8>, _ b: UnsafePointer<UInt8>, _ n: Int) -> Bool {
  for i in 0..<n where unsafe a[i] != b[i] { return false }
  return true
}
