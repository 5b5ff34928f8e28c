import ArgumentParser

/// `thalweg graph`: the classic algorithms over a graph in a file.
struct GraphCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "graph",
    abstract: "Rank, partition and measure the vertices of a graph.",
    discussion: """
      Reads edge lists, adjacency lists, Matrix Market and METIS files, also compressed with zstd or gzip; which of \
      them it is is found out from the content. Prints a line 'id value' per vertex, sorted by id: whole numbers by \
      value, then texts.

      Examples:
        thalweg graph pagerank links.txt --top 10
        thalweg graph pagerank links.csv --weighted --output ranks.txt
        thalweg graph components wiki.txt.zst
        thalweg graph shortest-paths roads.txt --undirected --weighted --source 17
        thalweg graph replay messages.txt --window 30d --report report.html
        thalweg graph generate rmat --scale 18 --output rmat.txt
      """,
    subcommands: [
      GraphPageRankCommand.self, GraphComponentsCommand.self, GraphStrongComponentsCommand.self,
      GraphTrianglesCommand.self, GraphClusteringCommand.self, GraphLabelPropagationCommand.self,
      GraphShortestPathsCommand.self, GraphBreadthFirstCommand.self, GraphCoreCommand.self, GraphReplayCommand.self,
      GraphGenerateCommand.self,
    ])

  /// The subcommand that arguments behind `graph` name, whose options can come from the environment, and how many
  /// arguments name it.
  static func configurable(_ names: ArraySlice<String>) -> (command: any EnvironmentConfigurable.Type, names: Int)? {
    var commands = configuration.subcommands
    var depth = 0
    for name in names {
      guard let command = commands.first(where: { $0.configuration.commandName == name }) else { return nil }
      depth += 1
      if let command = command as? any EnvironmentConfigurable.Type { return (command, depth) }
      commands = command.configuration.subcommands
    }
    return nil
  }
}
