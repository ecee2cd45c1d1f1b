import Diagnostics
import IR
import Symbolic

/// Prints rules as source text of other languages.
package enum Exporter {
  /// The file of a rule in a language. `source` is the rule's own text, which the file quotes.
  ///
  /// Throws R0860 for what the language cannot say, and what binding would find: R0201, R0503.
  package static func text(
    _ rule: Rule, to target: ExportTarget, source: String
  ) throws(DiagnosticError) -> String {
    switch target {
    case .numpy: try NumpyExport(rule, source: source).text()
    case .torch: try TorchExport(rule, source: source).text()
    case .optax: try OptaxExport(rule, source: source).text()
    case .c: try CExport(rule, source: source).text()
    case .latex: LatexExport.text(rule, source: source)
    }
  }
}
