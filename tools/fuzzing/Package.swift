// swift-tools-version: 6.3
import PackageDescription

// The fuzz targets, built and run by tools/fuzz. Each is one file with libFuzzer's entry point; what is checked lies
// next to the code under test (Fuzzing.swift and its neighbours), where the tests replay old crashes through it.

func fuzzTarget(_ name: String, of module: String) -> Target {
  .executableTarget(
    name: name, dependencies: [.product(name: module, package: "thalweg")],
    // libFuzzer brings the main function
    swiftSettings: [.treatAllWarnings(as: .error), .unsafeFlags(["-parse-as-library"])])
}

let package = Package(
  name: "fuzzing",
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "thalweg", path: "../..")],
  targets: [
    fuzzTarget("FuzzNDJSON", of: "EventFormats"),
    fuzzTarget("FuzzCSV", of: "EventFormats"),
    fuzzTarget("FuzzTSV", of: "EventFormats"),
    fuzzTarget("FuzzCombined", of: "EventFormats"),
    fuzzTarget("FuzzCommon", of: "EventFormats"),
    fuzzTarget("FuzzDetector", of: "EventFormats"),
    fuzzTarget("FuzzTimes", of: "EventFormats"),
    fuzzTarget("FuzzFields", of: "EventFormats"),
    fuzzTarget("FuzzZstd", of: "EventFormats"),
    fuzzTarget("FuzzGzip", of: "EventFormats"),
    fuzzTarget("FuzzDamagedStream", of: "EventFormats"),
    fuzzTarget("FuzzSnapshot", of: "Snapshots"),
    fuzzTarget("FuzzCheckpointChain", of: "Snapshots"),
  ]
)
