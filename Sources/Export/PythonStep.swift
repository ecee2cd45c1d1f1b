import Diagnostics
import IR

/// What a part of a step reads.
struct StepReads {
  var gradient = false
  var parameter = false
  var lengths = false
  var states: Set<Int> = []
  var inputs: Set<Int> = []

  init(_ function: Function, roots: [ValueID], given: Set<ValueID>) {
    func visit(_ function: Function, _ values: Set<ValueID>) {
      for value in values {
        let i = function[value]
        switch i.operation {
        case .gradient: gradient = true
        case .parameter: parameter = true
        case .state: states.insert(Int(i.attribute))
        case .input: inputs.insert(Int(i.attribute))
        case .loop:
          let body = function.loops[Int(i.attribute)].body
          visit(body, Set(body.instructions.indices.map { ValueID($0) }))
        default: break
        }
        // Lengths are asked of the parameter.
        if i.operation == .extent || i.operation == .draw || i.operation == .identity {
          lengths = true
        }
      }
    }
    var found: Set<ValueID> = []
    for root in roots {
      _ = function.reaches(root) { value -> Bool? in
        found.insert(value)
        return given.contains(value) ? false : nil
      }
    }
    visit(function, found.subtracting(given))
    for value in found.subtracting(given) where function[value].operation == .broadcast {
      lengths = true
    }
  }
}

/// How a file goes over the tensors of a step, and where it keeps what.
protocol PythonHost: PythonStores {
  /// The line that begins the loop over the tensors, and the lines in it that bind what is read.
  func loop(_ reads: StepReads, isLast: Bool) -> [String]
  /// The line that binds a state of the whole optimizer, and the one that stores it.
  func globalState(_ k: Int) -> String
  func storeGlobal(_ k: Int, _ value: String) -> String
}

/// The step of a rule without routes, in Python: rounds over the tensors, what is the same for all of them
/// between, and the last round, which stores.
struct PythonStep<Language: PythonDialect> {
  let rule: ExportedRule
  let variant: RuleVariant
  let language: Language
  let host: any PythonHost
  let needs: PythonNeeds
  var leaves: Leaves
  let pool: NamePool

  /// The lines, without indentation of their own. With `isWhole` false, only those inside of the last loop.
  func lines(isWhole: Bool = true) throws(DiagnosticError) -> [String] {
    let function = variant.update
    let meetings = TensorMeetings(variant)
    let border = isWhole && rule.letsTensorsMeet ? meetings.border(variant) : []
    var leaves = self.leaves
    var lines: [String] = []
    for (k, slot) in variant.states.enumerated()
    where slot.isGlobal
      && StepReads(function, roots: function.outputs.map(\.value), given: []).states.contains(k)
    {
      lines.append(host.globalState(k))
    }
    var ready: Set<ValueID> = []
    let rounds = isWhole ? meetings.rounds : []
    if !isWhole, let site = meetings.rounds.first?.first {
      throw DiagnosticError(
        .notInTarget(
          "a reduction over all tensors in a rule with routes", rule.target,
          at: function.origin(site)))
    }
    for round in 0...rounds.count {
      let available = border.filter { value in
        !ready.contains(value) && leaves.given[value] == nil
          && !function.values(under: value).contains {
            function[$0].operation.isGlobalReduction && leaves.given[$0] == nil
          }
      }
      if !available.isEmpty {
        lines += try shared(available, &leaves)
        ready.formUnion(available)
      }
      if round < rounds.count { lines += try meeting(rounds[round], &leaves) }
    }
    lines += try last(leaves, isWhole: isWhole)
    for output in function.outputs {
      guard case .state(let k) = output.target, variant.states[k].isGlobal else { continue }
      let writer = PythonWriter(function, rule, language, leaves, needs)
      if function[output.value].operation == .state { continue }
      lines.append(host.storeGlobal(k, try writer.text(output.value)))
    }
    return lines
  }

  private func body(
    _ leaves: Leaves, roots: [ValueID], outputs: [Int] = [], named: Set<ValueID> = [],
    indent: String, isLast: Bool = false
  ) throws(DiagnosticError) -> (
    lines: [String], writer: PythonWriter<Language>, listing: Listing
  ) {
    let function = variant.update
    let writer = PythonWriter(function, rule, language, leaves, needs)
    let listing = Listing(
      function, kinds: writer.kinds, roots: roots, outputs: outputs,
      branches: { writer.branches(on: $0) }, named: named, given: Set(leaves.given.keys))
    let body = PythonBody(writer, listing, host, pool, indent: indent, reuses: isLast)
    try body.run()
    return (body.lines, writer, listing)
  }

  /// What is the same for all tensors, under names.
  private func shared(
    _ values: [ValueID], _ leaves: inout Leaves
  ) throws(DiagnosticError) -> [String] {
    let made = try body(leaves, roots: values, named: Set(values), indent: "")
    // What stands inside of a choice may not have been made.
    for value in made.listing.outermost {
      leaves.given[value] = leaves.given[value] ?? made.writer.names[value]
    }
    return made.lines
  }

  /// One round over the tensors, whose numbers are reduced.
  private func meeting(
    _ sites: [ValueID], _ leaves: inout Leaves
  ) throws(DiagnosticError) -> [String] {
    let function = variant.update
    let operands = sites.map { function[$0].a }
    for operand in operands {
      let draws = function.values(under: operand).first {
        function[$0].operation == .draw && leaves.given[$0] == nil
      }
      if let draw = draws {
        throw DiagnosticError(
          .notInTarget(
            "a draw that a reduction over all tensors reads", rule.target, at: function.origin(draw)
          ))
      }
    }
    let given = Set(leaves.given.keys)
    let reads = StepReads(function, roots: operands, given: given)
    let made = try body(leaves, roots: operands, indent: "    ")
    var lines: [String] = []
    var lists: [String] = []
    for (site, operand) in zip(sites, operands) {
      let name = pool.name(site, wanted: function.names[site] ?? "total")
      leaves.given[site] = name
      lists.append(pool.unique(name + "_parts"))
      _ = operand
    }
    for list in lists { lines.append("\(list) = []") }
    lines += host.loop(reads, isLast: false)
    lines += made.lines
    for (list, operand) in zip(lists, operands) {
      lines.append("    \(list).append(\(try made.writer.text(operand)))")
    }
    for (site, list) in zip(sites, lists) {
      let isHost = made.writer.kinds[site.index] == .host
      lines.append("\(leaves.given[site]!) = \(fold(function[site].operation, list, isHost))")
    }
    return lines
  }

  private func fold(_ operation: Operation, _ list: String, _ isHost: Bool) -> String {
    let word =
      switch operation {
      case .globalMaximum: "max"
      case .globalMinimum: "min"
      default: "sum"
      }
    switch Language.module {
    case "torch" where !isHost: return "torch.stack(\(list)).\(word)()"
    case "jnp" where !isHost && word != "sum": return "jnp.\(word)(jnp.stack(\(list)))"
    default: return "\(word)(\(list))"
    }
  }

  /// The round that stores.
  private func last(_ leaves: Leaves, isWhole: Bool) throws(DiagnosticError) -> [String] {
    let function = variant.update
    let order = variant.outputOrder()
    let given = Set(leaves.given.keys)
    let reads = StepReads(
      function, roots: order.map { function.outputs[$0].value }, given: given)
    let made = try body(
      leaves, roots: [], outputs: order, named: host.isInPlace ? variant.entangled(order) : [],
      indent: isWhole ? "    " : "", isLast: true)
    if order.isEmpty { return [] }
    return (isWhole ? host.loop(reads, isLast: true) : []) + made.lines
  }
}

/// Matrices: whether a variant looks at its tensors as rows and columns.
extension RuleVariant {
  var looksAtMatrices: Bool {
    func looks(_ function: Function) -> Bool {
      let live = function.liveValues()
      return function.instructions.indices.contains { i in
        guard live[i] else { return false }
        let instruction = function.instructions[i]
        if instruction.operation == .loop {
          return looks(function.loops[Int(instruction.attribute)].body)
        }
        if instruction.operation == .extent, !instruction.a.isSome {
          let kind = ExtentKind(rawValue: instruction.attribute)
          return kind == .rows || kind == .cols
        }
        let shape = instruction.type.shape
        return !shape.isLike && !shape.isScalar && instruction.type.kind != .tuple
          || [.transpose, .matrixProduct, .svd, .eigh, .qr].contains(instruction.operation)
      }
    }
    return looks(update) || looks(initial)
      || states.contains { !$0.shape.isLike && !$0.shape.isScalar }
      || inputs.contains { !$0.shape.isLike && !$0.shape.isScalar }
  }
}

/// In which order a step stores what it computed.
extension RuleVariant {
  /// The outputs of one tensor, the parameter last.
  func outputOrder() -> [Int] {
    let outputs = update.outputs
    func rank(_ output: Output) -> Int? {
      switch output.target {
      case .state(let k) where states[k].isGlobal: nil
      // A copy of what others change comes before they do.
      case .state: update[output.value].operation.isSource ? 0 : 1
      case .view: 2
      case .parameter: 3
      default: nil
      }
    }
    let ranked = outputs.indices.compactMap { k in rank(outputs[k]).map { (k, $0) } }
    return ranked.sorted { ($0.1, $0.0) < ($1.1, $1.0) }.map(\.0)
  }

  /// The order in which an output that reads an old value comes before the one that replaces it, as far as
  /// there is one.
  func readersFirst(_ order: [Int]) -> [Int] {
    var rest = order
    var result: [Int] = []
    while !rest.isEmpty {
      let next = rest.firstIndex { k in
        !rest.contains { $0 != k && reads(update.outputs[k].target, in: $0) }
      }
      result.append(rest.remove(at: next ?? 0))
    }
    return result
  }

  /// Whether the text of output k reads what a target was before the step.
  private func reads(_ target: OutputTarget, in k: Int) -> Bool {
    let value = update.outputs[k].value
    return update.reaches(value) { part -> Bool? in
      let i = update[part]
      if part != value, update.outputs.contains(where: { $0.value == part }) { return false }
      return switch target {
      case .state(let s): i.operation == .state && Int(i.attribute) == s ? true : nil
      case .parameter: i.operation == .parameter ? true : nil
      default: nil
      }
    }
  }

  /// Outputs that read what an earlier output changes in place (one of `changing`): they are computed under
  /// a name before.
  func entangled(_ order: [Int]) -> Set<ValueID> {
    let function = update
    let outputs = function.outputs
    var changed: [OutputTarget] = []
    var found: Set<ValueID> = []
    for k in order {
      let output = function.outputs[k]
      let readsChanged = function.reaches(output.value) { value -> Bool? in
        let i = function[value]
        // What another output stores has a name and is computed before.
        // So has what the author named, and a loop; but for what may be the same memory by another name.
        let mayShare = [.select, .transpose, .reshape, .slice, .broadcast].contains(i.operation)
        let isStatement =
          function.names[value] != nil && !mayShare || i.operation == .project
        if value != output.value,
          isStatement || outputs.contains(where: { $0.value == value })
        {
          return false
        }
        return changed.contains { target in
          switch target {
          case .state(let s): i.operation == .state && Int(i.attribute) == s
          case .parameter: i.operation == .parameter
          default: false
          }
        } ? true : nil
      }
      if readsChanged { found.insert(output.value) }
      changed.append(output.target)
    }
    return found
  }
}
