import Diagnostics
import IR
import Semantics
import Syntax

/// Calls, and the functions written in `.opt`.
struct CallLowerer: LoweringPart {
  let lowerer: Lowerer

  func call(
    _ name: Name, _ meaning: Declaration?, _ arguments: [Argument], _ frame: Frame, _ span: Span
  ) -> Value {
    switch meaning?.kind {
    case .ruleParameter:
      if let rule = frame.ruleParameter(name.key) {
        return StepLowerer(lowerer: lowerer).applyRule(name, rule, arguments, frame, span)
      }
    case .functionParameter:
      if let function = frame.functionParameter(name.key) {
        return apply(function, name, arguments, frame, span)
      }
    case .function:
      if let function = lowerer.program.function(name.key, from: frame.tree) {
        return apply(.checked(function), name, arguments, frame, span)
      }
    case .builtinFunction: return apply(.builtin(name.key), name, arguments, frame, span)
    case .rule: return ruleValue(name, arguments, frame, span).map { .rule($0) } ?? .failure
    default: break
    }
    return report(.unknownFunction(name, suggestion: nil))
  }

  func apply(
    _ function: FunctionValue, _ name: Name, _ arguments: [Argument], _ frame: Frame, _ span: Span
  ) -> Value {
    switch function {
    case .builtin(let builtin):
      return BuiltinLowerer(lowerer: lowerer).applyBuiltin(builtin, arguments, frame, span)
    case .checked(let checked): return apply(checked, arguments, frame, span)
    }
  }

  // MARK: Functions written in .opt

  /// `first` stands for the first argument by position, where it is not the one written.
  func apply(
    _ function: CheckedFunction, _ arguments: [Argument], _ frame: Frame, _ span: Span,
    first: Value? = nil
  ) -> Value {
    let declaration = function.declaration
    if function.isBroken { return report(.broken(declaration.name.text, at: span)) }
    let text = declaration.name.text
    let mark = "fn \(declaration.name.key)"
    if lowerer.callStack.contains(mark) {
      return report(.recursion(text, at: span))
    }
    guard
      let bound = bind(
        arguments, to: declaration.parameters.map(\.name), of: text,
        hasDefault: declaration.parameters.map { $0.initial != nil }, span)
    else { return .failure }
    let inside = lowerer.frame(tree: function.tree, parent: nil)
    inside.rule = frame.rule
    for (position, parameter) in declaration.parameters.enumerated() {
      if let argument = bound[position] {
        let value = position == 0 ? first ?? lower(argument, frame) : lower(argument, frame)
        if case .failure = value { return .failure }
        enter(value, as: parameter.name, into: inside)
      } else if let initial = parameter.initial {
        inside.entries[parameter.name.key] = Entry(parameter.name, level: lowerer.draft.level) {
          [unowned lowerer] in Self(lowerer: lowerer).lower(initial, inside)
        }
      }
    }
    lowerer.callStack.append(mark)
    lowerer.draft.sites.append(span.start)
    defer { lowerer.draft.sites.removeLast() }
    defer { lowerer.callStack.removeLast() }
    let errorsBefore = lowerer.bag.all.count
    let equation = lowerer.draft.equationName
    enter(function.body, into: inside)
    lowerer.draft.equationName = equation
    let results = function.body.results.map { result -> Value in
      lowerer.draft.equationName = equation
      return lower(result, inside)
    }
    force(all: inside)
    lowerer.draft.equationName = equation
    if lowerer.bag.all.count > errorsBefore { noteCall(of: text, at: span, since: errorsBefore) }
    if results.count == 1 { return results[0] }
    var handles: [Handle] = []
    for result in results {
      guard let handle = single(result, at: function.body.resultSpan) else { return .failure }
      handles.append(handle)
    }
    return .several(handles)
  }

  /// Errors inside a function name the call that led there.
  private func noteCall(of name: String, at span: Span, since count: Int) {
    var noted = DiagnosticBag()
    for (position, diagnostic) in lowerer.bag.all.enumerated() {
      var copy = diagnostic
      if position >= count, copy.notes.count < 4, copy.code != .brokenDeclaration {
        copy.notes.append(Note("in this call of `\(name)`", at: span))
      }
      noted.report(copy)
    }
    lowerer.bag = noted
  }

  func enter(_ value: Value, as name: Name, into frame: Frame) {
    switch value {
    case .rule(let rule): frame.rules[name.key] = rule
    case .function(let function): frame.functions[name.key] = function
    default: frame.entries[name.key] = Entry(name, value)
    }
  }

  /// Arguments by position, then by name; nil when one is wrong (reported).
  func bind(
    _ arguments: [Argument], to names: [Name], of callee: String, hasDefault: [Bool], _ span: Span
  ) -> [ExprID?]? {
    var bound = [ExprID?](repeating: nil, count: names.count)
    var position = 0
    var isGood = true
    var hasWrongLabel = false
    for argument in arguments {
      if let label = argument.label {
        guard let index = names.firstIndex(where: { $0.key == label.key }) else {
          // A label that is nearly right stands for the parameter: it is not missing as well.
          let open = names.indices.filter { bound[$0] == nil && !hasDefault[$0] }
          let near =
            Suggestion.nearest(to: label.text, among: names.map(\.text))
            ?? (open.count == 1 && position >= open[0] ? names[open[0]].text : nil)
          hasWrongLabel = true
          report(.unknownLabel(label, of: callee, suggestion: near))
          isGood = false
          continue
        }
        if bound[index] != nil {
          report(.givenTwice(label))
          isGood = false
        }
        bound[index] = argument.value
      } else {
        guard position < names.count else {
          report(.tooManyArguments(callee, takes: names.count, at: span))
          return nil
        }
        bound[position] = argument.value
        position += 1
      }
    }
    for (index, name) in names.enumerated()
    where bound[index] == nil && !hasDefault[index] && !hasWrongLabel {
      report(.missingArgument(name.text, of: callee, at: span))
      isGood = false
    }
    return isGood ? bound : nil
  }
}
