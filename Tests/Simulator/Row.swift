/// What the simulated sources give.
struct Row: Codable, Sendable, Equatable {
  var id: Int
  var source: Int
  var key: Int
  var time: Int64
  var value: Int

  init(id: Int, source: Int, key: Int, time: Int64, value: Int) {
    (self.id, self.source, self.key, self.time, self.value) = (id, source, key, time, value)
  }
  // five numbers in a row: plans are kept
  init(from decoder: any Decoder) throws {
    var numbers = try decoder.unkeyedContainer()
    id = try numbers.decode(Int.self)
    source = try numbers.decode(Int.self)
    key = try numbers.decode(Int.self)
    time = try numbers.decode(Int64.self)
    value = try numbers.decode(Int.self)
  }
  func encode(to encoder: any Encoder) throws {
    var numbers = encoder.unkeyedContainer()
    try numbers.encode(id)
    try numbers.encode(source)
    try numbers.encode(key)
    try numbers.encode(time)
    try numbers.encode(value)
  }
}
