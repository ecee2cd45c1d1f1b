import Basics
import IR
import Lowering
import Search

/// A rule element by element, as a search has it: with numbers in place of its hyperparameters but the rate.
struct ProgramForm: SimplifiedForm {
  let program: Genome
  private let stateNames: [String]
  private let frame: RateFrame

  /// Throws why the rule is no program.
  init(_ rule: Rule) throws(Genome.Obstacle) {
    program = try Genome(rule, keepsDeadStates: true)
    guard let frame = RateFrame(rule) else { throw .noRate }
    self.frame = frame
    stateNames = rule.module.variants[0].states.map(\.name)
  }

  private init(_ program: Genome, _ stateNames: [String], _ frame: RateFrame) {
    self.program = program
    self.stateNames = stateNames
    self.frame = frame
  }

  /// Another program in place of this one, with states that are among those of `grown`.
  private func with(_ result: Genome, from grown: Genome) -> ProgramForm {
    ProgramForm(result, grown.liveStates.map { stateNames[$0] }, frame)
  }

  func rule(_ name: String) -> Rule? {
    guard var rule = program.rule(name, frame) else { return nil }
    for k in stateNames.indices { rule.module.variants[0].states[k].name = stateNames[k] }
    return rule
  }

  // MARK: Rewrites

  func rewrites() -> [Change<ProgramForm>] {
    let live = program.liveStates
    if live.count < program.states.count {
      let dead = stateNames.indices.filter { !live.contains($0) }.map { "`\(stateNames[$0])`" }
      let what =
        dead.count == 1 ? "the state \(dead[0])" : "the states \(dead.joined(separator: ", "))"
      return [
        Change(
          what: "without \(what), which no step's weights depend on",
          result: with(program.cleaned(), from: program))
      ]
    }
    let constant = program.constantStates().map { state, value, result in
      Change(
        what: "the state `\(stateNames[state])` stays \(NumberText.shortest(value))",
        result: with(result.cleaned(), from: result))
    }
    let text = ExpressionText(program, stateNames)
    let found = program.rewrites() + program.quotientRewrites() + program.linearRewrites()
    return constant
      + found.map { rewrite, node, result in
        Change(
          what: "\(rewrite.text): `\(text.text(.node(node)))`",
          result: with(result.cleaned(), from: result))
      }
  }

  // MARK: Omissions

  func omissions() -> [Change<ProgramForm>] {
    var found: [Change<ProgramForm>] = []
    let text = ExpressionText(program, stateNames)
    func add(_ what: String, _ names: Set<String>, _ grown: Genome) {
      let clean = grown.cleaned()
      guard clean.flaw == nil, Self.size(clean.rewritten()) < Self.size(program) else { return }
      if found.contains(where: { $0.result.program == clean }) { return }
      found.append(Change(what: what, names: names, result: with(clean, from: grown)))
    }
    for omission in program.omissions() {
      if let i = omission.left.node {
        add(
          "`\(text.text(omission.left))` is `\(text.text(omission.by))`",
          [program.nodes[i].operation.plainName], omission.result)
      } else if let k = omission.left.state {
        add("g in place of the state `\(stateNames[k])`", [stateNames[k]], omission.result)
      }
    }
    found.sort {
      Self.size($0.result.program.rewritten()) < Self.size($1.result.program.rewritten())
    }
    return found + roundings()
  }

  private func roundings() -> [Change<ProgramForm>] {
    var found: [Change<ProgramForm>] = []
    for (k, x) in program.numbers.enumerated() {
      for shorter in ShorterNumbers.of(x) {
        var rounded = program
        rounded.numbers[k] = shorter
        // The weights of an average go on having the sum 1.
        if let other = program.numbers.firstIndex(where: { $0 != x && abs($0 + x - 1) < 1e-9 }) {
          rounded.numbers[other] = ShorterNumbers.rest(of: shorter)
        }
        rounded = rounded.cleaned()
        if rounded.flaw == nil {
          found.append(
            Change(
              what: "\(NumberText.shortest(x)) is \(NumberText.shortest(shorter))",
              result: with(rounded, from: program)))
        }
      }
    }
    return found
  }

  private static func size(_ program: Genome) -> Int {
    program.nodes.count + 2 * program.states.count + program.numbers.count
  }
}
