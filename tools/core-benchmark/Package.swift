// swift-tools-version: 6.3
import PackageDescription

// Measures the stream core for tools/bench core. Built on its own, so that the engine's manifest stays free of it:
// `swift run -c release core-benchmark` tells its modes.

let package = Package(
  name: "core-benchmark",
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "thalweg", path: "../..")],
  targets: [
    .executableTarget(
      name: "core-benchmark", dependencies: [.product(name: "StreamCore", package: "thalweg")],
      swiftSettings: [
        .treatAllWarnings(as: .error),
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("InternalImportsByDefault"),
      ])
  ]
)
