import Basics
import Diagnostics
import IR

/// The dimensions of a rule's hyperparameters and states in terms of [w] and [loss].
package struct Units {
  /// Exponents of [w] and [loss].
  package struct Dimension: Hashable, Sendable, CustomStringConvertible {
    package var weight: Rational
    package var loss: Rational

    package var description: String {
      var above: [String] = []
      var below: [String] = []
      for (name, exponent) in [("[w]", weight), ("[loss]", loss)] where !exponent.isZero {
        let size = exponent.magnitude
        let text =
          size.isOne ? name : size.isInteger ? "\(name)^\(size)" : "\(name)^(\(size))"
        if exponent.isNegative { below.append(text) } else { above.append(text) }
      }
      if above.isEmpty && below.isEmpty { return "1" }
      let top = above.isEmpty ? "1" : above.joined(separator: " ")
      if below.isEmpty { return top }
      return below.count == 1 ? "\(top)/\(below[0])" : "\(top)/(\(below.joined(separator: " ")))"
    }
  }

  /// A dimension, or nil where the rule leaves it open.
  package private(set) var hypers: [(name: String, dimension: Dimension?)] = []
  package private(set) var states: [(name: String, dimension: Dimension?)] = []
  /// Constants that carry a dimension, as the 1e-7 beside a norm.
  package private(set) var constants: [(value: Double, dimension: Dimension)] = []
  /// The first sum or comparison of unlike units, and where it stands in the source.
  package private(set) var conflict: (message: String, at: Span)?

  /// A linear form in the unknown dimensions.
  private struct Form {
    var unknowns: [Int: Rational] = [:]
    var weight = Rational.zero
    var loss = Rational.zero

    static func + (a: Form, b: Form) -> Form {
      var result = a
      for (k, x) in b.unknowns {
        let sum = (result.unknowns[k] ?? .zero) + x
        result.unknowns[k] = sum.isZero ? nil : sum
      }
      result.weight = a.weight + b.weight
      result.loss = a.loss + b.loss
      return result
    }

    func scaled(_ r: Rational) -> Form {
      if r.isZero { return Form() }
      return Form(
        unknowns: unknowns.mapValues { $0 * r }, weight: weight * r, loss: loss * r)
    }

    static func - (a: Form, b: Form) -> Form { a + b.scaled(Rational(-1)) }
  }

  private var unknownCount = 0
  /// Solved unknowns, each by others that are not solved.
  private var solved: [Int: Form] = [:]

  package init(_ module: RuleModule, variant: Int = 0) {
    let variant = module.variants[variant]
    let hyperUnknowns = module.hypers.map { _ in fresh() }
    let stateUnknowns = variant.states.map { _ in fresh() }
    let inputUnknowns = variant.inputs.map { _ in fresh() }
    var constantForms: [(Double, Form)] = []
    let sources = Sources(
      hypers: hyperUnknowns, states: stateUnknowns, inputs: inputUnknowns)
    for function in [variant.update, variant.initial] {
      walk(function, sources, [], &constantForms)
      if conflict != nil { break }
    }
    hypers = zip(module.hypers, hyperUnknowns).map { ($0.name, dimension($1)) }
    states = zip(variant.states, stateUnknowns).map { ($0.name, dimension($1)) }
    for (value, form) in constantForms {
      if let found = dimension(form), !(found.weight.isZero && found.loss.isZero) {
        constants.append((value, found))
      }
    }
  }

  private struct Sources {
    var hypers: [Form]
    var states: [Form]
    var inputs: [Form]
  }

  private mutating func fresh() -> Form {
    unknownCount += 1
    return Form(unknowns: [unknownCount - 1: .one])
  }

  private func resolved(_ form: Form) -> Form {
    var result = Form(weight: form.weight, loss: form.loss)
    for (k, x) in form.unknowns {
      result = result + (solved[k].map { resolved($0).scaled(x) } ?? Form(unknowns: [k: x]))
    }
    return result
  }

  private func dimension(_ form: Form) -> Dimension? {
    let known = resolved(form)
    return known.unknowns.isEmpty ? Dimension(weight: known.weight, loss: known.loss) : nil
  }

  private mutating func require(_ a: Form, _ b: Form, _ what: String, at span: Span) {
    let difference = resolved(a - b)
    if let (k, x) = difference.unknowns.max(by: { $0.key < $1.key }) {
      var rest = difference
      rest.unknowns[k] = nil
      solved[k] = rest.scaled(-x.reciprocal)
      return
    }
    if difference.weight.isZero && difference.loss.isZero { return }
    if conflict == nil {
      let left = dimension(a)?.description ?? "an unknown unit"
      let right = dimension(b)?.description ?? "another"
      conflict = ("\(what) \(left) and \(right)", span)
    }
  }

  /// Which constants may stand for a quantity: those that only keep a divisor from 0.
  private func isFlexible(_ x: Double) -> Bool {
    x == 0 || !x.isFinite || abs(x) <= 1e-5
  }

  private func isUnitless(_ function: Function, _ id: ValueID) -> Bool {
    if function[id].operation == .broadcast { return isUnitless(function, function[id].a) }
    return function.constantValue(id).map { $0 == 0 || !$0.isFinite } ?? false
  }

  @discardableResult
  private mutating func walk(
    _ function: Function, _ sources: Sources, _ arguments: [Form],
    _ constants: inout [(Double, Form)]
  ) -> [Form] {
    var forms: [Form] = []
    let live = function.liveValues()
    let none = Form()
    for i in function.instructions.indices {
      guard live[i] else {
        forms.append(none)
        continue
      }
      let id = ValueID(i)
      let instruction = function[id]
      let slot = Int(instruction.attribute)
      let span = function.origin(id)
      // 0 and ∞ are of every unit.
      var operands: [Form] = []
      for operand in [instruction.a, instruction.b, instruction.c] where operand.isSome {
        operands.append(isUnitless(function, operand) ? fresh() : forms[operand.index])
      }
      func form(_ k: Int) -> Form { operands[k] }
      var result = none
      switch instruction.operation {
      case .constant:
        let x = function.constants[slot]
        if isFlexible(x), x != 0, x.isFinite {
          result = fresh()
          constants.append((x, result))
        }
      case .free: result = fresh()
      case .hyper: result = slot < sources.hypers.count ? sources.hypers[slot] : fresh()
      case .parameter: result.weight = .one
      case .hessianProduct:
        result = form(0)
        result.weight = result.weight - Rational(2)
        result.loss = result.loss + .one
      case .gradient, .gradientAt:
        result.weight = Rational(-1)
        result.loss = .one
      case .loss, .lossAt: result.loss = .one
      case .state: result = sources.states[slot]
      case .input: result = sources.inputs[slot]
      case .argument: result = slot < arguments.count ? arguments[slot] : fresh()
      case .draw: result = none
      case .step, .horizon, .extent, .iota, .identity: break
      case .add, .subtract:
        require(form(0), form(1), "a sum of", at: span)
        result = form(0)
      case .minimum, .maximum, .arctangent2, .modulo:
        require(form(0), form(1), "a comparison of", at: span)
        result = instruction.operation == .arctangent2 ? none : form(0)
      case .less, .lessOrEqual, .greater, .greaterOrEqual, .equal, .notEqual:
        require(form(0), form(1), "a comparison of", at: span)
      case .clip:
        require(form(0), form(1), "a clip of", at: span)
        require(form(0), form(2), "a clip of", at: span)
        result = form(0)
      case .select:
        require(form(1), form(2), "a choice between", at: span)
        result = form(1)
      case .push:
        require(form(0), form(1), "a window of", at: span)
        result = form(0)
      case .multiply, .matrixProduct: result = form(0) + form(1)
      case .divide: result = form(0) - form(1)
      case .reciprocal: result = none - form(0)
      case .solve: result = form(1) - form(0)
      case .squareRoot: result = form(0).scaled(.half)
      case .cubeRoot: result = form(0).scaled(Rational(1, 3))
      case .power:
        require(form(1), none, "an exponent of", at: span)
        if let x = function.constantValue(instruction.b), let r = Rational(literal: x) {
          result = form(0).scaled(r)
        } else {
          require(form(0), none, "a power of", at: span)
        }
      case .negate, .absolute, .sum, .maximumOf, .minimumOf, .globalSum, .globalMaximum,
        .globalMinimum, .transpose, .diagonal, .reshape, .broadcast, .slice, .placeSlice, .gather,
        .scatterAdd, .takeAlong, .placeAlong, .unfold, .fold, .sort, .quantile, .floor, .ceiling,
        .round,
        .bfloat16, .float16:
        result = form(0)
      case .copySign: result = form(0)
      case .sign, .isFinite, .argMaximum, .argMinimum, .argSort, .topKMask, .logicalNot,
        .logicalAnd, .logicalOr:
        break
      case .exponential, .expm1, .logarithm, .log1p, .tanh, .sinh, .cosh, .sine, .cosine,
        .tangent, .arcsine, .arccosine, .arctangent, .errorFunction, .softmax, .logSoftmax, .exp2,
        .log2, .log10, .arcsinh, .arccosh, .arctanh:
        require(
          form(0), none, "`\(instruction.operation.info.name)` needs a pure number, and this is",
          at: span)
      case .loop:
        let loop = function.loops[slot]
        let initial = loop.initial.map { forms[$0.index] }
        let inner = walk(
          loop.body, sources, initial + loop.captured.map { forms[$0.index] }, &constants)
        for (output, form) in zip(loop.body.outputs, inner) {
          if case .result(let k) = output.target {
            require(form, initial[k], "a repeated value of", at: span)
          }
        }
      case .project:
        let source = function[instruction.a]
        if source.operation == .loop {
          result = forms[function.loops[Int(source.attribute)].initial[slot].index]
        } else {
          result = projection(source, slot, forms)
        }
      case .cholesky: result = form(0).scaled(.half)
      case .qr, .eigh, .svd: result = none
      }
      forms.append(result)
      if conflict != nil { return [] }
    }
    var outputs: [Form] = []
    for output in function.outputs {
      let own = isUnitless(function, output.value) ? fresh() : forms[output.value.index]
      let span = function.origin(output.value)
      switch output.target {
      case .parameter, .view:
        require(own, Form(weight: .one), "w' stands for", at: span)
      case .state(let k): require(own, sources.states[k], "a state of", at: span)
      default: break
      }
      outputs.append(own)
    }
    return outputs
  }

  private func projection(_ source: Instruction, _ slot: Int, _ forms: [Form]) -> Form {
    let operand = forms[source.a.index]
    switch (source.operation, slot) {
    case (.qr, 1), (.eigh, 0), (.svd, 1): return operand
    default: return Form()
    }
  }
}
