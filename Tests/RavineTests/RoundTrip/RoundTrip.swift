import Diagnostics
import Driver
import IR
import Lowering
import Syntax
import Zoo

/// What printing a rule and reading it again must keep.
enum RoundTrip {
  struct Failure: Error, CustomStringConvertible {
    var description: String
  }

  static func rule(_ name: String, of text: String) throws -> RuleModule {
    let compiler = Compiler()
    let found = compiler.add(name: "test.opt", bytes: Array(text.utf8))
    if let error = found.first(where: { $0.severity == .error }) {
      throw Failure(
        description: "\(error.code) \(error.message) at `\(compiler.sources.text(error.span))` in\n"
          + text)
    }
    return try compiler.rule(name).module
  }

  /// Prints a module, reads it, and compares the functions of every variant; nil when all are equal.
  static func difference(_ module: RuleModule) throws -> String? {
    let printed = SourcePrinter.rule(module, name: "Printed")
    let again = try rule("Printed", of: printed)
    guard again.variants.count == module.variants.count else {
      return "\(module.variants.count) variants become \(again.variants.count) in\n\(printed)"
    }
    for (before, after) in zip(module.variants, again.variants) {
      let isStoredAlike =
        before.roundsStochastically == after.roundsStochastically
        && before.states.map(\.storage.bits) == after.states.map(\.storage.bits)
        && before.states.map(\.roundsStochastically) == after.states.map(\.roundsStochastically)
      if !isStoredAlike { return "the storage differs:\n\(printed)" }
      let pairs = [
        ("update", before.update, after.update), ("initial", before.initial, after.initial),
      ]
      for (what, first, second) in pairs
      where byName(first, module).canonical() != byName(second, again).canonical() {
        return "the \(what) differs:\n\(printed)\n\(byName(first, module).canonical().dump())"
          + "and\n\(byName(second, again).canonical().dump())"
      }
    }
    return nil
  }

  /// The function with its hyperparameters numbered by the order of their names.
  static func byName(_ function: Function, _ module: RuleModule) -> Function {
    // Only what the outputs need: dead reads are numbered too.
    let function = function.canonical()
    let names = module.hypers.map { plain($0.name) }
    let live = function.liveValues()
    let used = Set(
      function.instructions.indices.filter {
        live[$0] && function.instructions[$0].operation == .hyper
      }.map { function.instructions[$0].attribute })
    let order = used.sorted { names[Int($0)] < names[Int($1)] }
    var result = function
    for i in result.instructions.indices where live[i] && result.instructions[i].operation == .hyper
    {
      result.instructions[i].attribute = Int32(
        order.firstIndex(of: result.instructions[i].attribute)!)
    }
    return result
  }

  /// `First.lr` inside a printed route is `First_lr`, and `Printed_1.First_lr` when read again.
  private static func plain(_ name: String) -> String {
    var text = name
    while text.hasPrefix("Printed_"), let dot = text.firstIndex(of: ".") {
      text = String(text[text.index(after: dot)...])
    }
    return String(text.map { $0 == "." ? "_" : $0 })
  }

  /// What the verifier says of a function; nil when it is well formed.
  static func flaw(_ function: Function) -> String? {
    do throws(VerificationError) { try function.verify(after: "test") } catch {
      return error.description
    }
    return nil
  }

  /// Whether a function multiplies or decomposes matrices, in its loops too.
  static func hasMatrixWork(_ function: Function) -> Bool {
    function.instructions.contains {
      $0.operation.isOfMatrices
    } || function.loops.contains { hasMatrixWork($0.body) }
  }

  /// The function with the operands of commutative operations exchanged here and there.
  static func commuted(_ function: Function, _ random: inout SplitMix) -> Function {
    var result = function
    for i in result.instructions.indices
    where result.instructions[i].operation.info.isCommutative && Bool.random(using: &random) {
      let first = result.instructions[i].a
      result.instructions[i].a = result.instructions[i].b
      result.instructions[i].b = first
    }
    for i in result.loops.indices {
      result.loops[i].body = commuted(result.loops[i].body, &random)
    }
    return result
  }

  /// The rule with the statements of its body turned round and shuffled; nil where it has none, or
  /// a loop, before and after which a name has two values.
  static func shuffles(of text: String) -> [String]? {
    var map = SourceMap()
    var bag = DiagnosticBag()
    let tree = parse(map.add(name: "rule.opt", text: text), into: &bag)
    guard case .rule(let rule)? = tree.items.first?.kind, case .equations(let body) = rule.body,
      let first = body.first, body.count > 1
    else { return nil }
    for statement in body {
      if case .repeats = statement.kind { return nil }
    }
    let header = map.text(Span(rule.span.start, first.span.start))
    let lines = body.map { map.text($0.span) }
    func whole(_ lines: [String]) -> String { header + lines.joined(separator: "\n") + "\n}\n" }
    var random = SplitMix(7)
    return [whole(lines.reversed()), whole(lines.shuffled(using: &random))]
  }

  static let zooRules = Library.shared.declarations.filter { $0.kind == .rule }
}
