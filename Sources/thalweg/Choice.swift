import ArgumentParser

/// A value of an option that may be left to the program: `auto`, or one of `Value`'s cases.
struct Choice<Value: CaseIterable & RawRepresentable & Sendable>: ExpressibleByArgument, Sendable
where Value.RawValue == String {
  /// Nil: find out.
  var value: Value?

  static var auto: Choice { Choice(value: nil) }
  init(value: Value?) { self.value = value }

  init?(argument: String) {
    let name = argument.lowercased()
    value = Value(rawValue: name)
    if value == nil, name != "auto" { return nil }
  }

  var defaultValueDescription: String { value?.rawValue ?? "auto" }
  static var allValueStrings: [String] { ["auto"] + Value.allCases.map(\.rawValue) }
}
