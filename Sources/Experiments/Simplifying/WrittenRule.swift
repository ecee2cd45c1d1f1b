import Driver
import IR
import Lowering

/// A rule with the text that means it: a call, and the declarations that the call needs besides the zoo.
package struct WrittenRule: Sendable {
  package let call: String
  package let source: [String]

  package init(call: String, source: [String]) {
    self.call = call
    self.source = source
  }

  /// A rule printed as a declaration of this name.
  init(_ rule: Rule, as name: String) {
    call = name
    source = SourcePrinter.rule(rule.module, name: name).split(separator: "\n").map(String.init)
  }

  /// Two rules read from their texts as one script; nil where that has errors, as where a name is declared twice.
  static func read(_ first: WrittenRule, _ second: WrittenRule) -> [Rule]? {
    let compiler = Compiler()
    let text = (first.source + second.source).joined(separator: "\n") + "\n"
    let found = compiler.add(name: "<step>", bytes: Array(text.utf8))
    if found.contains(where: { $0.severity == .error }) { return nil }
    return try? [first, second].map { try compiler.rule($0.call, allowsFreeNames: true) }
  }
}
