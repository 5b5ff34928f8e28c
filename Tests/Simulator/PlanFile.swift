package import Foundation

/// Plans as JSON. What a file does not say is as in a plan that says nothing, so that files outlive new fields.
extension Plan {
  package init(json: Data) throws {
    func object(_ value: some Encodable) throws -> [String: Any] {
      try JSONSerialization.jsonObject(with: try JSONEncoder().encode(value)) as? [String: Any] ?? [:]
    }
    func filled(_ given: Any?, from defaults: [String: Any]) -> [String: Any] {
      defaults.merging(given as? [String: Any] ?? [:]) { $1 }
    }
    let given = try JSONSerialization.jsonObject(with: json) as? [String: Any]
    var whole = filled(given, from: try object(Plan(kind: .eventTime)))
    whole["habits"] = filled(given?["habits"], from: try object(SourceHabits()))
    whole["receiver"] = filled(given?["receiver"], from: try object(ReceiverPlan()))
    let run = try object(RunPlan())
    whole["runs"] = (given?["runs"] as? [Any] ?? []).map { filled($0, from: run) }
    self = try JSONDecoder().decode(Plan.self, from: try JSONSerialization.data(withJSONObject: whole))
  }
  package var json: Data {
    get throws {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys]
      return try encoder.encode(self)
    }
  }
  private init(kind: Kind) { self.kind = kind }
}
