import Foundation
import Native

/// A folder that goes away, with compilers made of shell scripts.
final class TemporaryFolder {
  let path: String

  init() {
    path =
      FileManager.default.temporaryDirectory
      .appendingPathComponent("ravine-native-\(UUID().uuidString)").path
    try? FileManager.default.createDirectory(
      atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  var cache: String { path + "/cache" }

  func settings(compiler: String? = NativeCompiler.Settings.usual.compiler)
    -> NativeCompiler.Settings
  {
    NativeCompiler.Settings(compiler: compiler, cache: cache)
  }

  /// The path of a program that runs these lines.
  func script(_ lines: String) throws -> String {
    let file = path + "/cc-\(UUID().uuidString)"
    try ("#!/bin/sh\n" + lines + "\n").write(toFile: file, atomically: true, encoding: .utf8)
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: file)
    return file
  }

  /// The names in the cache's folder.
  var names: [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: cache)) ?? []).sorted()
  }

  /// The files called `name` of all entries.
  func files(_ name: String) -> [String] { names.map { "\(cache)/\($0)/\(name)" } }
}

/// What a compiler said, in order.
final class Notes {
  var all: [String] = []
}
