// swift-tools-version: 6.3
import PackageDescription

// Streaming programs to read and to begin from; the guide of StreamCore walks through them. Each reads standard input (or
// what its first lines say), writes to standard output and ends with its input:
// `swift run --package-path tools/examples windowed-counts < views.txt`

let settings: [SwiftSetting] = [
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
]

func example(_ name: String, uses products: String...) -> Target {
  .executableTarget(
    name: name, dependencies: products.map { .product(name: $0, package: "thalweg") }, swiftSettings: settings)
}

let package = Package(
  name: "examples",
  platforms: [.macOS(.v15)],
  dependencies: [
    .package(name: "thalweg", path: "../.."),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
  ],
  targets: [
    example("network-word-count", uses: "StreamCore", "Sockets"),
    example("windowed-counts", uses: "StreamCore"),
    example("sessionization", uses: "StreamCore"),
    example("stream-static-join", uses: "StreamCore"),
    example("trigger-detection", uses: "StreamCore"),
    .testTarget(
      name: "ExamplesTests",
      dependencies: [
        "network-word-count", "windowed-counts", "sessionization", "stream-static-join", "trigger-detection",
        .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio"),
      ], swiftSettings: settings),
  ]
)
