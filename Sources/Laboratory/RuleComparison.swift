import Basics
import IR
import Symbolic

extension Rule {
  /// Whether two rules are the same: `ravine compare`, `assert A == B`.
  ///
  /// Hyperparameters that are not given and that both rules have stand for one number.
  package func compared(with other: Rule) -> Comparison {
    compared(with: other, PreparedRules(), aim: .verdict)
  }

  func compared(with other: Rule, _ prepared: PreparedRules, aim: Comparer.Aim) -> Comparison {
    var comparer = Comparer(self, other, probe: ReferenceProbe(prepared))
    comparer.aim = aim
    return comparer.compare()
  }
}

/// What a comparison says, in words.
package enum ComparisonText {
  /// One line: `proved equal`, `different at step 3`.
  package static func headline(_ result: Comparison) -> String {
    switch result.verdict {
    case .equal: "proved equal"
    case .equalWhere(let conditions): "proved equal where \(conditions.joined(separator: ", "))"
    case .equalUpTo(let changes): "proved equal up to \(changes.joined(separator: ", "))"
    case .different: "different"
    case .undecided(let probes):
      result.method.isEmpty || probes > 0
        ? "no difference found on \(probes) probe\(probes == 1 ? "" : "s")"
        : "undecided: \(result.method)"
    }
  }

  package static func text(_ result: Comparison) -> String {
    var lines = [headline(result)]
    func list(_ title: String, _ items: [String]) {
      if !items.isEmpty { lines.append("  \(title): \(items.joined(separator: ", "))") }
    }
    switch result.verdict {
    case .undecided, .different: break
    default:
      list("for all", result.assumptions)
      list("at the defaults", result.fixed)
      list("by", [result.method])
      list("states", result.relations)
      list("rewrites", result.rewrites)
    }
    if let witness = result.witness {
      switch result.verdict {
      case .equal: break
      default:
        let given = witness.hypers.map { "\($0.name) = \(short($0.value))" }
        list("witness", given)
        for tensor in witness.tensors { lines += Self.lines(tensor, steps: witness.step) }
        lines.append(
          "    largest difference at step \(witness.step), element \(witness.element)"
            + (witness.tensors.count > 1 ? " of \(witness.tensors[witness.tensor].name)" : "")
            + (witness.view.map { ", the view for \($0)" } ?? "")
            + ": \(short(witness.left)) and \(short(witness.right))")
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// Start and gradients, equal ones together.
  private static func lines(_ tensor: Witness.Tensor, steps: Int) -> [String] {
    let name = tensor.name
    let dims =
      tensor.dims.isEmpty
      ? "a scalar" : "a tensor of \(tensor.dims.map(String.init).joined(separator: " × "))"
    var lines = ["    \(name) starts at \(vector(tensor.weights)), \(dims)"]
    let gradients = tensor.gradients.prefix(steps)
    var first = 0
    while first < gradients.count {
      let last = (first..<gradients.count).last { k in
        (first...k).allSatisfy { gradients[$0] == gradients[first] }
      }!
      let place = first == last ? "step \(first + 1)" : "steps \(first + 1) to \(last + 1)"
      let owner = name == "w" ? "" : " of \(name)"
      lines.append("    g\(owner) at \(place) is \(vector(gradients[first]))")
      first = last + 1
    }
    return lines
  }

  /// As it reads back.
  private static func short(_ x: Double) -> String { x.isNaN ? "nan" : NumberText.shortest(x) }
  private static func vector(_ x: [Double]) -> String {
    "[\(x.map { short($0) }.joined(separator: ", "))]"
  }

  /// The result as JSON, numbers in full.
  package static func json(_ result: Comparison) -> JSONValue {
    let verdict: String
    var changes: [String] = []
    switch result.verdict {
    case .equal: verdict = "equal"
    case .equalWhere(let all):
      verdict = "equal where"
      changes = all
    case .equalUpTo(let all):
      verdict = "equal up to"
      changes = all
    case .different: verdict = "different"
    case .undecided: verdict = "undecided"
    }
    var members = [
      JSONMember("verdict", .string(verdict)),
      JSONMember("headline", .string(headline(result))),
      JSONMember("changes", texts(changes)),
      JSONMember("assumptions", texts(result.assumptions)),
      JSONMember("defaults", texts(result.fixed)),
      JSONMember("method", .string(result.method)),
      JSONMember("states", texts(result.relations)),
      JSONMember("rewrites", texts(result.rewrites)),
    ]
    if let witness = result.witness {
      members.append(JSONMember("witness", json(witness)))
    }
    return .object(members)
  }

  private static func texts(_ items: [String]) -> JSONValue {
    .array(items.map { JSONValue.string($0) })
  }

  private static func json(_ witness: Witness) -> JSONValue {
    func numbers(_ items: [Double]) -> JSONValue {
      .array(items.map { JSONValue.number($0) })
    }
    let hypers = witness.hypers.map { JSONMember($0.name, .number($0.value)) }
    return .record([
      "hyperparameters": .object(hypers), "horizon": .int(witness.horizon),
      "dims": numbers(witness.dims.map { Double($0) }),
      "w": numbers(witness.weights), "g": .array(witness.gradients.map { numbers($0) }),
      "tensors": .array(
        witness.tensors.map { tensor in
          .record([
            "name": .string(tensor.name), "dims": numbers(tensor.dims.map { Double($0) }),
            "w": numbers(tensor.weights), "g": .array(tensor.gradients.map { numbers($0) }),
          ])
        }), "tensor": .int(witness.tensor), "view": .string(witness.view ?? "w"),
      "step": .int(witness.step), "element": .int(witness.element),
      "left": .number(witness.left), "right": .number(witness.right),
    ])
  }
}
