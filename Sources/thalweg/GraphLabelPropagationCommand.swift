import ArgumentParser
import PropertyGraph

/// `thalweg graph label-propagation`.
struct GraphLabelPropagationCommand: ParsableCommand, EnvironmentConfigurable {
  static let configuration = CommandConfiguration(
    commandName: "label-propagation",
    abstract: "Communities: every vertex takes the label most of its neighbours have.",
    discussion: """
      In every round all vertices take the most frequent label among their neighbours at once, the lowest id of those \
      equally frequent (CDLP of LDBC Graphalytics). With --top, the largest communities and how many vertices they have.

      Example:
        thalweg graph label-propagation friends.txt --undirected --iterations 20
      """)

  @OptionGroup(title: "Input") var input: GraphInputOptions
  @Option(help: ArgumentHelp("Number of rounds.", valueName: "count"))
  var iterations = 10
  @OptionGroup(title: "Output") var top: GraphTopOptions
  @OptionGroup(title: "Output") var output: GraphOutputOptions

  static let environmentOptions = options(
    "\(GraphInputOptions.environmentNames) iterations top output", switches: GraphInputOptions.environmentSwitches)

  func validate() throws {
    if iterations < 0 { throw ValidationError("--iterations must be zero or more") }
  }

  func run() throws {
    let graph = try input.read(command: "label-propagation")
    // labels are places in the order of the ids, so that the lowest id wins ties
    let order = graph.vertices.sortedOrder()
    var places = [UInt64](repeating: 0, count: order.count)
    for (place, vertex) in order.enumerated() { places[Int(vertex)] = UInt64(place) }
    let labels = LabelPropagation.labels(graph.topology(), iterations: iterations, initial: places)
    try output.write(labels: labels.map { order[Int($0)] }, of: graph, top: top.top)
  }
}
