import ArgumentParser
import Zoo

// What a shell offers for a word of a command line.
extension CompletionKind {
  /// Rules that come along, and programs on disk.
  static var program: CompletionKind {
    .custom { _, _, word in names([.rule], word) + programs(word) }
  }

  /// Names of the library.
  static func names(_ kinds: [Library.Declaration.Kind]) -> CompletionKind {
    .custom { _, _, word in names(kinds, word) }
  }

  private static func names(_ kinds: [Library.Declaration.Kind], _ word: String) -> [String] {
    Library.shared.declarations.filter { kinds.contains($0.kind) && $0.name.hasPrefix(word) }
      .map(\.name).sorted()
  }

  /// Folders and `.opt` files whose paths begin with a word.
  private static func programs(_ word: String) -> [String] {
    let folder = word.lastIndex(of: "/").map { String(word[...$0]) } ?? ""
    return TerminalConsole().names(in: folder.isEmpty ? "." : folder)
      .filter { !$0.hasPrefix(".") && ($0.hasSuffix("/") || $0.hasSuffix(".opt")) }
      .map { folder + $0 }.filter { $0.hasPrefix(word) }.sorted()
  }
}
