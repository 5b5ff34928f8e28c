import FlatMemory

/// Where a session came from, resolved.
struct TrafficSource {
  var source: String
  var medium: String
  var campaign: String
  var channel: Channel

  static let direct = TrafficSource(source: "(direct)", medium: "(none)", campaign: "(not set)", channel: .direct)

  static let textBytesMax = 64

  func write(into label: inout LabelWriter) {
    label.part(source, bytesMax: Self.textBytesMax)
    label.part(medium, bytesMax: Self.textBytesMax)
    label.part(campaign, bytesMax: Self.textBytesMax)
  }
  var hash: UInt64 {
    var key = Array("\(source)\u{1f}\(medium)\u{1f}\(campaign)".utf8)
    let n = key.count
    key += [UInt8](repeating: 0, count: bytePadding)
    return unsafe key.withUnsafeBufferPointer { unsafe hashBytes($0.baseAddress!, n) }
  }
}

/// A source as the hot path carries it.
struct SourceKey: BitwiseCopyable {
  /// Identity of (source, medium, campaign).
  var hash: UInt64
  var channel: Channel
}

/// A referrer's host as the hot path carries it.
struct ReferrerHost: BitwiseCopyable {
  /// Identity of the host without "www.", port and letter case.
  var hash: UInt64
  var kind: SiteKind
  var source: SourceKey
}

/// Resolves referrers and campaign parameters to sources and channels.
///
/// Rules: utm parameters first; a click id fills in what they leave open; then the referrer (a search engine is its
/// name and medium "organic", web mail has medium "email", any other host medium "referral"); a referrer of the site
/// itself, or none, is "(direct)".
/// Cost: 10 ns with the caches warm (by hash, direct mapped; of pure functions, so no part of any state), about 2 µs
/// for a new host or campaign.
@safe struct TrafficSources: ~Copyable {
  private struct CachedHost: BitwiseCopyable {
    var key: UInt64
    var host: ReferrerHost
  }
  private struct CachedCampaign: BitwiseCopyable {
    var key: UInt64
    var source: SourceKey
  }
  private static let cacheSize = 4096
  private let hosts: UnsafeMutablePointer<CachedHost>
  private let campaigns: UnsafeMutablePointer<CachedCampaign>
  private let siteHosts: Set<String>
  let direct: SourceKey

  init(siteHosts: [String], in memory: inout ReportMemory) {
    self.siteHosts = Set(siteHosts.map { Self.withoutPrefix($0.lowercased()) })
    direct = SourceKey(hash: TrafficSource.direct.hash, channel: .direct)
    unsafe hosts = unsafe memory.take(CachedHost.self, count: Self.cacheSize)
    unsafe campaigns = unsafe memory.take(CachedCampaign.self, count: Self.cacheSize)
    // an empty slot i holds a key that does not belong there
    let host = ReferrerHost(hash: 0, kind: .other, source: direct)
    for i in 0..<Self.cacheSize {
      unsafe (hosts + i).initialize(to: CachedHost(key: UInt64(i) ^ 1, host: host))
      unsafe (campaigns + i).initialize(to: CachedCampaign(key: UInt64(i) ^ 1, source: direct))
    }
  }

  /// The host written at `p`, as in a URL.
  @inline(__always)
  func host(_ p: UnsafePointer<UInt8>, _ n: Int) -> ReferrerHost {
    let key = unsafe hashBytes(p, n)
    let slot = unsafe hosts + Int(truncatingIfNeeded: key & UInt64(Self.cacheSize &- 1))
    if unsafe slot.pointee.key == key { return unsafe slot.pointee.host }
    let host = unsafe resolve(host: Self.normalized(p, n))
    unsafe slot.pointee = CachedHost(key: key, host: host)
    return host
  }

  /// The source of a session with campaign parameters; `host` is its referrer's, if any.
  @inline(__always)
  func campaign(
    _ p: UnsafePointer<UInt8>, _ tags: CampaignTags, host: ReferrerHost?, referrer: UnsafePointer<UInt8>, _ n: Int
  ) -> SourceKey {
    var key = host?.hash ?? 1
    key = unsafe mix(key, hash(of: tags.source, in: p))
    key = unsafe mix(key, hash(of: tags.medium, in: p))
    key = unsafe mix(key, hash(of: tags.campaign, in: p))
    key = mix(key, UInt64(tags.click.rawValue))
    let slot = unsafe campaigns + Int(truncatingIfNeeded: key & UInt64(Self.cacheSize &- 1))
    if unsafe slot.pointee.key == key { return unsafe slot.pointee.source }
    let resolved = unsafe resolve(p, tags, hostText: host.map { _ in unsafe Self.normalized(referrer, n) })
    unsafe slot.pointee = CachedCampaign(key: key, source: SourceKey(hash: resolved.hash, channel: resolved.channel))
    return unsafe slot.pointee.source
  }

  @inline(__always)
  private func hash(of span: ByteSpan, in p: UnsafePointer<UInt8>) -> UInt64 {
    unsafe span.isAbsent ? 1 : hashBytes(p + Int(span.offset), Int(span.length))
  }

  // MARK: - Slow paths

  /// Lower case, without user name, port, closing dot and "www.".
  static func normalized(_ p: UnsafePointer<UInt8>, _ n: Int) -> String {
    var host = unsafe String(decoding: UnsafeBufferPointer(start: p, count: min(n, 255)), as: UTF8.self).lowercased()
    if let at = host.lastIndex(of: "@") { host = String(host[host.index(after: at)...]) }
    if let port = host.lastIndex(of: ":"), host[host.index(after: port)...].allSatisfy(\.isASCIIDigit) {
      host = String(host[..<port])
    }
    if host.hasSuffix(".") { host.removeLast() }
    return withoutPrefix(host)
  }

  static func withoutPrefix(_ host: String) -> String {
    host.hasPrefix("www.") && host.utf8.count > 4 ? String(host.dropFirst(4)) : host
  }

  @inline(never)
  private func resolve(host: String) -> ReferrerHost {
    let resolved = referred(by: host)
    let key = SourceKey(hash: resolved.source.hash, channel: resolved.source.channel)
    return ReferrerHost(hash: TrafficSources.hash(of: host), kind: resolved.kind, source: key)
  }

  private static func hash(of text: String) -> UInt64 {
    let bytes = Array(text.utf8) + [UInt8](repeating: 0, count: bytePadding)
    return unsafe bytes.withUnsafeBufferPointer { unsafe hashBytes($0.baseAddress!, text.utf8.count) }
  }

  /// The source a referrer's host stands for.
  func referred(by host: String) -> (kind: SiteKind, source: TrafficSource) {
    if host.isEmpty { return (.other, .direct) }
    if siteHosts.contains(host) || siteHosts.contains(where: { host.hasSuffix("." + $0) }) { return (.own, .direct) }
    let (kind, name) = ReferrerSites.classify(host: host)
    let medium =
      switch kind {
      case .search: "organic"
      case .mail: "email"
      case .other, .social, .video, .shopping, .own: "referral"
      }
    let channel = Channel.of(source: name, medium: medium, campaign: "(not set)", kind: kind)
    return (kind, TrafficSource(source: name, medium: medium, campaign: "(not set)", channel: channel))
  }

  /// The source of campaign parameters, what they leave open filled in from the click id, then from the referrer.
  @inline(never)
  func resolve(_ p: UnsafePointer<UInt8>, _ tags: CampaignTags, hostText: String?) -> TrafficSource {
    let implied = tags.click.implied
    let referred = hostText.map { self.referred(by: $0).source }
    func text(_ span: ByteSpan) -> String? {
      guard !span.isAbsent else { return nil }
      let value = unsafe CampaignTags.decode(p, span)
      return value.isEmpty ? nil : value
    }
    let tagged = text(tags.source)
    let source = tagged ?? implied?.source ?? referred?.source ?? "(not set)"
    // a medium implied by a click id or referrer belongs to that source only
    let inherited = tagged == nil ? implied?.medium ?? referred?.medium : tags.click == .none ? nil : implied?.medium
    let medium = text(tags.medium) ?? inherited ?? "(not set)"
    let campaign = text(tags.campaign) ?? "(not set)"
    let kind = ReferrerSites.classify(source: source.lowercased())
    let channel = Channel.of(source: source, medium: medium, campaign: campaign, kind: kind)
    return TrafficSource(source: source, medium: medium, campaign: campaign, channel: channel)
  }
}

extension Character {
  fileprivate var isASCIIDigit: Bool { self >= "0" && self <= "9" }
}
