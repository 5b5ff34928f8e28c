/// The moment a text stands for, in milliseconds since 1970 UTC: ISO 8601, an access log's own form, or a Unix time
/// whose unit its magnitude gives away. Nil when it is none of them.
public func eventTime(of text: String) -> Int64? {
  guard let format = TimeFormat(sample: text) else { return nil }
  return TimeParser.read(String(text.trimmingPrefix(while: { $0 == " " })), format)
}
