import Foundation

/// What was built beside the tests.
package enum BuiltExecutable {
  package struct Missing: Error {}

  /// `ravine`, of the same build.
  package static func ravine() throws -> URL {
    for place in [URL(fileURLWithPath: CommandLine.arguments[0])]
      + Bundle.allBundles.map(\.bundleURL)
    {
      var folder = place
      for _ in 0..<4 {
        folder = folder.deletingLastPathComponent()
        let candidate = folder.appendingPathComponent("ravine")
        var isDirectory: ObjCBool = false
        if FileManager.default.fileExists(atPath: candidate.path, isDirectory: &isDirectory),
          !isDirectory.boolValue
        {
          return candidate
        }
      }
    }
    throw Missing()
  }
}
