import Diagnostics
import IR
import Semantics
import Syntax

/// Rules as values: what `Cautious(Lion(lr = 1e-3))` stands for.
struct RuleLowerer: LoweringPart {
  let lowerer: Lowerer

  // MARK: Rules as values

  /// The rule that `Cautious(Lion(lr = 1e-3))` stands for; nil when an argument is wrong (reported).
  func ruleValue(
    _ name: Name, _ arguments: [Argument], _ frame: Frame, _ span: Span
  ) -> RuleValue? {
    guard let rule = lowerer.program.rule(name.key, from: frame.tree) else {
      report(.unknownRule(name.text, at: name.span))
      return nil
    }
    if rule.isBroken {
      report(.broken(name.text, at: span))
      return nil
    }
    let mark = "rule \(name.key)"
    if lowerer.callStack.filter({ $0 == mark }).count > 8 {
      report(.madeOfItself(name.text, at: span))
      return nil
    }
    if lowerer.callStack.count > 64 {
      report(.rulesTooDeep(at: span))
      return nil
    }
    lowerer.ruleCount += 1
    if lowerer.ruleCount > 2_000 {
      if lowerer.ruleCount == 2_001 {
        report(.tooManyRules(name.text, at: span))
      }
      return nil
    }
    lowerer.callStack.append(mark)
    defer { lowerer.callStack.removeLast() }

    let value = RuleValue(rule: rule, body: .descent)
    guard give(arguments, to: value, frame, span) else { return nil }
    return fill(value) ? value : nil
  }

  /// Finds what a rule whose parameters are known is made of; false when an error was reported.
  func fill(_ value: RuleValue) -> Bool {
    let rule = value.rule
    let inside = lowerer.frame(tree: rule.tree, parent: nil)
    inside.owner = value
    inside.rules = value.rules
    inside.functions = value.functions
    switch rule.body {
    case .equations(let block): value.body = .equations(block)
    case .alias(let target):
      guard case .rule(let inner) = lowerRule(target, inside, value) else { return false }
      value.body = .alias(inner)
    case .route(let arms):
      var made: [(condition: ExprID?, text: String, rule: RuleValue)] = []
      let tree = lowerer.program[rule.tree]
      for arm in arms {
        guard case .rule(let inner) = lowerRule(arm.target, inside, value) else { return false }
        let text = arm.condition.map { tree.sourceText($0) } ?? "otherwise"
        made.append((arm.condition, text, inner))
      }
      value.body = .route(made)
    }
    return true
  }

  /// A rule expression inside a rule; the frame reads hyperparameters of `owner` when it is needed.
  private func lowerRule(_ id: ExprID, _ frame: Frame, _ owner: RuleValue) -> Value {
    let span = tree(frame).span(id)
    switch tree(frame)[id] {
    case .name(let name):
      switch meaning(id, frame)?.kind {
      case .ruleParameter, .definition:
        let found = ExpressionLowerer(lowerer: lowerer).value(of: name, meaning(id, frame), frame)
        switch found {
        case .rule, .failure: return found
        default: return report(.notARule(name.text, at: span))
        }
      default: return ruleValue(name, [], frame, span).map { .rule($0) } ?? .failure
      }
    case .call(let name, let arguments):
      if meaning(id, frame)?.kind == .ruleParameter {
        return report(.alreadyBound(name.text, at: span))
      }
      return ruleValue(name, arguments, frame, span).map { .rule($0) } ?? .failure
    default: return report(.notARule(at: span))
    }
  }

  private func give(
    _ arguments: [Argument], to value: RuleValue, _ frame: Frame, _ span: Span
  ) -> Bool {
    let rule = value.rule
    var rules = rule.ruleParameters
    var functions = rule.functionParameters
    var isGood = true
    func lowerRuleArgument(_ id: ExprID, as name: Name) {
      if case .rule(let inner) = lowerRule(id, frame, value) {
        value.rules[name.key] = inner
      } else {
        isGood = false
      }
    }
    for argument in arguments {
      if let label = argument.label {
        if let index = rules.firstIndex(where: { $0.name.key == label.key }) {
          lowerRuleArgument(argument.value, as: rules.remove(at: index).name)
        } else if let index = functions.firstIndex(where: { $0.name.key == label.key }) {
          giveFunction(argument.value, functions.remove(at: index).name, value, frame, &isGood)
        } else if value.arguments[label.key] != nil {
          report(.givenTwice(label))
          isGood = false
        } else {
          value.arguments[label.key] = (argument.value, frame)
        }
      } else if !rules.isEmpty {
        lowerRuleArgument(argument.value, as: rules.removeFirst().name)
      } else if !functions.isEmpty {
        giveFunction(argument.value, functions.removeFirst().name, value, frame, &isGood)
      } else {
        let free = rule.hypers.first { value.arguments[$0.name.key] == nil }
        report(.positionalHyper(free?.name.text, at: tree(frame).span(argument.value)))
        isGood = false
      }
    }
    let inside = lowerer.frame(tree: rule.tree, parent: nil)
    for parameter in rules {
      if let initial = parameter.initial {
        if case .rule(let inner) = lowerRule(initial, inside, value) {
          value.rules[parameter.name.key] = inner
        } else {
          isGood = false
        }
      } else {
        report(.missingArgument("rule", for: parameter.name.text, of: value.name, at: span))
        isGood = false
      }
    }
    for parameter in functions {
      if let initial = parameter.initial {
        giveFunction(initial, parameter.name, value, inside, &isGood)
      } else {
        report(.missingArgument("function", for: parameter.name.text, of: value.name, at: span))
        isGood = false
      }
    }
    return isGood
  }

  private func giveFunction(
    _ id: ExprID, _ name: Name, _ value: RuleValue, _ frame: Frame, _ isGood: inout Bool
  ) {
    if case .name(let given) = tree(frame)[id],
      case .function(let function) = ExpressionLowerer(lowerer: lowerer).value(
        of: given, meaning(id, frame), frame)
    {
      value.functions[name.key] = function
      return
    }
    report(.needsFunction(name.text, at: tree(frame).span(id)))
    isGood = false
  }
}
