// swift-tools-version: 6.3
import PackageDescription

// A program that embeds Ravine; in a program of yours the dependency is a URL.
let package = Package(
  name: "embed",
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "ravine", path: "../../..")],
  targets: [
    .executableTarget(name: "embed", dependencies: [.product(name: "Ravine", package: "ravine")])
  ]
)
