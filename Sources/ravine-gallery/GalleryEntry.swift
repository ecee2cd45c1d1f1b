import Diagnostics
import Driver
import IR
import Laboratory
import Runtime
import Symbolic
import Zoo

/// A rule of the zoo as the gallery shows it.
package struct GalleryEntry {
  package let name: String
  /// The zoo's file, without folder and ending.
  package let family: String
  /// The first year that the documentation names.
  package let year: Int?
  package let source: String
  /// The rule with what goes around a rule going around momentum.
  package let call: String
  package let instance: Rule
  package let description: RuleDescription
  /// Properties by name, and whether they hold; empty where the rule is no term.
  package let invariances: [Invariance.Finding]

  /// Throws what compiling the rule throws.
  init(_ declaration: Library.Declaration, _ compiler: Compiler) throws(DiagnosticError) {
    name = declaration.name
    family = String(declaration.file.dropFirst(4).dropLast(4))
    source = declaration.text
    call = compiler.wrapsRule(name) ? "\(name)(HeavyBall(lr = 0.01))" : name
    instance = try compiler.rule(call)
    description = try RuleDescription(instance)
    year = Self.year(description.documentation)
    invariances = (try? RuleAlgebra(instance).invariance()) ?? []
  }

  private static func year(_ lines: [String]) -> Int? {
    for line in lines {
      for word in line.split(whereSeparator: { !$0.isNumber }) where word.count == 4 {
        if let year = Int(word), 1930...2100 ~= year { return year }
      }
    }
    return nil
  }

  /// The way that looks farthest: what the rule needs at most.
  var reach: CostSheet.Reach { description.variants.map(\.sheet.reach).max() ?? .elementwise }

  var needs: String {
    switch reach {
    case .elementwise: "elementwise"
    case .tensorReduction: "reduction of the tensor"
    case .globalReduction: "reduction of all tensors"
    case .rowsOrColumns: "rows or columns"
    case .wholeTensor: "whole matrix"
    }
  }

  /// Bytes of state for each parameter, in float32.
  var stateBytes: String {
    var seen: [String] = []
    for variant in description.variants {
      let text = "\(variant.sheet.stateBytes.perElement)"
      if !seen.contains(text) { seen.append(text) }
    }
    return seen.joined(separator: " or ")
  }

  /// The properties that are proved, without their explanations.
  var properties: String {
    let held = invariances.filter { $0.holds == true }.map { finding in
      finding.property.replacing("homogeneous in g, degree ", "g-degree ")
        .replacing("homogeneous in w, degree ", "w-degree ")
        .replacing("invariant to the scale of the loss", "loss scale")
        .replacing(" equivariant", "").replacing("invariant to shifts of w", "shifts")
    }
    return held.isEmpty ? "–" : held.joined(separator: ", ")
  }

  /// What is said of packages and papers that differ: the sentences that name one.
  var discrepancies: [String] {
    let words = [
      "PyTorch", "torch", "optax", "package", "code", "paper", "TensorFlow", "dadaptation",
      "LAPACK",
    ]
    var text = ""
    // The reference at the end names a paper and no difference.
    for line in description.documentation {
      if line.contains("arXiv:") || line.contains("et al. ") || line.contains(" & ") { break }
      text += line + " "
    }
    return text.sentences.filter { sentence in words.contains { sentence.contains($0) } }
  }
}

extension String {
  func replacing(_ text: String, _ other: String) -> String {
    var result = ""
    var rest = self[...]
    while let first = rest.first {
      if rest.hasPrefix(text) {
        result += other
        rest = rest.dropFirst(text.count)
      } else {
        result.append(first)
        rest = rest.dropFirst()
      }
    }
    return result
  }

  /// Cut after full stops that a space follows.
  var sentences: [String] {
    var found: [String] = []
    var current = ""
    for character in self {
      if character == " ", current.hasSuffix(".") {
        found.append(current)
        current = ""
      } else {
        current.append(character)
      }
    }
    if !current.allSatisfy({ $0 == " " }) { found.append(current) }
    return found
  }
}
