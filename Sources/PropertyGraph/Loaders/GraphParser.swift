/// Turns the lines of one format into a graph, block by block.
protocol GraphParser {
  mutating func parse(_ block: LineBlock, into graph: inout GraphAssembly) throws
  /// Behind the last block.
  mutating func finish(_ graph: inout GraphAssembly) throws
}

extension GraphParser {
  mutating func finish(_ graph: inout GraphAssembly) throws {}
}
