// swift-tools-version: 6.1
import PackageDescription

let strict: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
]

/// One room of the house (docs/architecture.md): arrows go up only.
func room(_ name: String, _ imports: [Target.Dependency], resources: [Resource]? = nil) -> Target {
  .target(name: name, dependencies: imports, resources: resources, swiftSettings: strict)
}

func tests(_ name: String, _ imports: [Target.Dependency], exclude: [String] = []) -> Target {
  .testTarget(name: name, dependencies: imports, exclude: exclude, swiftSettings: strict)
}

let zooFiles = [
  "prelude", "descent", "momentum", "sign", "adaptive", "moments", "clipping", "matrix",
  "transformers", "projected", "preconditioned", "parameterfree", "sparse", "distributed",
]

let package = Package(
  name: "ravine",
  platforms: [.macOS(.v14)],
  products: [
    .library(name: "Ravine", targets: ["Ravine"]),
    .executable(name: "ravine", targets: ["ravine-cli"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2")
  ],
  targets: [
    .target(name: "CKernels"),
    room("Basics", []),
    room("Diagnostics", ["Basics"]),
    room("Syntax", ["Diagnostics"]),
    room("IR", ["Basics", "Diagnostics"]),
    room("Symbolic", ["Basics", "IR"]),
    room("Semantics", ["Syntax", "IR"]),
    room("Lowering", ["Semantics", "IR"]),
    room("Runtime", ["IR", "CKernels"]),
    room("Native", ["Basics", "Runtime", "CKernels"]),
    room("Zoo", [], resources: zooFiles.map { .embedInCode("Resources/\($0).opt") }),
    room("Training", ["Runtime"]),
    room("Ravine", ["Lowering", "Symbolic", "Training", "Native", "Zoo"]),
    room("Measuring", ["Ravine", "Native", "Runtime", "Training", "CKernels"]),
    room(
      "Session",
      [
        "Diagnostics", "IR", "Lowering", "Ravine", "Runtime", "Semantics", "Symbolic", "Syntax",
        "Training", "Zoo",
      ]),
    // GNU readline, for the executable alone.
    .target(name: "CReadline", linkerSettings: [.linkedLibrary("readline")]),
    // Named apart from the library: file systems that ignore case hold one module of a name.
    .executableTarget(
      name: "ravine-cli",
      dependencies: [
        "CKernels", "CReadline", "Diagnostics", "IR", "Lowering", "Measuring", "Native", "Ravine",
        "Runtime", "Session", "Symbolic", "Syntax", "Training", "Zoo",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      path: "Sources/ravine-cli", swiftSettings: strict),
    .executableTarget(
      name: "ravine-bench", dependencies: ["Ravine", "Measuring", "Native", "CKernels"],
      path: "Sources/RavineBench", swiftSettings: strict),
    tests("SyntaxTests", ["Syntax"]),
    tests("IRTests", ["IR"]),
    .target(name: "AllocationCount", path: "Tests/AllocationCount"),
    tests("RuntimeTests", ["Runtime", "Ravine", "Native", "AllocationCount"]),
    tests("NativeTests", ["Native", "Runtime", "Ravine", "CKernels", "IR"]),
    tests(
      "SymbolicTests", ["Symbolic", "Ravine", "Zoo", "Runtime", "IR", "Basics", "Diagnostics"]),
    tests("TrainingTests", ["Training"]),
    tests("MeasuringTests", ["Measuring", "Ravine", "Runtime"]),
    .target(name: "PseudoTerminal", path: "Tests/PseudoTerminal"),
    tests(
      "SessionTests",
      [
        "Session", "Ravine", "Semantics", "Training", "Diagnostics", "PseudoTerminal", "ravine-cli",
      ]),
    tests(
      "RavineTests", ["Ravine", "Runtime", "Native", "Zoo", "Diagnostics", "IR"],
      exclude: ["Diagnostics/Cases"]),
    tests("CommandTests", ["ravine-cli", "Ravine", "Basics", "Diagnostics", "Syntax"]),
    tests(
      "DocsTests",
      ["ravine-cli", "Ravine", "Runtime", "Lowering", "IR", "Syntax", "Diagnostics"]),
  ],
  cLanguageStandard: .gnu17
)
