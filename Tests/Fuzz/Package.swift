// swift-tools-version: 6.3
import PackageDescription

// A package of its own: libFuzzer needs flags that a package others depend on may not have.
let package = Package(
  name: "fuzz",
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "ravine", path: "../..")],
  targets: [
    .executableTarget(
      name: "fuzz", dependencies: [.product(name: "Ravine", package: "ravine")], path: ".",
      sources: ["Fuzz.swift"])
  ]
)
