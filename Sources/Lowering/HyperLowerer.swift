import Diagnostics
import IR
import Semantics
import Syntax

/// The hyperparameters of a rule: what each is given, as a function of t, T and the others.
struct HyperLowerer: LoweringPart {
  let lowerer: Lowerer

  /// Finds which hyperparameters are lists, how long they are, and where their entries begin.
  func findLists(_ all: [FlatHyper]) {
    lowerer.module.lists = [:]
    var start = 0
    for (index, hyper) in all.enumerated() {
      let count = listCount(index, all, depth: 0)
      if let declared = hyper.parameter.initial,
        list(declared, hyper.rule, all, depth: 0, in: hyper.rule.rule.tree) != nil, count == nil,
        let given = lowerer.module.given[index]
      {
        report(.needsList(hyper.name, at: lowerer.program[given.frame.tree].span(given.value)))
      }
      if count == 0 {
        report(
          .emptyList(
            at: lowerer.module.given[index].map { lowerer.program[$0.frame.tree].span($0.value) }
              ?? hyper.parameter.name.span))
      }
      lowerer.module.lists[index] = (start, count)
      start += count ?? 1
    }
  }

  private func listCount(_ index: Int, _ all: [FlatHyper], depth: Int) -> Int? {
    let hyper = all[index]
    if let found = lowerer.module.given[index] {
      let count = list(
        found.value, found.frame.owner ?? found.owner, all, depth: depth, in: found.frame.tree)
      // A list given where one number is declared is refused with its value.
      guard let initial = hyper.parameter.initial, count != nil else { return count }
      return list(initial, hyper.rule, all, depth: depth, in: hyper.rule.rule.tree) == nil
        ? nil : count
    }
    guard let initial = hyper.parameter.initial else { return nil }
    return list(initial, hyper.rule, all, depth: depth, in: hyper.rule.rule.tree)
  }

  /// The length of the list that an argument is; nil when it is none.
  private func list(
    _ id: ExprID, _ reader: RuleValue, _ all: [FlatHyper], depth: Int, in tree: TreeID
  ) -> Int? {
    guard depth < 64 else { return nil }
    switch lowerer.program[tree][id] {
    case .list(let items): return items.count
    case .name(let name):
      if let index = reader.hyperIndex[name.key] { return listCount(index, all, depth: depth + 1) }
      if let definition = lowerer.program.definition(name.key, from: tree) {
        return list(definition.value, reader, all, depth: depth + 1, in: definition.tree)
      }
      return nil
    default: return nil
    }
  }

  /// The values of a list hyperparameter; nil when they are not as many as there must be (reported).
  func items(_ value: Value, _ count: Int, _ name: Name) -> [Value]? {
    switch value {
    case .list(let items) where items.count == count: return items
    case .entries(let items, _) where items.count == count: return items.map { .value($0) }
    case .failure: return nil
    default:
      report(.lengthOfList(name, count))
      return nil
    }
  }

  /// A hyperparameter as the host sees it: the entries of a list are `betas[0]`, `betas[1]`, …
  func entries(of hyper: FlatHyper, _ index: Int, _ domain: Domain?) -> [Hyperparameter] {
    let list = lowerer.module.lists[index] ?? (index, nil)
    return (0..<(list.count ?? 1)).map { k in
      let suffix = list.count == nil ? "" : "[\(k)]"
      return Hyperparameter(
        name: hyper.name + suffix, key: hyper.key + suffix, domain: domain,
        isStructural: lowerer.module.structural.contains(list.start + k),
        origin: hyper.parameter.name.span, argument: argumentSpan(hyper, index))
    }
  }

  /// Refuses schedules of what is fixed when a rule is bound: lengths, counts of rounds, blocks of storage.
  func checkFixed(_ all: [FlatHyper]) {
    let defaults = lowerer.module.arguments
    for (index, hyper) in all.enumerated() {
      let (start, count) = lowerer.module.lists[index] ?? (index, nil)
      for slot in start..<start + (count ?? 1)
      where lowerer.module.structural.contains(slot) && !lowerer.module.counted.contains(slot) {
        guard let value = defaults.output(.hyper(slot)),
          defaults.operations(under: value).contains(.step)
        else { continue }
        report(
          .fixedFollowsStep(
            hyper.name, at: argumentSpan(hyper, index) ?? hyper.parameter.name.span))
        break
      }
    }
  }

  // MARK: Hyperparameters

  /// Where the value of a hyperparameter is written: the argument, else the default.
  func argumentSpan(_ hyper: FlatHyper, _ index: Int) -> Span? {
    if let found = lowerer.module.given[index] {
      return lowerer.program[found.frame.tree].span(found.value)
    }
    return hyper.parameter.initial.map { lowerer.program[hyper.rule.rule.tree].span($0) }
  }

  /// Every hyperparameter of the tree of rules, those inside a rule prefixed.
  func flatten(_ value: RuleValue, prefix: String, into all: inout [FlatHyper]) {
    var taken: Set<String> = []
    flatten(value, prefix: prefix, &taken, into: &all)
  }

  func flatten(
    _ value: RuleValue, prefix: String, _ taken: inout Set<String>, into all: inout [FlatHyper]
  ) {
    // One rule that stands in two places has its knobs once.
    guard value.hyperIndex.isEmpty else { return }
    for hyper in value.rule.hypers {
      var keyPrefix = prefix
      if taken.contains(keyPrefix + hyper.name.key) { keyPrefix += value.name + "." }
      var attempt = 2
      while !taken.insert(keyPrefix + hyper.name.key).inserted {
        keyPrefix = prefix + value.name + "\(attempt)."
        attempt += 1
      }
      value.hyperIndex[hyper.name.key] = all.count
      all.append(
        FlatHyper(
          name: keyPrefix + hyper.name.text, key: keyPrefix + hyper.name.key, parameter: hyper,
          rule: value))
    }
    for parameter in value.rule.ruleParameters {
      if let inner = value.rules[parameter.name.key] {
        flatten(inner, prefix: prefix + parameter.name.text + ".", &taken, into: &all)
      }
    }
    switch value.body {
    case .equations, .descent: break
    case .alias(let inner):
      if !value.rules.values.contains(where: { $0 === inner }) {
        flatten(inner, prefix: prefix, &taken, into: &all)
      }
    case .route(let arms):
      for arm in arms where !value.rules.values.contains(where: { $0 === arm.rule }) {
        flatten(arm.rule, prefix: prefix + arm.rule.name + ".", &taken, into: &all)
      }
    }
  }

  /// The position that a name given to `value` means: its own hyperparameter, or the only one of
  /// that name inside it.
  func hyperPosition(_ key: String, in value: RuleValue, _ all: [FlatHyper]) -> Int? {
    if let own = value.hyperIndex[key] { return own }
    let inside = Set(nested(value).map { ObjectIdentifier($0) })
    let matches = all.indices.filter {
      inside.contains(ObjectIdentifier(all[$0].rule))
        && (all[$0].parameter.name.key == key || all[$0].key == key || all[$0].name == key)
    }
    return matches.count == 1 ? matches[0] : nil
  }

  func nested(_ value: RuleValue) -> [RuleValue] {
    var result = [value]
    for (_, rule) in value.rules.sorted(by: { $0.key < $1.key }) { result += nested(rule) }
    switch value.body {
    case .equations, .descent: break
    case .alias(let inner): result += nested(inner)
    case .route(let arms): for arm in arms { result += nested(arm.rule) }
    }
    return result
  }

  func checkLabels(_ value: RuleValue, _ all: [FlatHyper]) {
    for rule in nested(value) {
      for (key, argument) in rule.arguments.sorted(by: { $0.key < $1.key })
      where hyperPosition(key, in: rule, all) == nil {
        let known = Set(nested(rule).flatMap { $0.rule.hypers.map(\.name.text) }).sorted()
        let tree = lowerer.program[argument.frame.tree]
        let label = self.label(key, of: argument.value, tree)
        let near =
          ForeignNames.hyper(label.text).first { known.contains($0) && $0 != label.text }
          ?? Suggestion.nearest(to: label.text, among: known)
          ?? Suggestion.nearest(
            to: label.text,
            among: Set(nested(rule).flatMap { $0.rule.hypers.map(\.name.key) }).sorted())
        report(
          .unknownHyper(
            label, of: rule.name, among: known, suggestion: near))
      }
    }
  }

  /// What each hyperparameter was given, by the outermost rule that gives it something.
  func resolveGiven(_ all: [FlatHyper]) {
    lowerer.module.given = [:]
    lowerer.module.givenInside = [:]
    for rule in lowerer.module.ruleOrder {
      for (key, argument) in rule.arguments.sorted(by: { $0.key < $1.key }) {
        guard let index = hyperPosition(key, in: rule, all) else { continue }
        let found = (argument.value, argument.frame, rule)
        if lowerer.module.given[index] == nil {
          lowerer.module.given[index] = found
        } else if lowerer.module.givenInside[index] == nil {
          lowerer.module.givenInside[index] = found
        }
      }
    }
  }

  private func label(_ key: String, of value: ExprID, _ tree: SyntaxTree) -> Name {
    for expression in tree.expressions {
      if case .call(_, let arguments) = expression,
        let found = arguments.first(where: { $0.value == value && $0.label?.key == key })
      {
        return found.label!
      }
    }
    return Name(key: key, text: key, span: tree.span(value))
  }

  /// The function that gives every hyperparameter its value, from t and T and the others.
  func defaultsFunction(
    _ hypers: [FlatHyper], name: String, needsDefaults: Bool
  ) -> Function {
    begin(name + ".defaults", drawShape: .scalar)
    var entries: [Entry] = []
    for hyper in hypers {
      let index = entries.count
      let text = Name(
        key: hyper.key, text: hyper.parameter.name.text, span: hyper.parameter.name.span)
      entries.append(
        Entry(text, level: 0) { [unowned lowerer] in
          let part = Self(lowerer: lowerer)
          return part.defaultValue(
            hyper, lowerer.module.given[index], index, hypers, needsDefaults
          ) { other in
            part.reference(hypers[other], other, entries)
          }
        })
    }
    for (index, entry) in entries.enumerated() {
      let value = force(entry)
      if let list = lowerer.module.lists[index], let count = list.count {
        guard let items = items(value, count, entry.name) else { continue }
        for (position, item) in items.enumerated() {
          output(item, list.start + position, entry.name)
        }
      } else {
        output(value, lowerer.module.lists[index]?.start ?? index, entry.name)
      }
    }
    return finish()
  }

  private func output(_ value: Value, _ slot: Int, _ name: Name) {
    guard let handle = single(value, at: name.span) else { return }
    guard shape(handle).isScalar else {
      report(.hyperNotOneNumber(name.text, at: name.span))
      return
    }
    if readsTensors(handle) {
      report(.hyperReadsTensor(at: name.span))
      return
    }
    lowerer.builder.output(.hyper(slot), local(handle))
  }

  /// A number that is given and can never be right is an error now, not at bind time.
  func checkDomains(_ hypers: [FlatHyper]) {
    for (index, hyper) in hypers.enumerated() {
      guard let domain = lowerer.module.domains[hyper.key] else { continue }
      let list = lowerer.module.lists[index] ?? (index, nil)
      for slot in list.start..<list.start + (list.count ?? 1) {
        guard let value = lowerer.module.arguments.output(.hyper(slot)),
          let x = lowerer.module.arguments.knownNumber(value),
          !domain.contains(x)
        else { continue }
        reportOutside(hyper, domain, x)
      }
    }
  }

  private func reportOutside(_ hyper: FlatHyper, _ domain: Domain, _ x: Double) {
    let span: Span
    if let found = hyper.rule.hyperIndex[hyper.parameter.name.key].flatMap({
      lowerer.module.given[$0]
    }) {
      span = lowerer.program[found.frame.tree].span(found.value)
    } else if let initial = hyper.parameter.initial {
      span = lowerer.program[hyper.rule.rule.tree].span(initial)
    } else {
      return
    }
    report(.outsideDomain(hyper.name, domain, x, at: span))
  }

  /// Another hyperparameter, by reference; forced as well, so that a cycle is found.
  private func reference(_ hyper: FlatHyper, _ index: Int, _ entries: [Entry]) -> Entry {
    let name = entries[index].name
    return Entry(name, level: 0) { [unowned lowerer] in
      let part = Self(lowerer: lowerer)
      if case .failure = part.force(entries[index]) { return .failure }
      return part.hyperSource(index) { .stack }
    }
  }

  private func readsTensors(_ handle: Handle) -> Bool {
    !lowerer.builder.function.operations(under: local(handle)).isDisjoint(with: [
      .parameter, .gradient, .state, .input, .loss, .draw, .extent, .lossAt, .gradientAt,
      .hessianProduct,
    ])
  }

  /// `found` is given to the rule itself or to one around it: `CLion(lr = …)` gives Lion's.
  private func defaultValue(
    _ hyper: FlatHyper, _ found: GivenValue?, _ index: Int, _ all: [FlatHyper],
    _ needsDefaults: Bool, _ entry: @escaping (Int) -> Entry
  ) -> Value {
    let frame: Frame
    let expression: ExprID
    if let found {
      expression = found.value
      frame = lowerer.frame(tree: found.frame.tree, parent: nil)
      // Written at the top of a script, an argument may name the rule's other hyperparameters;
      // inside a rule it names those of that rule.
      let reader = found.frame.owner ?? found.owner
      enter(hypersOf: reader, into: frame, all, entry, except: reader === found.owner ? index : nil)
    } else if let initial = hyper.parameter.initial {
      expression = initial
      frame = lowerer.frame(tree: hyper.rule.rule.tree, parent: nil)
      enter(hypersOf: hyper.rule, into: frame, all, entry, except: nil)
    } else if !needsDefaults {
      return constant(0.5)
    } else {
      return report(
        .missingHyper(
          hyper.parameter.name.text, of: hyper.rule.name, at: hyper.parameter.name.span))
    }
    return lower(expression, frame)
  }

  // MARK: Arguments that can be set and taken back

  /// How each hyperparameter came by its value; the arguments of `root` can be set and taken back.
  func origins(of root: RuleValue) -> [Rule.Origin] {
    lowerer.module.hypers.enumerated().flatMap { index, hyper in
      let (start, count) = lowerer.module.lists[index] ?? (index, nil)
      let clock = lowerer.module.clocks[start]
      var origin = Rule.Origin(isGiven: lowerer.module.given[index] != nil)
      origin.isCounted = lowerer.module.counted.contains(start)
      origin.isMissing = lowerer.module.given[index] == nil && hyper.parameter.initial == nil
      if let found = lowerer.module.given[index], found.owner === root, count == nil {
        origin.schedule = schedule(found, index)?.timed(by: clock)
        origin.fallback = function(hyper.key) {
          let isThere = lowerer.module.givenInside[index] != nil || hyper.parameter.initial != nil
          return isThere
            ? defaultValue(
              hyper, lowerer.module.givenInside[index], index, lowerer.module.hypers, true, written)
            : .failure
        }?.timed(by: clock)
      }
      return [Rule.Origin](repeating: origin, count: count ?? 1)
    }
  }

  /// A call such as `cosine(0.1)` as a function of its first argument.
  private func schedule(_ found: GivenValue, _ index: Int) -> Function? {
    let tree = lowerer.program[found.frame.tree]
    guard case .call(let name, let arguments) = tree[found.value], let first = arguments.first,
      first.label == nil, let callee = lowerer.program.function(name.key, from: found.frame.tree)
    else { return nil }
    return function("schedule") {
      let frame = lowerer.frame(tree: found.frame.tree, parent: nil)
      enter(hypersOf: found.owner, into: frame, lowerer.module.hypers, written, except: index)
      let peak = handle(lowerer.builder.source(.argument, .scalar))
      return CallLowerer(lowerer: lowerer).apply(
        callee, arguments, frame, tree.span(found.value), first: peak)
    }
  }

  /// A function with one number; nil where the value is none, which is reported where it is used.
  private func function(_ name: String, _ value: () -> Value) -> Function? {
    let before = lowerer.bag
    defer { lowerer.bag = before }
    begin(name, drawShape: .scalar)
    guard let handle = single(value(), at: .none), shape(handle).isScalar, !readsTensors(handle)
    else { return nil }
    lowerer.builder.output(.result(0), local(handle))
    return finish()
  }

  private func written(_ index: Int) -> Entry {
    let name = Name(
      key: lowerer.module.hypers[index].key, text: lowerer.module.hypers[index].name, span: .none)
    return Entry(name, level: 0) { [unowned lowerer] in
      Self(lowerer: lowerer).hyperSource(index) { .stack }
    }
  }

  func enter(
    hypersOf rule: RuleValue, into frame: Frame, _ all: [FlatHyper],
    _ entry: @escaping (Int) -> Entry, except: Int?
  ) {
    frame.resolve = { key in
      guard let index = rule.hyperIndex[key], index != except else { return nil }
      return entry(index)
    }
  }

  func domain(of hyper: FlatHyper) -> Domain? {
    domain(of: hyper.parameter, in: hyper.rule.rule.tree)
  }

  func domain(of parameter: Parameter, in tree: TreeID) -> Domain? {
    guard let expression = parameter.domain else { return nil }
    begin("domain", drawShape: .scalar)
    let frame = lowerer.frame(tree: tree, parent: nil)
    guard let low = constantValue(lower(expression.low, frame)),
      let high = constantValue(lower(expression.high, frame))
    else {
      if !lowerer.bag.hasErrors {
        report(.boundsOfDomain(at: expression.span))
      }
      return nil
    }
    guard low < high || low == high && expression.includesLow && expression.includesHigh else {
      report(.emptyDomain(at: expression.span))
      return nil
    }
    return Domain(
      low: low, high: high, includesLow: expression.includesLow,
      includesHigh: expression.includesHigh)
  }
}
