import Diagnostics
import Driver
import Foundation
import IR
import Lowering
import Runtime
import Syntax

/// What is wrong with an `opt` block, one line each; empty for a good one.
///
/// - `opt`: a program without errors and warnings, in the formatter's layout.
/// - `opt error R0301`: a program that gets these errors and no others; `opt warning R0307`: these
///   diagnostics and no others.
/// - `opt equations`: what could stand in the body of a rule.
/// - `opt values`: lines of `expression  # value`, the value to as many decimals as are shown;
///   `t=30` and `T=100` set the step.
///
/// With `file=NAME` the text is also the file NAME of the transcripts that follow.
func problems(of block: FencedBlock) -> [String] {
  switch block.kind.first {
  case nil: codeProblems(block.text, expected: []) + layoutProblems(block.text)
  case "error":
    codeProblems(block.text, expected: Set(block.kind.dropFirst()), severity: .error)
  case "warning": codeProblems(block.text, expected: Set(block.kind.dropFirst()))
  case "equations":
    codeProblems(rule(around: block.text), expected: [], ignoring: ["R0307", "R0308"])
  case "values": valueProblems(block)
  case let word?: ["`opt \(word)` is no kind of block"]
  }
}

private func rule(around body: String) -> String {
  let hasUpdate = body.contains("w' =") || body.contains("w' if")
  return """
    rule Body(lr = 0.1, β = 0.9, β1 = 0.9, β2 = 0.99, ε = 1e-8, λ = 0.01, k = 5, c = 1) {
    unused = lr + β + β1 + β2 + ε + λ + k + c
    \(body)
    \(hasUpdate ? "" : "w' = w - lr * g")
    }
    """
}

private func codeProblems(
  _ text: String, expected: Set<String>, severity: Severity = .warning,
  ignoring: Set<String> = []
) -> [String] {
  let compiler = Compiler()
  let found = compiler.add(name: "block", bytes: Array(text.utf8))
    .filter { !ignoring.contains("\($0.code)") && $0.severity >= severity }
  let codes = Set(found.map { "\($0.code)" })
  let unexpected = found.filter { !expected.contains("\($0.code)") }
  return unexpected.map {
    let line = compiler.sources.location($0.span).map { "\($0)" } ?? ""
    return "\($0.code) \($0.message) [\(compiler.sources.text($0.span))] \(line)"
  } + expected.subtracting(codes).sorted().map { "\($0) is expected and does not come" }
}

private func layoutProblems(_ text: String) -> [String] {
  var bag = DiagnosticBag()
  var sources = SourceMap()
  let file = sources.add(name: "block", text: text)
  guard let formatted = format(file, into: &bag), formatted != text else { return [] }
  return ["not in the formatter's layout, which is:\n\(formatted)"]
}

// MARK: Values

private func valueProblems(_ block: FencedBlock) -> [String] {
  var found: [String] = []
  for line in block.text.split(separator: "\n") {
    guard let mark = line.range(of: "  # ", options: .backwards) else {
      found.append("no value behind `\(line)`")
      continue
    }
    let expression = String(line[..<mark.lowerBound])
    let shown = String(line[mark.upperBound...])
    do {
      let values = try value(
        of: expression, step: block.setting("t").flatMap(Int.init) ?? 1,
        horizon: block.setting("T").flatMap(Int.init) ?? 100)
      let wanted = numbers(in: shown)
      if wanted.count != values.count || !zip(wanted, values).allSatisfy(agrees) {
        found.append("`\(expression)` is \(values), not \(shown)")
      }
    } catch let error as DiagnosticError {
      let all = error.diagnostics.map { "\($0.code) \($0.message)" }
      found.append("`\(expression)`: \(all.joined(separator: "; "))")
    } catch {
      found.append("`\(expression)`: \(error)")
    }
  }
  return found
}

/// All values of an expression, row by row.
private func value(of expression: String, step: Int, horizon: Int) throws -> [Double] {
  let compiler = Compiler()
  let found = compiler.add(name: "value", bytes: Array((expression + "\n").utf8))
  if found.contains(where: { $0.severity == .error }) { throw DiagnosticError(found) }
  guard let command = compiler.commands.first, case .expression(let id) = command.kind else {
    return []
  }
  let function = try Lowering.expression(id, in: command.tree, of: compiler.program).function
    .specialised(BindContext(dims: [], hypers: []))
  let environment = ReferenceEnvironment(step: step, horizon: horizon)
  return try ReferenceProgram(function).evaluate(environment).outputs[0].flatMap(\.value.values)
}

/// A number as it is shown, with how many decimals.
private struct ShownNumber {
  var value: Double
  var slack: Double
}

private func numbers(in text: String) -> [ShownNumber] {
  text.split { "[], ".contains($0) }.compactMap { word in
    guard let value = Double(word) else { return nil }
    let mantissa = word.prefix { $0 != "e" }
    let exponent = word.contains("e") ? Double(word.drop { $0 != "e" }.dropFirst()) ?? 0 : 0
    let decimals = mantissa.contains(".") ? mantissa.drop { $0 != "." }.count - 1 : 0
    let isExact = decimals == 0 && exponent >= 0
    let half = 0.5 * pow(10, exponent - Double(decimals))
    return ShownNumber(value: value, slack: isExact ? 0 : half * 1.0001)
  }
}

private func agrees(_ shown: ShownNumber, _ value: Double) -> Bool {
  if shown.value.isNaN { return value.isNaN }
  return shown.value == value || abs(shown.value - value) <= shown.slack
}
