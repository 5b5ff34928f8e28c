/// GA4's default channel groups. Stored by raw value in snapshots: never renumber.
enum Channel: UInt8, CaseIterable {
  case direct, crossNetwork, paidShopping, paidSearch, paidSocial, paidVideo, display, paidOther, organicShopping
  case organicSocial, organicVideo, organicSearch, referral, email, affiliates, audio, sms, mobilePush, unassigned

  var name: String {
    [
      "Direct", "Cross-network", "Paid Shopping", "Paid Search", "Paid Social", "Paid Video", "Display", "Paid Other",
      "Organic Shopping", "Organic Social", "Organic Video", "Organic Search", "Referral", "Email", "Affiliates",
      "Audio", "SMS", "Mobile Push", "Unassigned",
    ][Int(rawValue)]
  }

  /// The group of a source, medium and campaign by GA4's rules, first match wins, case ignored
  /// (Google Analytics help, "Default channel group"). `kind` is what the source is known to be.
  static func of(source: String, medium: String, campaign: String, kind: SiteKind) -> Channel {
    let (source, medium, campaign) = (source.lowercased(), medium.lowercased(), campaign.lowercased())
    if source == "(direct)" && (medium == "(none)" || medium == "(not set)") { return .direct }
    if campaign.contains("cross-network") { return .crossNetwork }
    // ^(.*cp.*|ppc|retargeting|paid.*)$
    let isPaid =
      medium.contains("cp") || medium == "ppc" || medium == "retargeting" || medium.hasPrefix("paid")
    let isShopping = kind == .shopping || namesShop(campaign)
    if isPaid {
      if isShopping { return .paidShopping }
      switch kind {
      case .search: return .paidSearch
      case .social: return .paidSocial
      case .video: return .paidVideo
      default: break
      }
    }
    if ["display", "banner", "expandable", "interstitial", "cpm"].contains(medium) { return .display }
    if isPaid { return .paidOther }
    if isShopping { return .organicShopping }
    return unpaid(source: source, medium: medium, kind: kind)
  }

  private static func unpaid(source: String, medium: String, kind: SiteKind) -> Channel {
    let social = ["social", "social-network", "social-media", "sm", "social network", "social media"]
    if kind == .social || social.contains(medium) { return .organicSocial }
    if kind == .video || medium.contains("video") { return .organicVideo }
    if kind == .search || medium == "organic" { return .organicSearch }
    let email = ["email", "e-mail", "e_mail", "e mail"]
    if email.contains(source) || email.contains(medium) { return .email }
    if ["affiliate", "affiliates"].contains(medium) { return .affiliates }
    if ["referral", "app", "link"].contains(medium) { return .referral }
    if medium == "audio" { return .audio }
    if source == "sms" || medium == "sms" { return .sms }
    if medium.hasSuffix("push") || medium.contains("mobile") || medium.contains("notification")
      || source == "firebase"
    {
      return .mobilePush
    }
    return .unassigned
  }

  /// ^(.*(([^a-df-z]|^)shop|shopping).*)$: "shop" at the start, or after anything but a letter other than "e".
  private static func namesShop(_ campaign: String) -> Bool {
    if campaign.contains("shopping") { return true }
    let text = Array(campaign.utf8)
    let shop = Array("shop".utf8)
    guard text.count >= shop.count else { return false }
    for i in 0...text.count - shop.count where text[i..<i + shop.count].elementsEqual(shop) {
      if i == 0 { return true }
      let before = text[i - 1]
      if before < 97 || before > 122 || before == UInt8(ascii: "e") { return true }
    }
    return false
  }
}
