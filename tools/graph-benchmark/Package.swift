// swift-tools-version: 6.3
import PackageDescription

// Measures graphs for tools/bench graph. Built on its own, so that the engine's manifest stays free of it:
// `swift run -c release graph-benchmark` tells its modes.

let package = Package(
  name: "graph-benchmark",
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "thalweg", path: "../..")],
  targets: [
    .executableTarget(
      name: "graph-benchmark", dependencies: [.product(name: "PropertyGraph", package: "thalweg")],
      swiftSettings: [
        .treatAllWarnings(as: .error),
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("InternalImportsByDefault"),
      ])
  ]
)
