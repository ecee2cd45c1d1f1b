import Diagnostics
import IR

/// How a body leaves what it computes.
protocol PythonStores {
  /// The line that stores a state's value after the step; `old` is the name of the value before it.
  func state(_ k: Int, _ value: String, mayShare: Bool) -> String
  func parameter(_ value: String) -> String
  func view(_ name: String, _ value: String, mayShare: Bool) -> String
  /// Whether names are bound to memory that stays: then a state is changed in place.
  var isInPlace: Bool { get }
  /// Whether the name of the parameter may be given to the value after the step.
  var rebindsParameter: Bool { get }
  /// Whether a step gives what is to be added to the parameter.
  var givesDelta: Bool { get }
  /// Whether a state is kept in another type than it is computed in.
  func isApart(_ k: Int) -> Bool
}

extension PythonStores {
  var isInPlace: Bool { false }
  var rebindsParameter: Bool { false }
  var givesDelta: Bool { false }
  func isApart(_ k: Int) -> Bool { false }
}

/// The lines of a function of the IR in Python: named values, choices, loops and stores.
final class PythonBody<Language: PythonDialect> {
  let writer: PythonWriter<Language>
  let listing: Listing
  private let stores: any PythonStores
  private let pool: NamePool
  private(set) var lines: [String] = []
  private var indent: String
  private var function: Function { writer.function }

  init(
    _ writer: PythonWriter<Language>, _ listing: Listing, _ stores: any PythonStores,
    _ pool: NamePool, indent: String, reuses: Bool = false
  ) {
    self.writer = writer
    self.listing = listing
    self.stores = stores
    self.pool = pool
    self.indent = indent
    writer.uses = listing.uses
    if reuses { reuseNames() }
  }

  /// The values after the step take over the names of those before it, where these are read no more.
  private var replaced: [ValueID: OutputTarget] = [:]

  private func reuseNames() {
    let reads = LastReads(listing)
    var free: Set<String> = []
    for output in function.outputs {
      let name: String
      let isSource: (Instruction) -> Bool
      switch output.target {
      case .state(let k):
        guard k < writer.leaves.states.count, !writer.leaves.states[k].isEmpty else { continue }
        name = writer.leaves.states[k]
        isSource = { $0.operation == .state && Int($0.attribute) == k }
      case .parameter:
        name = writer.leaves.parameter
        isSource = { $0.operation == .parameter }
      default: continue
      }
      guard listing.named.contains(output.value), reads.made[output.value] != nil,
        writer.names[output.value] == nil, writer.leaves.given[output.value] == nil,
        !free.contains(name)
      else { continue }
      let old = function.instructions.indices.first { isSource(function.instructions[$0]) }
      if let old, !reads.isFree(ValueID(old), after: output.value) { continue }
      if case .parameter = output.target, !stores.rebindsParameter { continue }
      free.insert(name)
      writer.names[output.value] = name
      replaced[output.value] = output.target
    }
  }

  func run() throws(DiagnosticError) { try write(listing.statements) }

  private func add(_ line: String) { lines.append(indent + line) }

  private func write(_ statements: [Listing.Statement]) throws(DiagnosticError) {
    for statement in statements {
      switch statement {
      case .define(let id): try define(id)
      case .several(let id, let results): try several(id, results)
      case .loop(let id): try loop(id)
      case .branch(let condition, let selects, let then, let otherwise):
        try branch(condition, selects, then, otherwise)
      case .output(let k): try output(k)
      }
    }
  }

  // MARK: Names

  private func name(_ id: ValueID) -> String {
    if let name = writer.names[id] { return name }
    let name = pool.name(id, wanted: ownName(id))
    writer.names[id] = name
    return name
  }

  /// What the author calls it: by its own name, that of its draw, or as what a state becomes.
  private func ownName(_ id: ValueID) -> String? {
    if function[id].operation == .draw {
      let name = function.draws[Int(function[id].attribute)].name
      if !name.isEmpty { return name }
    }
    if let name = function.names[id] { return name }
    for output in function.outputs where output.value == id {
      switch output.target {
      case .state(let k): return writer.leaves.states[k] + "_new"
      case .parameter: return writer.leaves.parameter + "_new"
      default: break
      }
    }
    return nil
  }

  // MARK: Statements

  private func define(_ id: ValueID) throws(DiagnosticError) {
    let right = try writer.definition(id)
    if stores.isInPlace, case .state(let k)? = replaced[id] {
      lines += try InPlace(writer).update(id, of: writer.leaves.states[k], state: k)
        .map { indent + $0 }
      return
    }
    add("\(name(id)) = \(writer.language.text(right))")
  }

  private func several(_ id: ValueID, _ results: [ValueID]) throws(DiagnosticError) {
    let count = ShapeRules.results(of: function[id].operation, function.type(function[id].a)).count
    let right = writer.language.text(try writer.definition(id))
    var left: [String] = []
    for k in 0..<count {
      let result = results.first { Int(function[$0].attribute) == k }
      let isRead = result.map { listing.uses[$0.index] > 0 } ?? false
      left.append(isRead ? name(result!) : "_")
    }
    add("\(left.joined(separator: ", ")) = \(right)")
  }

  private func branch(
    _ condition: ValueID, _ selects: [ValueID], _ then: [Listing.Statement],
    _ otherwise: [Listing.Statement]
  ) throws(DiagnosticError) {
    let test = try writer.text(condition)
    for select in selects where !isInPlace(select) { _ = name(select) }
    let outer = indent
    let start = lines.count
    add("if \(test):")
    indent += "    "
    let names = pool.taken
    try write(then)
    for select in selects { try assign(select, function[select].b) }
    if lines.count == start + 1 { add("pass") }
    let middle = lines.count
    lines.append(outer + "else:")
    // Names of one arm are free in the other where nothing else reads what has them.
    if !listing.isRead(then, outsideOf: selects) { pool.taken = names }
    try write(otherwise)
    for select in selects { try assign(select, function[select].c) }
    indent = outer
    if lines.count == middle + 1 { lines.removeLast() }
    if lines[start + 1] == outer + "    pass", middle == start + 2, lines.count > middle {
      lines[start] = outer + "if not (\(test)):"
      lines.removeSubrange(start + 1...middle)
    }
  }

  private func isInPlace(_ id: ValueID) -> Bool {
    guard stores.isInPlace, case .state? = replaced[id] else { return false }
    return true
  }

  private func assign(_ select: ValueID, _ arm: ValueID) throws(DiagnosticError) {
    if isInPlace(select), case .state(let k)? = replaced[select] {
      let own = writer.leaves.states[k]
      if try writer.text(arm) == own { return }
      lines += try InPlace(writer).assign(arm, to: own, state: k).map { indent + $0 }
      return
    }
    let left = name(select)
    let right = try writer.armText(arm, of: select)
    if left != right { add("\(left) = \(right)") }
  }

  private func output(_ k: Int) throws(DiagnosticError) {
    let output = function.outputs[k]
    let shares = mayShare(output.value)
    switch output.target {
    case .state(let slot):
      if stores.isInPlace {
        let name = writer.leaves.states[slot]
        if replaced[output.value] != output.target {
          lines += try InPlace(writer).assign(output.value, to: name, state: slot)
            .map { indent + $0 }
        }
        if stores.isApart(slot) { add(stores.state(slot, name, mayShare: false)) }
        return
      }
      add(stores.state(slot, try writer.text(output.value), mayShare: shares))
    case .parameter: try parameter(output.value)
    case .view(let name): add(stores.view(name, try writer.text(output.value), mayShare: shares))
    default: break
    }
  }

  private func parameter(_ value: ValueID) throws(DiagnosticError) {
    let name = writer.leaves.parameter
    if stores.isInPlace, stores.parameter("") == name {
      lines += try InPlace(writer).assign(value, to: name, state: nil).map { indent + $0 }
      return
    }
    let text = stores.givesDelta ? try delta(value, name) : try writer.text(value)
    for line in stores.parameter(text).split(separator: "\n") { add(String(line)) }
  }

  /// What is to be added to the parameter for it to become a value.
  private func delta(_ value: ValueID, _ name: String) throws(DiagnosticError) -> String {
    let i = function[value]
    if writer.names[value] == nil, i.operation == .subtract, function[i.a].operation == .parameter {
      return "-" + (try writer.text(i.b, in: .product))
    }
    if writer.names[value] == nil, i.operation == .add, function[i.a].operation == .parameter {
      return try writer.text(i.b)
    }
    return "\(try writer.text(value, in: .sum)) - \(name)"
  }

  /// Whether a value may be the memory of a parameter, a gradient or a state under another name.
  private func mayShare(_ id: ValueID) -> Bool {
    let instruction = function[id]
    switch instruction.operation {
    case .parameter, .gradient, .input, .state:
      return writer.names[id] == nil
    case .select:
      return (writer.kinds[instruction.a.index] != .tensor)
        && (mayShare(instruction.b) || mayShare(instruction.c))
    case .transpose, .reshape, .slice, .broadcast: return mayShare(instruction.a)
    default: return false
    }
  }

  // MARK: Loops

  private func loop(_ id: ValueID) throws(DiagnosticError) {
    let instruction = function[id]
    let loop = function.loops[Int(instruction.attribute)]
    var carried: [String] = []
    for k in loop.initial.indices {
      let own = listing.projection(k, of: id).flatMap { function.names[$0] }
      let name = pool.unique(own ?? "x")
      carried.append(name)
    }
    for (name, value) in zip(carried, loop.initial) {
      let text = try writer.text(value)
      if text != name { add("\(name) = \(text)") }
    }
    var captured: [String] = []
    for value in loop.captured { captured.append(try writer.text(value)) }
    let count = try writer.text(instruction.a)
    let isPlain = [.hyper, .constant].contains(function[instruction.a].operation)
    add("for _ in range(\(isPlain ? count : "int(\(count))")):")
    var leaves = writer.leaves
    leaves.arguments = carried + captured
    leaves.given = [:]
    let kinds = loop.body.kinds(
      arguments: function.argumentKinds(loop, writer.kinds),
      tracesHypers: Language.tracesHypers, except: writer.rule.structural)
    let inner = PythonWriter(
      loop.body, writer.rule, writer.language, leaves, writer.needs, kinds: kinds)
    if let outer = writer.outerLengths {
      inner.outerLengths = outer
    } else {
      var lengths: [String] = []
      for extent in function.extents { lengths.append(try writer.text(extent)) }
      inner.outerLengths = lengths
    }
    let results = carried.indices.compactMap { loop.body.output(.result($0)) }
    let list = Listing(
      loop.body, kinds: kinds, roots: results, branches: { inner.branches(on: $0) })
    let body = PythonBody(inner, list, stores, pool.inner(), indent: indent + "    ")
    try body.run()
    lines += body.lines
    var next: [String] = []
    for result in results { next.append(try inner.text(result)) }
    lines.append(
      "\(indent)    \(carried.joined(separator: ", ")) = \(next.joined(separator: ", "))")
    for projection in listing.projections(of: id) {
      writer.names[projection] = carried[Int(function[projection].attribute)]
    }
  }
}
