/// A field seen in the head of an input, with some of its values.
struct SampledField {
  /// Keys from the outermost object in; one for a column.
  var keys: [String]
  /// The name to give in `--fields`.
  var name: String
  /// Up to ``valuesMax`` values, absent ones left out.
  var values: [String] = []
  static let valuesMax = 100
}

/// Finds which field plays which role: by the user's word, or by the usual names, and for times by the values too.
struct FieldFinder {
  let source: String
  let fields: [SampledField]
  let options: FormatOptions
  /// Whether fields may also be given by number (columns).
  let isTable: Bool
  /// By field.
  private let borneNames: [BorneNames]

  init(source: String, fields: [SampledField], options: FormatOptions, isTable: Bool) {
    (self.source, self.fields, self.options, self.isTable) = (source, fields, options, isTable)
    borneNames = fields.map { BorneNames($0.keys) }
  }

  struct Found {
    var indexes: [FieldRole: Int] = [:]
    var timeFormat = TimeFormat.iso8601
  }

  func find() throws(FormatError) -> Found {
    var found = Found()
    for role in FieldRole.allCases {
      if let name = options.fields[role] {
        found.indexes[role] = try named(name, role)
      } else {
        found.indexes[role] = usual(role)
      }
    }
    guard let time = found.indexes[.time] else { throw notFound(.time) }
    found.timeFormat = try timeFormat(of: fields[time])
    guard found.indexes[.user] != nil else { throw notFound(.user) }
    return found
  }

  // MARK: By the user's word

  private func named(_ name: String, _ role: FieldRole) throws(FormatError) -> Int {
    if let at = fields.firstIndex(where: { $0.name == name }) { return at }
    let keys = JSONFieldPaths.keys(ofPath: name)
    if !isTable, let at = fields.firstIndex(where: { $0.keys == keys }) { return at }
    if isTable, let number = Int(name), number >= 1 {
      if number <= fields.count { return number - 1 }
      throw .badOption("\(source): --fields \(role.rawValue)=\(name): there are only \(fields.count) columns")
    }
    let guess = closestName(to: name, among: fields.map(\.name)).map { "; did you mean \(role.rawValue)=\($0)?" } ?? ""
    throw .badOption("\(source): --fields \(role.rawValue)=\(name): there is no such field\(guess)\n\(listing)")
  }

  // MARK: By the usual names

  private func usual(_ role: FieldRole) -> Int? {
    let names = FieldNames.usual(role).map(FieldNames.normalized)
    let depthMax = fields.map(\.keys.count).max() ?? 0
    for depth in stride(from: 1, through: max(depthMax, 1), by: 1) {
      let candidates = fields.indices.filter { fields[$0].keys.count == depth }
      for name in names {
        // the values are looked at last: that takes longest
        if let i = candidates.first(where: { isNamed(borneNames[$0], name) && fits(fields[$0], role) }) { return i }
      }
    }
    return nil
  }

  /// What a field is called, as ``FieldNames/normalized(_:)`` writes it.
  private struct BorneNames {
    /// By its last key.
    let last: String
    /// With the object it stands in (`user.id`), and with all objects around it.
    var nested: [String] = []

    init(_ keys: [String]) {
      last = FieldNames.normalized(keys[keys.count - 1])
      guard keys.count > 1 else { return }
      nested = [FieldNames.normalized(keys.suffix(2).joined())]
      if keys.count > 2 { nested.append(FieldNames.normalized(keys.joined())) }
    }
  }

  /// Inside other objects these names say too little.
  private static let vagueNames: Set = [
    "type", "t", "action", "date", "product", "item", "ref", "total", "path", "page", "agent", "value",
  ]

  /// Whether a field bears a name: by itself, or together with the objects it stands in (`user.id`).
  private func isNamed(_ field: BorneNames, _ name: String) -> Bool {
    if field.nested.contains(name) { return true }
    return field.last == name && (field.nested.isEmpty || !FieldFinder.vagueNames.contains(name))
  }

  /// Whether the values of a field suit a role.
  private func fits(_ field: SampledField, _ role: FieldRole) -> Bool {
    switch role {
    case .time:
      let good = field.values.count { value in
        options.timeFormat.map { TimeParser.read(value, $0) != nil } ?? (TimeFormat(sample: value) != nil)
      }
      return good > 0 && good * 2 >= field.values.count
    case .value: return !field.values.isEmpty && field.values.allSatisfy { Double($0) != nil }
    default: return true
    }
  }

  private func timeFormat(of field: SampledField) throws(FormatError) -> TimeFormat {
    if let format = options.timeFormat { return format }
    var counts: [TimeFormat: Int] = [:]
    for value in field.values { if let format = TimeFormat(sample: value) { counts[format, default: 0] += 1 } }
    let ranked = TimeFormat.allCases.filter { counts[$0] != nil }
    if let best = ranked.max(by: { counts[$0, default: 0] < counts[$1, default: 0] }) { return best }
    let example = field.values.first.map { ", such as \"\($0.prefix(60))\"," } ?? ""
    throw .fieldNotFound(
      "\(source): the values of \(field.name)\(example) are in no time format known here; known are ISO 8601, Unix "
        + "times (--time-format \(TimeFormat.allCases.map(\.rawValue).joined(separator: "|"))) and the access logs' own"
    )
  }

  // MARK: What to say when there is none

  private func notFound(_ role: FieldRole) -> FormatError {
    let what = role == .time ? "time of an event" : "user"
    var message = "\(source): no field with the \(what) was found"
    if let guess = suggestion(role) { message += "; did you mean \(role.rawValue)=\(guess)?" }
    let example = suggestion(role) ?? "FIELD"
    message += "\n\(listing)\nName it with --fields \(role.rawValue)=\(example)"
    return .fieldNotFound(message)
  }

  /// A field that holds times, or is named almost as usual.
  private func suggestion(_ role: FieldRole) -> String? {
    if role == .time, let field = fields.first(where: { fits($0, .time) }) { return field.name }
    for name in FieldNames.usual(role) {
      for field in fields where name.count > 3 && (role != .time || fits(field, .time)) {
        if closestName(to: name, among: [field.keys[field.keys.count - 1]]) != nil { return field.name }
      }
    }
    // "userKey", "the_visitor"
    let parts = role == .user ? ["user", "visitor", "client", "customer", "member", "account", "cookie"] : []
    for part in parts {
      if let field = fields.first(where: { FieldNames.normalized($0.name).contains(part) }) { return field.name }
    }
    return nil
  }

  private var listing: String {
    let shown = fields.prefix(40).map(\.name).joined(separator: ", ")
    let more = fields.count > 40 ? " and \(fields.count - 40) more" : ""
    return "Fields here: \(fields.isEmpty ? "none" : shown)\(more)"
  }
}
