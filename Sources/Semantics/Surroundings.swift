import Diagnostics
import Syntax

/// What a call or a name in a declaration may reach beyond it: of the text's own, the libraries' and
/// the language's names. What is loaded meanwhile is seen.
struct Surroundings {
  let shared: Checker.Shared
  /// In texts of libraries names mean what libraries say.
  let isLibrary: Bool
  /// Texts that could not be read.
  let unread: [String]

  private var rules: [String: CheckedRule] {
    isLibrary ? shared.program.libraryRules : shared.program.rules
  }
  private var functions: [String: CheckedFunction] {
    isLibrary ? shared.program.libraryFunctions : shared.program.functions
  }

  /// A script's own `count` is meant before the language's.
  func function(_ key: String) -> Declaration? {
    if let own = functions[key] { return Declaration(.function, own.declaration.name.span) }
    return Builtins.functions.contains(key) ? Declaration(.builtinFunction) : nil
  }

  func rule(_ key: String) -> Declaration? {
    rules[key].map { Declaration(.rule, $0.declaration.name.span) }
  }

  func definition(_ key: String) -> Declaration? {
    isLibrary ? nil : shared.program.definitions[key].map { Declaration(.definition, $0.name.span) }
  }

  /// The parameter that a label in a call of a rule or a function names.
  func parameter(_ label: String, of callee: String) -> Declaration? {
    func named(_ parameters: [Parameter]?) -> Parameter? {
      parameters?.first { $0.name.key == label }
    }
    if let rule = rules[callee] {
      return named(rule.declaration.parameters).map {
        Declaration(rule.kind(of: $0), $0.name.span)
      }
    }
    return named(functions[callee]?.declaration.parameters).map {
      Declaration(.parameter, $0.name.span)
    }
  }

  func hyperparameters(of rule: String) -> [String: Declaration] {
    var found: [String: Declaration] = [:]
    for hyper in rules[rule]?.hypers ?? [] {
      found[hyper.name.key] = Declaration(.hyperparameter, hyper.name.span)
    }
    return found
  }

  // MARK: For suggestions

  var functionNames: [String] {
    Array(Builtins.functions) + shared.program.functions.keys
      + shared.program.offered.functions
  }
  var ruleNames: [String] {
    shared.program.rules.values.map(\.declaration.name.text) + shared.program.offered.rules
  }
  var definitionNames: [String] { shared.program.definitions.keys.sorted() }

  /// Whether a name stands in a part of the text that could not be read.
  func isUnread(_ name: String) -> Bool { unread.contains { $0.contains(name) } }
}
