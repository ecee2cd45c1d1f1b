import Diagnostics
import Training

extension Script {
  /// What a script that is not to go on would overwrite: runs that are not over.
  ///
  /// R0775 where it is to go on and keeps no run.
  func unfinished() -> [Diagnostic] {
    let all = compiler.commands.compactMap { settled[$0.span]?.saving }
    if options.resuming == .always { return all.isEmpty ? [.nothingSaved] : [] }
    guard options.resuming == .never else { return [] }
    return all.flatMap { saving -> [Diagnostic] in
      do throws(DiagnosticError) {
        try saving.requireFree()
        return []
      } catch {
        return error.diagnostics
      }
    }
  }

  /// Where a file goes that a statement writes.
  func written(_ path: String) -> String {
    guard let folder = options.plotFolder, !folder.isEmpty, !path.hasPrefix("/") else {
      return path
    }
    return folder + "/" + path
  }
}
