extension GraphReport {
  /// The report as one HTML file that needs nothing else.
  public func html() -> String { "<!DOCTYPE html><title>Graph report</title><pre>\(HTMLPage.escaped(json()))</pre>\n" }
}
