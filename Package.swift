// swift-tools-version: 6.3
import PackageDescription

/// Settings every Swift target is built with: one place, no exceptions.
let sharedSettings: [SwiftSetting] = [
  .treatAllWarnings(as: .error),
  .strictMemorySafety(),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
]

/// The same for tests, but for the marks of unsafe code: the testing macros expand to code that has none.
let testSettings: [SwiftSetting] = [
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
]

/// The released command holds Swift's libraries within it on Linux: it starts in half the time, and the one file runs
/// where no Swift is installed. A toolchain that lacks the static libraries builds with `THALWEG_DYNAMIC=1` set.
let commandLinkerSettings: [LinkerSetting] =
  Context.environment["THALWEG_DYNAMIC"] == nil
  ? [
    .unsafeFlags(
      // the archives that Foundation's ask for, which only autolinking of a wholly static build would add
      ["-static-stdlib", "-use-ld=lld", "-lCoreFoundation", "-l_FoundationICU", "-l_FoundationCShims"]
        + ["-l_FoundationCollections"],
      .when(platforms: [.linux], configuration: .release))
  ] : []

let package = Package(
  name: "thalweg",
  platforms: [.macOS(.v15)],
  products: [
    .executable(name: "thalweg", targets: ["thalweg"]),
    .library(name: "StreamCore", targets: ["StreamCore"]),
    .library(name: "Sockets", targets: ["Sockets"]),
    .library(name: "StreamMetrics", targets: ["StreamMetrics"]),
    .library(name: "Sessions", targets: ["Sessions"]),
    .library(name: "Snapshots", targets: ["Snapshots"]),
    .library(name: "EventFormats", targets: ["EventFormats"]),
    .library(name: "Reports", targets: ["Reports"]),
    .library(name: "PropertyGraph", targets: ["PropertyGraph"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
  ],
  targets: [
    .systemLibrary(
      name: "CZstd", pkgConfig: "libzstd",
      providers: [.apt(["libzstd-dev"]), .brew(["zstd"])]),
    .systemLibrary(
      name: "CZlib", pkgConfig: "zlib",
      providers: [.apt(["zlib1g-dev"]), .brew(["zlib"])]),
    .target(name: "CKernels"),
    .target(name: "FlatMemory", dependencies: ["CKernels"], swiftSettings: sharedSettings),
    .target(
      name: "Snapshots", dependencies: ["CZstd", "FlatMemory"], swiftSettings: sharedSettings),
    .target(
      name: "StreamCore", dependencies: ["FlatMemory", "Snapshots"], swiftSettings: sharedSettings),
    .target(
      name: "StreamMetrics",
      dependencies: [
        "StreamCore", .product(name: "Logging", package: "swift-log"),
        .product(name: "Metrics", package: "swift-metrics"),
      ], swiftSettings: sharedSettings),
    .target(
      name: "Sockets",
      dependencies: [
        "StreamCore",
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
      ],
      swiftSettings: sharedSettings),
    .target(
      name: "EventFormats", dependencies: ["CKernels", "CZstd", "CZlib", "FlatMemory"],
      swiftSettings: sharedSettings),
    .target(
      name: "Sessions", dependencies: ["CKernels", "FlatMemory", "StreamCore", "Snapshots"],
      swiftSettings: sharedSettings),
    .target(name: "ClickstreamGenerator", swiftSettings: sharedSettings),
    .target(name: "Reports", dependencies: ["CKernels", "FlatMemory"], swiftSettings: sharedSettings),
    .target(
      name: "PropertyGraph", dependencies: ["CKernels", "EventFormats", "FlatMemory", "StreamCore"],
      swiftSettings: sharedSettings),
    .target(
      name: "Replay",
      dependencies: [
        "CKernels", "CZstd", "FlatMemory", "Snapshots", "StreamCore", "EventFormats", "Sessions", "Reports",
      ],
      swiftSettings: sharedSettings),
    .target(
      name: "GraphReplay",
      dependencies: ["EventFormats", "FlatMemory", "PropertyGraph", "Replay", "Reports", "StreamCore"],
      swiftSettings: sharedSettings),
    .executableTarget(
      name: "thalweg",
      dependencies: [
        "Replay", "GraphReplay", "ClickstreamGenerator", "Snapshots", "Reports", "EventFormats", "Sessions",
        "StreamCore",
        "PropertyGraph", "FlatMemory",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: sharedSettings,
      linkerSettings: commandLinkerSettings),
    .target(name: "TestSupport", path: "Tests/TestSupport", swiftSettings: testSettings),
    .target(
      name: "Simulator", dependencies: ["StreamCore", "Snapshots", "TestSupport"], path: "Tests/Simulator",
      swiftSettings: testSettings),
    .executableTarget(
      name: "simulate", dependencies: ["Simulator"], path: "Tests/simulate", swiftSettings: testSettings),
    .testTarget(
      name: "SimulatorTests", dependencies: ["Simulator"], exclude: ["Plans"], swiftSettings: testSettings),
    .testTarget(
      name: "FlatMemoryTests", dependencies: ["FlatMemory", "TestSupport"], swiftSettings: testSettings),
    .testTarget(
      name: "SnapshotsTests", dependencies: ["Snapshots", "FlatMemory"], swiftSettings: testSettings),
    .testTarget(
      name: "EventFormatsTests", dependencies: ["EventFormats", "FlatMemory"], swiftSettings: testSettings),
    .testTarget(
      name: "ReportsTests", dependencies: ["Reports", "FlatMemory", "TestSupport"], swiftSettings: testSettings),
    .testTarget(
      name: "ClickstreamGeneratorTests", dependencies: ["ClickstreamGenerator"], swiftSettings: testSettings),
    .testTarget(
      name: "StreamCoreTests", dependencies: ["Simulator", "StreamCore", "FlatMemory", "Snapshots", "TestSupport"],
      exclude: ["SPARK-SUITES.md"], swiftSettings: testSettings),
    .executableTarget(
      name: "chaos-program", dependencies: ["Sockets", "StreamCore"], path: "Tests/ChaosProgram",
      swiftSettings: testSettings),
    .testTarget(
      name: "StreamMetricsTests",
      dependencies: [
        "StreamMetrics", "StreamCore", .product(name: "Logging", package: "swift-log"),
        .product(name: "Metrics", package: "swift-metrics"),
        .product(name: "MetricsTestKit", package: "swift-metrics"),
      ], swiftSettings: testSettings),
    .testTarget(
      name: "SocketsTests",
      dependencies: [
        "Sockets", "chaos-program", "StreamCore", "TestSupport",
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
      ],
      swiftSettings: testSettings),
    .testTarget(
      name: "SessionsTests", dependencies: ["Sessions", "StreamCore", "FlatMemory", "Snapshots", "TestSupport"],
      swiftSettings: testSettings),
    .testTarget(
      name: "PropertyGraphTests",
      dependencies: ["PropertyGraph", "EventFormats", "TestSupport", "FlatMemory", "StreamCore"],
      swiftSettings: testSettings),
    .testTarget(
      name: "GraphReplayTests",
      dependencies: [
        "GraphReplay", "PropertyGraph", "EventFormats", "TestSupport", "FlatMemory", "Replay", "StreamCore",
      ],
      swiftSettings: testSettings),
    .testTarget(
      name: "ReplayTests",
      dependencies: [
        "Replay", "EventFormats", "Sessions", "StreamCore", "FlatMemory", "Snapshots", "Reports",
        "ClickstreamGenerator", "TestSupport",
      ],
      swiftSettings: testSettings),
    .testTarget(
      name: "CommandLineTests",
      dependencies: [
        "thalweg", "Replay", "EventFormats", "TestSupport",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ], exclude: ["Cases"], swiftSettings: testSettings),
  ]
)
