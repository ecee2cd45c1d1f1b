import Basics
import IR
import Laboratory
import Search
import Symbolic

/// What a rule is called by others: the rules of the zoo that it is, becomes or nearly is, and what its numbers do only
/// together.
package struct RuleNaming {
  /// One a line.
  package private(set) var likenesses: [String] = []
  package private(set) var couplings: [(subject: String, text: String)] = []

  package init(_ rule: Rule) {
    let program = try? Genome(rule)
    if let program, let (plain, factor) = Self.inUnitsOfRate(program),
      let frame = RateFrame(rule), let other = plain.rule(rule.module.name, frame)
    {
      likenesses = Self.likenesses(other, plain).map {
        "\($0), its lr being \(NumberText.shortest(factor)) * lr"
      }
    }
    if likenesses.isEmpty { likenesses = Self.likenesses(rule, program) }
    if likenesses.isEmpty, let program, let sign = SignBehaviour(program), sign.isSignMomentum {
      likenesses = [
        "no rule of the zoo; by its behaviour sign(ema(g, \(NumberText.short(sign.decay)))) "
          + "in \(NumberText.short(100 * sign.agreement)) % of its steps"
      ]
    }
    if likenesses.isEmpty { likenesses = [Likeness.none] }
    couplings = Self.couplings(rule)
  }

  /// A decay of the zoo is 0 by default: the numbers that meet the weights or the rate are tried for it as well.
  private static func likenesses(_ rule: Rule, _ program: Genome?) -> [String] {
    // A rule is not looked for under its own name.
    let rule = rule.called("it")
    let decays = (program.map(Self.besideWeights) ?? []).filter { $0 > 0 && $0 < 1 }.prefix(3)
    let decaying = Likeness.zooRules.flatMap { other -> [Rule] in
      guard let k = other.module.hypers.firstIndex(where: { $0.key == "lambda" }) else { return [] }
      return decays.compactMap { try? other.setting(k, to: $0) }
    }
    var found: [String] = []
    for likeness in rule.likenesses(among: Likeness.zooRules + decaying)
    where !found.contains(likeness.text) {
      found.append(likeness.text)
    }
    return Array(found.prefix(3))
  }

  private static func besideWeights(_ program: Genome) -> [Double] {
    program.nodes.compactMap { node in
      guard node.operation == .multiply,
        [Genome.Reference.weights, .rate].contains(where: { node.a == $0 || node.b == $0 })
      else { return nil }
      return (node.a.number ?? node.b.number).map { program.numbers[$0] }
    }
  }

  /// The program with its rate counted in other units, where all of it reads c * lr.
  private static func inUnitsOfRate(_ program: Genome) -> (Genome, factor: Double)? {
    let readers = program.nodes.indices.filter { i in
      (0..<program.nodes[i].arity).contains { program.nodes[i][$0] == .rate }
    }
    guard readers.count == 1, program.weights != .rate,
      !program.states.contains(where: { $0.next == .rate })
    else { return nil }
    let node = program.nodes[readers[0]]
    guard node.operation == .multiply,
      let k = (node.a == .rate ? node.b : node.a).number
    else { return nil }
    var plain = program
    plain.replace(.node(readers[0]), by: .rate)
    return (plain.cleaned(), program.numbers[k])
  }

  /// Of the numbers in its equations as well, which are taken for hyperparameters.
  private static func couplings(_ rule: Rule) -> [(subject: String, text: String)] {
    let (open, numbers) = rule.withNumbersAsHypers()
    guard open.module.variants.count == 1,
      let algebra = try? RuleAlgebra(open, generality: .all), let found = try? algebra.coupling()
    else { return [] }
    func named(_ text: String) -> String {
      var text = text
      for (name, x) in numbers.reversed() {
        text = text.replacing(name, by: NumberText.shortest(x))
      }
      return text
    }
    return found.findings.map { (named($0.subject), named($0.text)) }
  }
}

extension String {
  /// With each place of a word that others are no part of written as another.
  fileprivate func replacing(_ word: String, by other: String) -> String {
    var result = ""
    var rest = self[...]
    while let first = rest.first {
      if rest.hasPrefix(word), !(result.last?.isLetter ?? false),
        !(rest.dropFirst(word.count).first?.isNumber ?? false)
      {
        result += other
        rest = rest.dropFirst(word.count)
      } else {
        result.append(first)
        rest.removeFirst()
      }
    }
    return result
  }
}

extension Rule {
  /// The rule with a hyperparameter `number1`, … in place of each number in its equations but 0, ±1 and 2.
  fileprivate func withNumbersAsHypers() -> (rule: Rule, numbers: [(name: String, value: Double)]) {
    var result = self
    var numbers: [(name: String, value: Double)] = []
    let own = module.hypers.count
    for v in module.variants.indices {
      for i in module.variants[v].update.instructions.indices {
        guard let x = module.variants[v].update.constantValue(ValueID(i)),
          ![0, 1, -1, 2].contains(x)
        else { continue }
        let k = numbers.firstIndex { $0.value == x } ?? numbers.count
        if k == numbers.count { numbers.append(("number\(k + 1)", x)) }
        result.module.variants[v].update.instructions[i] = Instruction(
          .hyper, .scalar, attribute: Int32(own + k))
      }
    }
    for (k, number) in numbers.enumerated() {
      result.module.hypers.append(
        Hyperparameter(
          name: number.name, key: number.name, domain: nil, isStructural: false, origin: .none))
      result.module.defaults.give(own + k, number.value)
    }
    let arguments = (try? result.module.defaults.inliningHypers()) ?? result.module.defaults
    return (
      Rule(
        module: result.module, arguments: arguments,
        origins: origins + numbers.map { _ in Origin(isGiven: false) }, freeNames: freeNames,
        call: call), numbers
    )
  }
}

extension Function {
  /// Gives a hyperparameter a number.
  fileprivate mutating func give(_ k: Int, _ x: Double) {
    constants.append(x)
    instructions.append(Instruction(.constant, .scalar, attribute: Int32(constants.count - 1)))
    origins.append(.none)
    outputs.append(Output(.hyper(k), ValueID(instructions.count - 1)))
  }
}
