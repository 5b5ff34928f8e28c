// swift-tools-version: 6.3
import PackageDescription

// Measures the dynamic adjacency and incremental PageRank: `swift run -c release graph-benchmark` tells its modes.

let package = Package(
  name: "graph-benchmark",
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "thalweg", path: "../..")],
  targets: [
    .executableTarget(
      name: "graph-benchmark", dependencies: [.product(name: "PropertyGraph", package: "thalweg")])
  ]
)
