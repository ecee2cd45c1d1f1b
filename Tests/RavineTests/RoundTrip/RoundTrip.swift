import Diagnostics
import IR
import Lowering
import Ravine
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

  static let zooRules = Library.shared.declarations.filter { $0.kind == .rule }
}
