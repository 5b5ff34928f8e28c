// swift-tools-version: 6.3
import PackageDescription

// Measures the keepers of connected components. Built on its own, so that the engine's manifest stays free of it.
let package = Package(
  name: "graph-benchmark-components",
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "thalweg", path: "../..")],
  targets: [
    .executableTarget(
      name: "components-benchmark", dependencies: [.product(name: "PropertyGraph", package: "thalweg")],
      swiftSettings: [
        .treatAllWarnings(as: .error),
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("InternalImportsByDefault"),
      ])
  ]
)
