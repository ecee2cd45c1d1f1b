/// The languages in which a rule is printed.
package enum ExportTarget: String, CaseIterable, Sendable {
  case c, torch, optax, numpy, latex

  /// As a message names it.
  var title: String {
    switch self {
    case .c: "C"
    case .torch: "PyTorch"
    case .optax: "optax"
    case .numpy: "NumPy"
    case .latex: "LaTeX"
    }
  }
}
