import Diagnostics
import Driver
import IR
import Laboratory
import Lowering
import Symbolic
import Syntax
import Zoo

/// Compiles texts of the language, one after the other.
///
/// A later text sees what earlier ones declare and replaces what has the same name. Rules of the zoo
/// are known without being added. Not to be used by several threads at once; several compilers may.
public final class Compiler {
  package let driver = Driver.Compiler()

  /// A compiler that knows the zoo alone.
  public init() {}

  /// Adds the declarations of a text.
  ///
  /// - Parameters:
  ///   - name: What messages call the text, such as the path of its file.
  ///   - bytes: UTF-8. Other bytes are reported, never a crash.
  /// - Returns: Errors and warnings in the order of the text; with an error among them nothing that is
  ///   broken can be named afterwards.
  public func add(name: String, bytes: [UInt8]) -> [Diagnostic] {
    Diagnostic.all(driver.add(name: name, bytes: bytes), driver.sources)
  }

  /// Adds the declarations of a text, as `add(name:bytes:)` does.
  public func add(_ text: String, name: String = "<text>") -> [Diagnostic] {
    add(name: name, bytes: Array(text.utf8))
  }

  /// The rule that a text such as `AdamW(lr = cosine(1e-3), λ = 0.1)` names.
  ///
  /// - Throws: Everything that is wrong with the text: syntax, unknown names, values out of domains.
  public func rule(_ text: String) throws(DiagnosticError) -> Rule {
    try DiagnosticError.shown(in: { driver.sources }) { () throws(Diagnostics.DiagnosticError) in
      Rule(value: try driver.rule(text), sources: driver.sources)
    }
  }

  /// The name of the last rule that was declared. Throws R0203 where there is none.
  func lastRule(of text: String) throws(DiagnosticError) -> String {
    if let name = driver.declaredRules.last { return name }
    throw DiagnosticError(
      Diagnostic.all(
        [Diagnostics.Diagnostic(.unknownRule, "`\(text)` declares no rule", at: .none)],
        driver.sources))
  }

  /// Whether two rules take the same steps on all tensors, whatever the gradients.
  ///
  /// A hyperparameter that neither text gives stands for one number in both; names without a meaning
  /// stand for any number: `Lion(β1 = b, β2 = b)`. May take seconds.
  ///
  /// - Throws: What is wrong with the texts.
  public func compare(_ a: String, _ b: String) throws(DiagnosticError) -> Comparison {
    try DiagnosticError.shown(in: { driver.sources }) { () throws(Diagnostics.DiagnosticError) in
      let first = try driver.rule(a, allowsFreeNames: true)
      return Comparison(first.compared(with: try driver.rule(b, allowsFreeNames: true)))
    }
  }

  /// The names of the rules that come with Ravine, in the order of their files.
  public static var zoo: [String] {
    Library.shared.declarations.filter { $0.kind == .rule }.map(\.name)
  }

  /// The declaration of a rule of the zoo, its documentation before it; nil for other names.
  public static func zooSource(_ name: String) -> String? {
    guard let found = Library.shared.declaration(name), found.kind == .rule else { return nil }
    return found.text
  }

  /// A text in the one layout of the language: formatting it again changes nothing.
  ///
  /// - Throws: The errors of syntax of a text that has some.
  public static func formatted(_ text: String) throws(DiagnosticError) -> String {
    var sources = SourceMap()
    var bag = DiagnosticBag()
    let file = sources.add(name: "<text>", text: text)
    guard let layout = Syntax.format(file, into: &bag) else {
      throw DiagnosticError(Diagnostic.all(bag.sorted, sources))
    }
    return layout
  }
}
