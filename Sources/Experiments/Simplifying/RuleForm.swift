import Basics
import Driver
import IR
import Laboratory
import Symbolic

/// Any rule, with its matrices, routes and hyperparameters: its equations are edited where they stand.
struct RuleForm: SimplifiedForm {
  private let rule: Rule
  /// Whether the algebra has shortened it already.
  private var isShortened = false

  init(_ rule: Rule) { self.rule = rule }

  func rule(_ name: String) -> Rule? {
    var result = rule
    result.module.name = name
    return result.called(name)
  }

  // MARK: Rewrites

  /// What the algebra of rules shortens, all at once: it has no source form in between.
  func rewrites() -> [Change<RuleForm>] {
    guard !isShortened, rule.module.variants.count == 1,
      let algebra = try? RuleAlgebra(rule, generality: .all),
      let found = try? Shortening(algebra), found.isShorter, let source = found.source
    else { return [] }
    let compiler = Compiler()
    let errors = compiler.add(name: "<shortened>", bytes: Array(source.utf8))
    guard !errors.contains(where: { $0.severity == .error }),
      let shorter = try? compiler.rule("Reduced")
    else { return [] }
    var result = RuleForm(shorter)
    result.isShortened = true
    return [
      Change(
        what: found.steps.map { "\($0.name): \($0.text)" }.joined(separator: "; "), result: result)
    ]
  }

  // MARK: Omissions

  func omissions() -> [Change<RuleForm>] {
    var found: [(size: Int, change: Change<RuleForm>)] = []
    for v in rule.module.variants.indices {
      let update = rule.module.variants[v].update
      let live = update.liveValues()
      let text = ExpressionText(rule.module, variant: v)
      for i in update.instructions.indices where live[i] {
        let value = ValueID(i)
        for operand in update.operands(value) where update.type(operand) == update.type(value) {
          var editor = FunctionEditor(updateOf: rule.module.variants[v])
          guard (try? editor.delete(value, inFavourOf: operand)) != nil else { continue }
          var result = rule
          result.module.variants[v].update = editor.function
          result.module.variants[v].dropDeadStates()
          found.append(
            (
              result.size,
              Change(
                what: "\(path(v))`\(text.text(value))` is `\(text.text(operand))`",
                names: [update[value].operation.plainName], result: RuleForm(result))
            ))
        }
      }
    }
    let size = rule.size
    return found.filter { $0.size < size }.sorted { $0.size < $1.size }.map(\.change) + roundings()
  }

  private func roundings() -> [Change<RuleForm>] {
    var found: [Change<RuleForm>] = []
    for v in rule.module.variants.indices {
      let update = rule.module.variants[v].update
      let live = update.liveValues()
      for i in update.instructions.indices where live[i] {
        guard let x = update.constantValue(ValueID(i)) else { continue }
        for shorter in ShorterNumbers.of(x) {
          var editor = FunctionEditor(updateOf: rule.module.variants[v])
          guard (try? editor.replaceConstant(ValueID(i), by: shorter)) != nil else { continue }
          var result = rule
          result.module.variants[v].update = editor.function
          found.append(
            Change(
              what: "\(path(v))\(NumberText.shortest(x)) is \(NumberText.shortest(shorter))",
              result: RuleForm(result)))
        }
      }
    }
    return found
  }

  /// Which way through the routes it is about.
  private func path(_ v: Int) -> String {
    rule.module.variants.count > 1
      ? "\(rule.module.variants[v].path.joined(separator: ", then ")): " : ""
  }
}

extension Rule {
  /// Operations and states, of all ways through its routes.
  fileprivate var size: Int {
    module.variants.reduce(0) { $0 + 2 * $1.states.count + $1.update.liveValues().count { $0 } }
  }
}

extension RuleVariant {
  /// Takes out the states that no step's weights depend on.
  fileprivate mutating func dropDeadStates() {
    guard !update.outputs.contains(where: { if case .view = $0.target { true } else { false } })
    else { return }
    var live: Set<Int> = []
    var roots = update.outputs.filter { if case .state = $0.target { false } else { true } }
      .map(\.value)
    while let root = roots.popLast() {
      for value in update.values(under: root) where update[value].operation == .state {
        let k = Int(update[value].attribute)
        if live.insert(k).inserted, let next = update.output(.state(k)) { roots.append(next) }
      }
    }
    guard live.count < states.count, update.loops.isEmpty,
      !states.contains(where: { $0.isGlobal })
    else { return }
    let places = live.sorted()
    var result = self
    result.states = places.map { states[$0] }
    for path in [\RuleVariant.update, \.initial] {
      var function = result[keyPath: path]
      function.outputs = function.outputs.compactMap { output in
        guard case .state(let k) = output.target else { return output }
        return places.firstIndex(of: k).map { Output(.state($0), output.value) }
      }
      guard var clean = try? function.withoutDeadValues() else { return }
      for i in clean.instructions.indices where clean.instructions[i].operation == .state {
        guard let k = places.firstIndex(of: Int(clean.instructions[i].attribute)) else { return }
        clean.instructions[i].attribute = Int32(k)
      }
      result[keyPath: path] = clean
    }
    self = result
  }
}
