import IR
import Symbolic

/// A rule as a document of LaTeX: one set of equations for each way through its routes.
enum LatexExport {
  static func text(_ rule: Rule, source: String) -> String {
    var lines: [String] = []
    for line in rule.module.documentation { lines.append(line.isEmpty ? "%" : "% \(line)") }
    lines += ["%", "% Printed by Ravine from", "%"]
    for line in source.split(separator: "\n", omittingEmptySubsequences: false) where !line.isEmpty
    {
      lines.append("%     \(line)")
    }
    lines += [
      "\\documentclass{article}", "\\usepackage{amsmath}", "\\usepackage{amssymb}",
      "\\begin{document}",
    ]
    for (k, variant) in rule.module.variants.enumerated() {
      if let path = variant.path.last {
        let escaped = path.map { character -> String in
          switch character {
          case "_", "&", "%", "#", "$", "{", "}": "\\\(character)"
          case "~": "\\textasciitilde{}"
          case "^": "\\textasciicircum{}"
          case "\\": "\\textbackslash{}"
          case "<": "\\ensuremath{<}"
          case ">": "\\ensuremath{>}"
          case "|": "\\textbar{}"
          default: String(character)
          }
        }.joined()
        lines += ["", "\\paragraph{\(escaped.replacing("→", with: "\\ensuremath{\\to}"))}"]
      }
      var equations = LatexPrinter.rule(rule.module, variant: k)
      while equations.last == "\n" { equations.removeLast() }
      lines += equations.split(separator: "\n").map(String.init)
    }
    lines += ["\\end{document}", ""]
    return lines.joined(separator: "\n")
  }
}
