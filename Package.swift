// swift-tools-version: 6.3
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
  // Problems.
  "valleys", "bowls", "games", "constraints", "networks",
]

/// What `ravine explain` says.
let pages = [
  "tokens", "syntax", "names", "scripts", "session", "equations", "shapes", "axes",
  "hyperparameters", "routes", "data", "arrays", "files", "binding", "numeric",
]

let package = Package(
  name: "ravine",
  platforms: [.macOS(.v15)],
  products: [
    .library(name: "Ravine", targets: ["Ravine"]),
    // The same for hosts in C and Python: scripts/install.sh and scripts/wheel.sh build it with the Swift
    // runtime inside.
    .library(name: "CRavine", type: .dynamic, targets: ["CInterface"]),
    .executable(name: "ravine", targets: ["ravine-cli"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2")
  ],
  targets: [
    .target(name: "CKernels"),
    room("Platform", []),
    room("Basics", ["Platform"]),
    room("Diagnostics", ["Basics"], resources: pages.map { .embedInCode("Pages/\($0).md") }),
    room("Syntax", ["Basics", "Diagnostics"]),
    room("IR", ["Basics", "Diagnostics", "Platform"]),
    room("Files", ["Basics", "Diagnostics", "Platform"]),
    room("Symbolic", ["Basics", "Diagnostics", "IR", "Platform"]),
    room(
      "Certificates", ["Basics", "Diagnostics", "IR"], resources: [.embedInCode("axioms.txt")]),
    room("Certifier", ["Basics", "Certificates", "IR", "Platform"]),
    room("Semantics", ["Basics", "Diagnostics", "IR", "Syntax"]),
    room("Lowering", ["Basics", "Diagnostics", "IR", "Semantics", "Syntax"]),
    room("Runtime", ["Basics", "CKernels", "Diagnostics", "IR", "Platform"]),
    room("Native", ["Basics", "CKernels", "IR", "Platform", "Runtime"]),
    room("Checkpoints", ["Basics", "Diagnostics", "Files", "IR", "Runtime"]),
    .target(name: "CData"),
    room("Zoo", ["CData"], resources: zooFiles.map { .embedInCode("Resources/\($0).opt") }),
    // SQLite, for what keeps searches on disk: nothing that an embedder links.
    .target(name: "CSQLite", linkerSettings: [.linkedLibrary("sqlite3")]),
    room("Plotting", ["Basics", "Platform"]),
    room(
      "Training",
      [
        "Basics", "CKernels", "Checkpoints", "Diagnostics", "Files", "IR", "Platform", "Runtime",
      ]),
    room(
      "Search",
      ["Basics", "CSQLite", "Diagnostics", "Files", "IR", "Platform", "Runtime", "Training"]),
    room(
      "Driver",
      [
        "Basics", "Diagnostics", "Files", "IR", "Lowering", "Platform", "Runtime", "Semantics",
        "Syntax", "Training", "Zoo",
      ]),
    room(
      "Laboratory",
      [
        "Basics", "Diagnostics", "Driver", "IR", "Lowering", "Platform", "Runtime", "Semantics",
        "Symbolic", "Syntax", "Zoo",
      ]),
    room("Export", ["Basics", "Diagnostics", "IR", "Symbolic"]),
    room(
      "Experiments",
      [
        "Basics", "Certificates", "Certifier", "Diagnostics", "Driver", "Files", "IR", "Laboratory",
        "Lowering", "Platform", "Plotting", "Runtime", "Search", "Semantics", "Symbolic", "Syntax",
        "Training", "Zoo",
      ], resources: [.embedInCode("Arena/page.html"), .embedInCode("Advice/arena.tsv")]),
    room(
      "Ravine",
      [
        "Basics", "Checkpoints", "Diagnostics", "Driver", "Files", "IR", "Laboratory", "Lowering",
        "Native", "Runtime", "Symbolic", "Syntax", "Zoo",
      ]),
    // What a host in C sees, and where its errors are kept.
    .target(name: "CRavine", exclude: ["exports.map"]),
    room(
      "CInterface",
      [
        "Basics", "CRavine", "Diagnostics", "Driver", "Experiments", "Export", "IR", "Laboratory",
        "Ravine", "Runtime", "Symbolic",
      ]),
    room(
      "Measuring",
      ["Basics", "CKernels", "Diagnostics", "IR", "Laboratory", "Native", "Platform", "Runtime"]),
    room(
      "Session",
      [
        "Basics", "Diagnostics", "Driver", "Experiments", "IR", "Laboratory", "Lowering",
        "Plotting", "Runtime", "Semantics", "Symbolic", "Syntax", "Training", "Zoo",
      ]),
    // GNU readline, for the executable alone.
    .target(name: "CReadline"),
    // Named apart from the library: file systems that ignore case hold one module of a name.
    .executableTarget(
      name: "ravine-cli",
      dependencies: [
        "Basics", "Certificates", "Certifier", "CKernels", "CReadline", "Diagnostics", "Driver",
        "Experiments", "Export", "Files", "IR", "Laboratory", "Measuring", "Native", "Platform",
        "Runtime", "Search", "Session", "Symbolic", "Syntax", "Training", "Zoo",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      path: "Sources/ravine-cli", swiftSettings: strict),
    .executableTarget(
      name: "ravine-bench",
      dependencies: [
        "Basics", "CInterface", "CKernels", "CRavine", "Diagnostics", "Driver", "IR", "Measuring",
        "Native", "Platform", "Ravine", "Runtime", "Search", "Semantics", "Syntax", "Training",
      ],
      path: "Sources/RavineBench", swiftSettings: strict),
    // The generator of docs/zoo.
    .executableTarget(
      name: "ravine-gallery",
      dependencies: [
        "Basics", "Diagnostics", "Driver", "Experiments", "Files", "IR", "Laboratory", "Platform",
        "Plotting", "Runtime", "Symbolic", "Training", "Zoo",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      path: "Sources/ravine-gallery", swiftSettings: strict),
    // What tests of several rooms wait for and start.
    .target(
      name: "Support", dependencies: ["Basics"], path: "Tests/Support", swiftSettings: strict),
    tests("SyntaxTests", ["Basics", "Diagnostics", "Platform", "Syntax"]),
    tests("IRTests", ["Basics", "IR"]),
    .target(name: "AllocationCount", path: "Tests/AllocationCount"),
    tests(
      "RuntimeTests",
      [
        "AllocationCount", "Basics", "CKernels", "Diagnostics", "Driver", "IR", "Lowering",
        "Native", "Platform", "Runtime", "Semantics", "Syntax",
      ]),
    tests(
      "NativeTests",
      ["CKernels", "Diagnostics", "Driver", "Experiments", "IR", "Native", "Runtime"]),
    tests(
      "SymbolicTests",
      [
        "Basics", "Certificates", "Certifier", "Diagnostics", "Driver", "Experiments", "Files",
        "IR",
        "Laboratory", "Lowering", "Platform", "Runtime",
        "Support", "Symbolic", "Training", "Zoo",
      ]),
    tests(
      "TrainingTests", ["Basics", "Diagnostics", "Files", "Platform", "Plotting", "Training"]),
    tests(
      "SearchTests",
      [
        "Basics", "Diagnostics", "Driver", "Experiments", "IR", "Platform", "Runtime", "Search",
        "Training",
        "Zoo",
      ]),
    tests("MeasuringTests", ["Driver", "Measuring", "Runtime"]),
    .target(name: "PseudoTerminal", path: "Tests/PseudoTerminal"),
    tests(
      "SessionTests",
      [
        "Basics", "Diagnostics", "Platform", "PseudoTerminal", "ravine-cli", "Session", "Support",
        "Training",
      ]),
    tests(
      "RavineTests",
      [
        "AllocationCount", "Basics", "CKernels", "Diagnostics", "Driver", "Experiments", "IR",
        "Laboratory",
        "Lowering", "Native",
        "Platform", "Runtime", "Semantics", "Support", "Symbolic", "Syntax", "Training", "Zoo",
      ],
      exclude: ["Diagnostics/Cases", "Arena/algoperf-v05.tsv"]),
    tests(
      "CommandTests",
      [
        "Basics", "Diagnostics", "Driver", "Experiments", "ravine-cli", "Runtime", "Support",
        "Syntax",
      ], exclude: ["Exports"]),
    // What a program outside may see: public declarations of the façade.
    .testTarget(
      name: "EmbedTests", dependencies: ["Ravine"], packageAccess: false, swiftSettings: strict),
    tests(
      "DocsTests",
      [
        "Diagnostics", "Driver", "IR", "Lowering", "Ravine", "ravine-cli", "ravine-gallery",
        "Runtime", "Semantics", "Session", "Support", "Syntax", "Zoo",
      ]),
  ],
  cLanguageStandard: .gnu17
)
