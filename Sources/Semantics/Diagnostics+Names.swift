import Basics
import Diagnostics
import Syntax

// Names: R02xx. Roles and equations: R03xx. In the user's terms, each with its likely fix.
extension Diagnostic {
  /// What an objective reads of the data has its names in the header.
  static func unknownInObjective(_ name: Name, suggestion: String?) -> Diagnostic {
    // Of one letter any other is near, and a batch is mostly called x and y.
    var result = unknownName(name, suggestion: name.text.count > 1 ? suggestion : nil)
    if result.notes.isEmpty, result.fixIts.isEmpty {
      result.notes = [
        Note(
          "what `train` hands over of the data, features and targets, has its names after `;` in the header: "
            + "`objective NAME(…; x, y)`")
      ]
    }
    return result
  }

  package static func unknownName(_ name: Name, suggestion: String?) -> Diagnostic {
    if let foreign = ForeignNames.value(name.text) {
      return Diagnostic(
        .unknownName, "`\(name.text)` is not defined here", at: name.span,
        notes: [Note(foreign.note)],
        fixIts: foreign.own.map {
          [FixIt("write `\($0)`", at: name.span, replacement: $0)]
        } ?? [])
    }
    return Diagnostic(
      .unknownName, "`\(name.text)` is not defined here", at: name.span,
      fixIts: FixIt.didYouMean(suggestion, at: name.span))
  }

  /// A call as another library writes it.
  static func foreignFunction(_ name: Name, _ own: String, at call: Span) -> Diagnostic {
    Diagnostic(
      .unknownFunction, "there is no function `\(name.text)`", at: name.span,
      fixIts: [FixIt("write `\(own)`", at: call, replacement: own)])
  }

  package static func unknownFunction(_ name: Name, suggestion: String?) -> Diagnostic {
    Diagnostic(
      .unknownFunction, "there is no function `\(name.text)`", at: name.span,
      fixIts: FixIt.didYouMean(suggestion, at: name.span))
  }

  static func unknownRule(_ name: Name, suggestion: String?) -> Diagnostic {
    Diagnostic(
      .unknownRule, "there is no rule `\(name.text)`", at: name.span,
      notes: suggestion == nil ? [Note("`ravine zoo` lists the rules that come with Ravine")] : [],
      fixIts: FixIt.didYouMean(suggestion, at: name.span))
  }

  package static func unknownLabel(_ label: Name, of callee: String, suggestion: String?)
    -> Diagnostic
  {
    Diagnostic(
      .unknownLabel, "`\(callee)` has no parameter `\(label.text)`", at: label.span,
      fixIts: FixIt.didYouMean(suggestion, at: label.span))
  }

  package static func missingArgument(_ name: String, of callee: String, at span: Span)
    -> Diagnostic
  {
    Diagnostic(.missingArgument, "`\(callee)` needs a value for `\(name)`", at: span)
  }

  package static func tooManyArguments(_ callee: String, takes count: Int, at span: Span)
    -> Diagnostic
  {
    Diagnostic(
      .tooManyArguments, "`\(callee)` takes \(count) argument\(count == 1 ? "" : "s")", at: span,
      notes: callee == "norm"
        ? [
          Note(
            "it is the root of the sum of squares; others are `sum(abs(x))` and `max(abs(x))`")
        ] : [])
  }

  static func duplicateDeclaration(_ name: Name, first: Span) -> Diagnostic {
    Diagnostic(
      .duplicateDeclaration, "`\(name.text)` is declared twice", at: name.span,
      notes: [Note("first declared here", at: first)])
  }

  static func duplicateName(_ name: Name, first: Span) -> Diagnostic {
    Diagnostic(
      .duplicateName, "`\(name.text)` has two roles", at: name.span,
      notes: [Note("first named here", at: first)])
  }

  static func unknownObjective(_ name: Name, _ noun: String, suggestion: String?) -> Diagnostic {
    Diagnostic(
      .unknownObjective, "there is no \(noun) `\(name.text)`", at: name.span,
      fixIts: FixIt.didYouMean(suggestion, at: name.span))
  }

  static func notAnObjective(at span: Span) -> Diagnostic {
    Diagnostic(
      .notAnObjective, "here stands the name of an objective, perhaps with arguments", at: span)
  }

  static func onlyInBranch(_ name: Name, definedAt: Span) -> Diagnostic {
    Diagnostic(
      .onlyInBranch, "`\(name.text)` is defined on one path only", at: name.span,
      notes: [Note("defined here, and not in every branch", at: definedAt)])
  }

  static func reservedName(_ name: Name) -> Diagnostic {
    Diagnostic(
      .reservedName, "`\(name.text)` already has a meaning: choose another name", at: name.span)
  }

  static func notAvailable(_ name: Name, in place: String) -> Diagnostic {
    Diagnostic(.notAvailable, "`\(name.text)` has no meaning in \(place)", at: name.span)
  }

  static func noSuchAxis(_ name: Name) -> Diagnostic {
    Diagnostic(
      .noSuchAxis, "no input and no state of this rule has the axis `\(name.text)`", at: name.span,
      notes: [Note("an input brings it: `input G: \(name.text)`")])
  }

  static func missingPrime(_ name: Name) -> Diagnostic {
    Diagnostic(
      .missingPrime, "the new value of `\(name.text)` is written `\(name.text)'`", at: name.span,
      notes: [
        Note("`\(name.text)` is the value before the step, `\(name.text)'` the one after it")
      ],
      fixIts: [FixIt("add the prime", at: name.span.after, replacement: "'")])
  }

  static func primeOnLocal(_ name: Name, states: [String]) -> Diagnostic {
    let near = Suggestion.nearest(to: name.text, among: states.sorted())
    return Diagnostic(
      .primeOnLocal, "`\(name.text)` is not a state, so it has no value after the step",
      at: name.span,
      notes: near == nil ? [Note("declare it with `state \(name.text)`")] : [],
      fixIts: near.map { [FixIt("did you mean `\($0)'`?", at: name.span, replacement: $0)] } ?? [])
  }

  static func equationForHeader(_ name: Name, role: String, declared: Span) -> Diagnostic {
    Diagnostic(
      .equationForHeader, "`\(name.text)` is \(role) and cannot have an equation", at: name.span,
      notes: [Note("declared here", at: declared)])
  }

  static func twoEquations(_ definition: Definition, first: Span) -> Diagnostic {
    let text = definition.name.text + (definition.isPrimed ? "'" : "")
    return Diagnostic(
      .twoEquations, "`\(text)` has two equations", at: definition.name.span,
      notes: [
        Note("the first is here", at: first),
        Note("a rule is a set of equations, not a sequence: combine them into one"),
      ])
  }

  static func equationForGiven(_ name: Name) -> Diagnostic {
    Diagnostic(
      .equationForGiven, "`\(name.text)` is given to the rule and cannot have an equation",
      at: name.span)
  }

  static func noUpdate(_ name: Name) -> Diagnostic {
    Diagnostic(
      .noUpdate, "the rule `\(name.text)` does not say what `w'` is", at: name.span,
      notes: [Note("add an equation such as `w' = w - lr * g`")])
  }

  static func frozenState(_ name: Name) -> Diagnostic {
    Diagnostic(
      .frozenState, .warning, "no equation changes the state `\(name.text)`", at: name.span,
      notes: [Note("it keeps its first value for ever; add `\(name.text)' = …` or remove it")])
  }

  static func unusedLocal(_ name: Name) -> Diagnostic {
    Diagnostic(.unusedLocal, .warning, "`\(name.text)` is never used", at: name.span)
  }

  static func notHere(
    _ word: String, in place: String, _ enclosing: String?, at span: Span
  ) -> Diagnostic {
    let where_ = enclosing.map { "inside `\($0)`" } ?? "in \(place)"
    return Diagnostic(.notHere, "`\(word)` has no meaning \(where_)", at: span)
  }

  static func nothingToAscend(_ name: Name, _ owner: BlockOwner, at span: Span) -> Diagnostic {
    Diagnostic(
      .notHere,
      owner == .objective
        ? "`\(name.text)` is not trained, so there is nothing to ascend"
        : "`ascend` has no meaning in \(owner.noun)", at: span,
      notes: [
        Note(
          "it marks a trained parameter of an objective: `objective f(x: scalar, ascend y: scalar)`"
        )
      ])
  }

  static func notATarget(at span: Span) -> Diagnostic {
    Diagnostic(
      .notATarget, "`until` takes a series and where it should come to", at: span,
      notes: [Note("as `until loss < 0.01` or `until accuracy > 0.9`")])
  }

  static func badCommand(_ problem: CommandWords.Problem, at span: Span) -> Diagnostic {
    let what =
      switch problem {
      case .empty: "it names no program"
      case .openQuote(let quote): "a quote \(quote) is not closed"
      case .zero: "it holds a byte 0"
      }
    return Diagnostic(
      .badCommand, "this is no command: \(what)", at: span,
      notes: [
        Note(
          "words are split at blanks, but not between '…'; no shell reads them, so there are no "
            + "variables, patterns and pipes")
      ])
  }

  static func clauseTwice(_ keyword: Name) -> Diagnostic {
    Diagnostic(.givenTwice, "`\(keyword.text)` is given twice", at: keyword.span)
  }

  package static func testTaskIsSeen(_ name: Name) -> Diagnostic {
    Diagnostic(
      .testTaskIsSeen, "`\(name.text)` is no test: the search looks at it all the time",
      at: name.span,
      notes: [Note("leave it out of `on` and `validate on`, or out of `test on`")])
  }

  static func taskWithout(_ name: Name, _ example: String) -> Diagnostic {
    Diagnostic(
      .taskWithoutEnd, "the task `\(name.text)` does not say when it ends", at: name.span,
      notes: [Note("add a clause such as `\(example)`")])
  }

  static func noLoss(_ name: Name) -> Diagnostic {
    Diagnostic(
      .noLoss, "the objective `\(name.text)` does not say what its `loss` is", at: name.span,
      notes: [Note("add an equation `loss = …`")])
  }

  static func noResult(_ name: Name) -> Diagnostic {
    Diagnostic(
      .noResult, "the function `\(name.text)` ends without a value", at: name.span,
      notes: [Note("its last line must be an expression")])
  }

  static func unknownView(_ name: Name) -> Diagnostic {
    let near = Suggestion.nearest(to: name.text, among: ["train", "eval"])
    return Diagnostic(
      .unknownView, "there is no view `\(name.text)`: the views are `train` and `eval`",
      at: name.span,
      fixIts: FixIt.didYouMean(near, at: name.span))
  }

  static func stateInRepeat(_ name: Name) -> Diagnostic {
    Diagnostic(
      .stateInRepeat,
      "inside `repeat` a prime means the next iteration, and `\(name.text)` is a state",
      at: name.span,
      notes: [Note("carry a local value and write `\(name.text)'` after the loop")])
  }

  static func primeOutsideRule(_ name: Name, in place: String) -> Diagnostic {
    Diagnostic(
      .primeOutsideRule, "`\(name.text)'` has no meaning in \(place): there is no step",
      at: name.span)
  }

  static func readBeforeFirstStep(_ name: Name) -> Diagnostic {
    Diagnostic(
      .readBeforeFirstStep,
      "`\(name.text)` has no value before the first step: a first value may use w and "
        + "hyperparameters only", at: name.span)
  }

  static func lostLoop(_ name: Name) -> Diagnostic {
    Diagnostic(
      .lostLoop,
      "`\(name.text)` belongs to the block outside, and what this loop makes of it would be "
        + "lost there", at: name.span,
      notes: [
        Note("start from a copy in the block of the `repeat`: `x = \(name.text)`, and carry it")
      ])
  }

  static func recursion(_ name: Name) -> Diagnostic {
    Diagnostic(
      .recursion, "`\(name.text)` calls itself: every program must end", at: name.span,
      notes: [Note("use `repeat n { … }` for a fixed number of iterations")])
  }

  static func notAFunction(_ name: Name) -> Diagnostic {
    Diagnostic(
      .notAValue, "`\(name.text)` is a value, not a function", at: name.span,
      notes: [Note("a product is written with `*`")])
  }

  static func readByHyper(_ name: Name) -> Diagnostic {
    Diagnostic(
      .hyperReadsTensor,
      "a hyperparameter is an expression of t, T and other hyperparameters, and "
        + "`\(name.text)` is known in a step only", at: name.span)
  }

  static func hyperWithShape(_ parameter: Parameter) -> Diagnostic {
    Diagnostic(
      .needsOneNumber, "the hyperparameter `\(parameter.name.text)` must be one number",
      at: parameter.type?.span ?? parameter.span)
  }

  static func unusedHyper(_ parameter: Parameter) -> Diagnostic {
    let noun =
      switch parameter.type?.kind.key {
      case "rule": "rule"
      case "fn": "function"
      case nil, "scalar": "hyperparameter"
      default: "parameter"
      }
    return Diagnostic(
      .unusedHyper, "the \(noun) `\(parameter.name.text)` is never used", at: parameter.name.span,
      notes: [Note("a knob that does nothing misleads whoever turns it: use it or remove it")])
  }
}

// What compiles and is seldom meant.
extension Diagnostic {
  static func neverRead(_ state: Name) -> Diagnostic {
    Diagnostic(
      .stateNeverRead, .warning,
      "`\(state.text)` is kept and never read: neither w' nor a view depends on it", at: state.span,
      notes: [Note("without its `state` and its equations the rule does the same in less memory")])
  }

  /// `divisor` is what ε would be added to.
  static func besideQuotient(_ ε: Name, at span: Span, divisor: Span) -> Diagnostic {
    Diagnostic(
      .epsilonBesideQuotient, .warning,
      "`\(ε.text)` is added to the quotient, not to what it divides by", at: span,
      notes: [Note("where a sum is meant, write the quotient in parentheses")],
      fixIts: [
        FixIt(
          "open a parenthesis before the divisor", at: Span(divisor.start, divisor.start),
          replacement: "("),
        FixIt("close it", at: span.after, replacement: ")"),
      ])
  }

  static func correctsEarlier(_ state: Name, at span: Span) -> Diagnostic {
    Diagnostic(
      .correctsEarlierAverage, .warning,
      "`\(state.text)` is the average before this step, of t - 1 gradients, and is divided by the weights of t",
      at: span,
      fixIts: [FixIt("write `\(state.text)'`", at: span, replacement: state.text + "'")])
  }
}
