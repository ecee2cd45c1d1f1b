import Diagnostics
import IR
import Semantics
import Syntax

/// What is gathered while the functions of one module are lowered.
struct ModuleState {
  /// Hyperparameters that shapes and loop counts depend on.
  var structural: Set<Int> = []
  var globalSites: [String] = []
  private var siteIndex: [String: Int] = [:]
  /// States and inputs of the variant under construction.
  var states: [StateSlot] = []
  var firstValues: [FirstValue] = []
  var inputs: [InputSlot] = []
  /// How often it has asked for losses and gradients at other points.
  var questions: [Operation: Int] = [:]
  /// Its rules, outer ones first.
  var ruleOrder: [RuleValue] = []
  /// Its hyperparameters, lists as one; what each was given, and would be given without the outermost
  /// argument; their domains; and what they are as functions of t and T.
  var hypers: [FlatHyper] = []
  var given: [Int: GivenValue] = [:]
  var givenInside: [Int: GivenValue] = [:]
  var domains: [String: Domain] = [:]
  var arguments = Function(name: "arguments")
  var defaults = Function(name: "defaults")
  /// The hyperparameters whose schedules are read at the t of a rule that is applied in some steps
  /// alone: where it is known before the run, and where the step counts it.
  var clocks: [Int: Function.Clock] = [:]
  var counted: Set<Int> = []
  var guardsFinite = false
  /// `w' = … round stochastic` in the variant under construction.
  var roundsStochastically = false
  /// Whether some rule reduces over workers: then the host's gradient differs between them.
  var usesWorkers = false
  /// Whether there is one worker, and so no axis of workers; the rules that reduce over workers.
  var isForOneWorker = false
  var reductionsOverWorkers: [Span] = []
  /// Names of the states that were found to differ between workers.
  var varying: Set<String> = []
  /// The lists among the hyperparameters: where their entries begin, and how many there are.
  var lists: [Int: (start: Int, count: Int?)] = [:]
  var views: [(name: String, value: Handle, span: Span)] = []
  /// The slot of the condition `training` where it has a meaning, and whether something asks for it.
  var trainingSlot: Int?
  var asksTraining = false
  /// The arm that each route takes in the variant under construction.
  var choices: [ObjectIdentifier: Int] = [:]

  /// Where the first value of a state comes from.
  enum FirstValue {
    case declared(StateOrigin)
    /// Of states that no rule declares.
    case zero, parameter
  }

  /// Where a state was declared, to lower its first value.
  struct StateOrigin {
    var binding: Binding
    var rule: RuleValue
    var prefix: String
  }

  mutating func site(_ key: String, name: String) -> Int {
    if let known = siteIndex[key] { return known }
    globalSites.append(name)
    siteIndex[key] = globalSites.count - 1
    return globalSites.count - 1
  }

  mutating func beginVariant(_ choices: [ObjectIdentifier: Int]) {
    states = []
    firstValues = []
    inputs = []
    questions = [:]
    views = []
    roundsStochastically = false
    self.choices = choices
  }
}
