import Diagnostics
import Files
import Platform
import Training

/// A folder that a command writes into.
enum Folder {
  /// Makes one where there is none. Throws as writing a file there would.
  static func make(_ path: String) throws(DiagnosticError) {
    if SourceFiles.isDirectory(path) || mkdir(path, 0o777) == 0 { return }
    throw WholeFile.failure(errno, path)
  }
}
