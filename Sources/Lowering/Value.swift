import Diagnostics
import IR
import Semantics
import Syntax

/// A value of a function under construction. Level 0 is the function itself, each loop body adds one.
struct Handle: Hashable {
  var level: Int
  var id: ValueID
}

/// What an expression means while lowering.
enum Value {
  case value(Handle)
  case several([Handle])
  case list([Value])
  /// The entries of a list hyperparameter, which lie along a named axis.
  case entries([Handle], AxisName)
  case rule(RuleValue)
  case function(FunctionValue)
  case string(String)
  /// An error was reported; whatever depends on this stays silent.
  case failure
}

/// A function that a name stands for: one of the language, or one written in `.opt`.
indirect enum FunctionValue {
  case builtin(String)
  case checked(CheckedFunction)

  var name: String {
    switch self {
    case .builtin(let name): name
    case .checked(let function): function.declaration.name.text
    }
  }
}

/// A rule with what it was given: a node of the tree that `Cautious(Lion(lr = 1e-3))` stands for.
final class RuleValue {
  enum Body {
    case equations(Block)
    case route([(condition: ExprID?, text: String, rule: RuleValue)])
    case alias(RuleValue)
    /// w - g: what stands for a rule parameter while the rule around it is checked.
    case descent
  }
  let rule: CheckedRule
  var body: Body
  /// Hyperparameters given by the caller, each with the frame that its expression is read in.
  var arguments: [String: (value: ExprID, frame: Frame)] = [:]
  var rules: [String: RuleValue] = [:]
  var functions: [String: FunctionValue] = [:]
  /// Position of each hyperparameter in the module's flat list.
  var hyperIndex: [String: Int] = [:]

  init(rule: CheckedRule, body: Body) {
    self.rule = rule
    self.body = body
  }

  var name: String { rule.declaration.name.text }
}

/// An expression for a hyperparameter, the frame that it is read in, and the rule it was given to.
typealias GivenValue = (value: ExprID, frame: Frame, owner: RuleValue)

/// A hyperparameter of a rule or of one inside it.
struct FlatHyper {
  var name: String
  var key: String
  var parameter: Parameter
  var rule: RuleValue
}

/// A name's value, found when first asked for.
final class Entry {
  enum State {
    case pending(() -> Value)
    case busy
    case done(Value)
  }
  let name: Name
  let level: Int
  var state: State

  init(_ name: Name, level: Int, _ thunk: @escaping () -> Value) {
    self.name = name
    self.level = level
    state = .pending(thunk)
  }

  init(_ name: Name, _ value: Value) {
    self.name = name
    level = 0
    state = .done(value)
  }
}

/// The names that an expression can see.
final class Frame {
  let tree: TreeID
  let parent: Frame?
  /// Keys of values; those of the value after the step end in a prime.
  var entries: [String: Entry] = [:]
  /// Values that a `repeat` leaves behind, seen by what is written after it.
  var afterLoops: [String: [(end: UInt32, entry: Entry)]] = [:]
  /// Rules and functions that are parameters.
  var rules: [String: RuleValue] = [:]
  var functions: [String: FunctionValue] = [:]
  var rule: RuleScope?
  /// Whether this is the frame of a rule's own equations, or a part of it.
  var isOfRule = false
  /// Names found only when asked for: the hyperparameters that an argument may read.
  var resolve: ((String) -> Entry?)?
  /// Branches of `when`: lowered even if nothing asks for them, so that all is checked.
  var branches: [Frame] = []
  /// The rule in whose text this frame's expressions stand: arguments there read its hyperparameters.
  var owner: RuleValue?
  /// Of an arm: the condition under which its expressions count, and whether it must hold.
  var guarded: (condition: Entry, isTaken: Bool)?

  init(tree: TreeID, parent: Frame?) {
    self.tree = tree
    self.parent = parent
    rule = parent?.rule
    isOfRule = parent?.isOfRule ?? false
  }

  func empty() {
    entries = [:]
    afterLoops = [:]
    rules = [:]
    functions = [:]
    rule = nil
    resolve = nil
    branches = []
    owner = nil
    guarded = nil
  }

  func entry(_ key: String, at span: Span) -> Entry? {
    var frame: Frame? = self
    while let current = frame {
      if let loops = current.afterLoops[key],
        let found = loops.last(where: { $0.end <= span.start })
      {
        return found.entry
      }
      if let found = current.entries[key] ?? current.resolve?(key) { return found }
      frame = current.parent
    }
    return nil
  }

  /// The conditions of the arms that this frame is in, outer ones first.
  var guards: [(condition: Entry, isTaken: Bool)] {
    (parent?.guards ?? []) + (guarded.map { [$0] } ?? [])
  }

  func ruleParameter(_ key: String) -> RuleValue? { rules[key] ?? parent?.ruleParameter(key) }
  func functionParameter(_ key: String) -> FunctionValue? {
    functions[key] ?? parent?.functionParameter(key)
  }
}

/// The rule whose equations are being lowered.
final class RuleScope {
  let value: RuleValue
  /// Prefix of its states: `base.`.
  let prefix: String
  /// What it counts its steps by, where it is not applied in every one.
  let clock: Clock?
  /// Rule parameters already applied: each has its states once.
  var applied: Set<String> = []
  /// The states that are windows: an equation pushes onto these.
  var windows: [String: Handle] = [:]

  init(value: RuleValue, prefix: String, clock: Clock?) {
    self.value = value
    self.prefix = prefix
    self.clock = clock
  }
}
