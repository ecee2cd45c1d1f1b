import Diagnostics
import IR

/// The lines of a function of the IR in C. Neighbouring values over the same elements, the sums of them and
/// the stores of them are one loop; what a later loop reads is kept in a buffer.
final class CBody {
  let writer: CWriter
  let listing: Listing
  let pool: NamePool
  var lines: [String] = []
  var indent: String
  var function: Function { writer.function }
  /// The shapes that states are declared with.
  let slots: [StateSlot]

  enum Item {
    case define(ValueID)
    case reduce(ValueID)
    case store(Int)
    /// A value put into a buffer: an arm of a choice, what a loop carries.
    case assign(ValueID, String)
  }

  var items: [Item] = []
  var place = CWriter.Place.none
  var members: Set<ValueID> = []
  var reductions: Set<ValueID> = []

  init(
    _ writer: CWriter, _ listing: Listing, _ pool: NamePool, slots: [StateSlot], indent: String
  ) {
    self.writer = writer
    self.listing = listing
    self.pool = pool
    self.slots = slots
    self.indent = indent
  }

  /// What needs a statement of its own in C: everything that is no number after number.
  static func named(_ function: Function, _ kinds: [ValueKind]) -> Set<ValueID> {
    let live = function.liveValues()
    var found: Set<ValueID> = []
    for i in function.instructions.indices where live[i] {
      let id = ValueID(i)
      let instruction = function[id]
      let operation = instruction.operation
      if operation.isSource || operation.isElementwise || operation == .broadcast
        || operation == .loop || operation == .project || operation.isGlobalReduction
      {
        continue
      }
      found.insert(id)
      // What is read as a whole is a buffer.
      if !operation.isReduction {
        for operand in function.operands(id) where kinds[operand.index] == .tensor {
          found.insert(operand)
        }
      }
    }
    for loop in function.loops {
      found.formUnion(loop.captured.filter { kinds[$0.index] == .tensor })
    }
    return found.filter { !function[$0].operation.isSource && function[$0].operation != .project }
  }

  func run() throws(DiagnosticError) {
    try write(listing.statements)
    try flush()
  }

  func add(_ line: String) { lines.append(indent + line) }

  private func write(_ statements: [Listing.Statement]) throws(DiagnosticError) {
    for statement in statements {
      switch statement {
      case .define(let id): try define(id)
      case .several(let id, _):
        throw writer.refuse(
          "the decomposition `\(function[id].operation.info.name)` with libm alone", id)
      case .loop(let id): try loop(id)
      case .branch(let condition, let selects, let then, let otherwise):
        try branch(condition, selects, then, otherwise)
      case .output(let k): try output(k)
      }
    }
  }

  // MARK: Names

  func name(_ id: ValueID) -> String {
    if let name = writer.names[id] { return name }
    var wanted = function.names[id]
    if function[id].operation == .draw {
      let own = function.draws[Int(function[id].attribute)].name
      wanted = own.isEmpty ? wanted : own
    }
    for output in function.outputs where output.value == id && wanted == nil {
      if case .state(let k) = output.target { wanted = writer.leaves.states[k] + "_new" }
      if case .parameter = output.target { wanted = "w_new" }
    }
    if wanted == nil {
      switch function[id].operation {
      case .sum: wanted = "total"
      case .maximumOf: wanted = "most"
      case .minimumOf: wanted = "least"
      default: break
      }
    }
    let name = pool.name(id, wanted: wanted)
    writer.names[id] = name
    return name
  }

  // MARK: Reads

  /// The named values and sources that the text of a value reads.
  private func leaves(_ root: ValueID, definition: Bool) -> Set<ValueID> {
    var found: Set<ValueID> = []
    func visit(_ id: ValueID, _ isRoot: Bool) {
      let isLeaf =
        function[id].operation.isSource || writer.leaves.given[id] != nil
        || listing.named.contains(id) || function[id].operation == .project
      if isLeaf, !(isRoot && definition) {
        found.insert(id)
        return
      }
      for operand in listing.operands(id) { visit(operand, false) }
    }
    visit(root, true)
    return found
  }

  /// The loop in which a value's elements are computed.
  private func loopPlace(
    _ root: ValueID, shape: Shape, definition: Bool
  ) -> CWriter.Place {
    let inner = leaves(root, definition: definition).filter { writer.isTensor($0) }
    let isFlat =
      shape.isLike
      && inner.allSatisfy {
        function.type($0).shape.isLike
          && ![.identity, .iota].contains(function[$0].operation)
      }
    if isFlat { return .flat }
    let e = shape.extents
    switch e.count {
    case 0: return .grid(.fixed(1), .fixed(1))
    case 1: return .grid(.fixed(1), e[0])
    default: return .grid(e[0], e[1])
    }
  }

  /// Takes an item into the open loop, or closes that and opens another.
  private func take(
    _ item: Item, reading root: ValueID, shape: Shape, definition: Bool
  ) throws(DiagnosticError) {
    if shape.extents.count > 2 { throw writer.refuse("a tensor of more than two axes", root) }
    let wanted = loopPlace(root, shape: shape, definition: definition)
    let inner = leaves(root, definition: definition)
    let fits =
      !items.isEmpty && wanted == place && inner.isDisjoint(with: reductions)
      && inner.intersection(members).allSatisfy { function.type($0).shape == shape }
    if !fits {
      try flush()
      place = wanted
    }
    items.append(item)
  }

  // MARK: Statements

  private func define(_ id: ValueID) throws(DiagnosticError) {
    let i = function[id]
    if i.operation == .quantile {
      try flush()
      return try whole(id)
    }
    if !writer.isTensor(id), !i.operation.isReduction {
      if !leaves(id, definition: true).isDisjoint(with: members.union(reductions)) { try flush() }
      let right = writer.language.text(try writer.definition(id))
      add("const double \(name(id)) = \(right);")
      return
    }
    if i.operation.isReduction { return try reduce(id) }
    if i.operation.isElementwise || [.broadcast, .identity, .iota, .draw].contains(i.operation) {
      try take(.define(id), reading: id, shape: i.type.shape, definition: true)
      members.insert(id)
      return
    }
    try flush()
    try whole(id)
  }

  private func reduce(_ id: ValueID) throws(DiagnosticError) {
    let i = function[id]
    guard let scope = Scope(rawValue: i.attribute), scope.axis == nil, scope != .leading,
      function.type(i.a).shape.axes.isEmpty
    else { throw writer.refuse("a reduction over a named axis", id) }
    guard [.sum, .maximumOf, .minimumOf].contains(i.operation) else {
      throw writer.refuse("`\(i.operation.info.name)`", id)
    }
    if !writer.isTensor(i.a) {
      add("const double \(name(id)) = \(try writer.text(i.a));")
      return
    }
    let shape = function.type(i.a).shape
    if scope != .all {
      // Rows and columns are looked at one by one.
      try flush()
      let e = shape.extents
      place = e.count == 2 ? .grid(e[0], e[1]) : .grid(.fixed(1), e.first ?? .fixed(1))
      let inner = leaves(i.a, definition: false)
      if !inner.isDisjoint(with: members) { try flush() }
      items.append(.reduce(id))
    } else {
      try take(.reduce(id), reading: i.a, shape: shape, definition: false)
    }
    reductions.insert(id)
  }

  private func output(_ k: Int) throws(DiagnosticError) {
    let output = function.outputs[k]
    switch output.target {
    case .state(let slot):
      let shape = slots[slot].shape
      if shape.isScalar {
        try flush()
        add("p->\(writer.leaves.states[slot]) = \(try writer.text(output.value));")
        return
      }
      try take(.store(k), reading: output.value, shape: shape, definition: false)
    case .parameter, .view:
      try take(.store(k), reading: output.value, shape: .like, definition: false)
    default: break
    }
  }

  private func branch(
    _ condition: ValueID, _ selects: [ValueID], _ then: [Listing.Statement],
    _ otherwise: [Listing.Statement]
  ) throws(DiagnosticError) {
    try flush()
    let test = try writer.text(condition)
    for select in selects {
      let name = name(select)
      if writer.isTensor(select) {
        try buffer(name, function.type(select).shape, select)
      } else {
        add("double \(name);")
      }
    }
    let outer = indent
    for (isThen, statements) in [(true, then), (false, otherwise)] {
      indent = outer
      add(isThen ? "if (\(test)) {" : "} else {")
      indent += "    "
      let names = pool.taken
      try write(statements)
      for select in selects {
        let arm = isThen ? function[select].b : function[select].c
        if writer.isTensor(select) {
          try take(
            .assign(arm, writer.names[select]!), reading: arm, shape: function.type(select).shape,
            definition: false)
        } else {
          if !leaves(arm, definition: false).isDisjoint(with: members.union(reductions)) {
            try flush()
          }
          add("\(writer.names[select]!) = \(try writer.text(arm));")
        }
      }
      try flush()
      pool.taken = names
    }
    indent = outer
    add("}")
  }

  // MARK: Whole tensors

  func buffer(_ name: String, _ shape: Shape, _ id: ValueID) throws(DiagnosticError) {
    if writer.needs.buffers.contains(where: { $0.name == name }) { return }
    writer.needs.buffers.append((name, try count(shape, id)))
  }

  private func count(_ shape: Shape, _ id: ValueID) throws(DiagnosticError) -> String {
    if shape.isLike { return "n" }
    var factors: [String] = []
    for extent in shape.extents where !extent.isOne {
      factors.append(try writer.length(extent, id))
    }
    return factors.isEmpty ? "1" : factors.joined(separator: " * ")
  }

  /// A value as the name of a buffer; a tensor of the host's type is copied into one.
  private func array(_ id: ValueID) throws(DiagnosticError) -> String {
    if let name = writer.names[id] ?? writer.leaves.given[id] { return name }
    if function[id].operation == .argument {
      return writer.leaves.arguments[Int(function[id].attribute)]
    }
    let name = name(id)
    try buffer(name, function.type(id).shape, id)
    writer.names[id] = nil
    try take(.assign(id, name), reading: id, shape: function.type(id).shape, definition: false)
    try flush()
    writer.names[id] = name
    return name
  }

  private func whole(_ id: ValueID) throws(DiagnosticError) {
    let i = function[id]
    switch i.operation {
    case .matrixProduct:
      let (a, b) = (try array(i.a), try array(i.b))
      let name = name(id)
      try buffer(name, i.type.shape, id)
      let x = function.type(i.a).shape.extents
      let y = function.type(i.b).shape.extents
      guard x.count == 2, y.count == 2 else { throw writer.refuse("a product of vectors", id) }
      let lengths =
        "\(try writer.length(x[0], id)), \(try writer.length(x[1], id)), \(try writer.length(y[1], id))"
      add("\(writer.needs.use("matmul"))(\(lengths), \(a), \(b), \(name));")
    case .transpose:
      let a = try array(i.a)
      let name = name(id)
      try buffer(name, i.type.shape, id)
      let e = function.type(i.a).shape.extents
      guard e.count == 2 else { throw writer.refuse("the transpose of a vector", id) }
      add(
        "\(writer.needs.use("transpose"))(\(try writer.length(e[0], id)), \(try writer.length(e[1], id)), \(a), \(name));"
      )
    case .quantile where i.attribute == 0:
      let a = try array(i.a)
      let copy = pool.unique("sorted")
      let length = try count(function.type(i.a).shape, id)
      writer.needs.buffers.append((copy, length))
      add("for (size_t i = 0; i < \(length); i++) \(copy)[i] = \(a)[i];")
      add(
        "const double \(name(id)) = \(writer.needs.use("quantile"))(\(length), \(copy), \(try writer.text(i.b)));"
      )
    case .reshape:
      // The same numbers in the same order.
      writer.names[id] = try array(i.a)
    default: throw writer.refuse(i.operation.construct, id)
    }
  }

  private func loop(_ id: ValueID) throws(DiagnosticError) {
    try flush()
    let instruction = function[id]
    let loop = function.loops[Int(instruction.attribute)]
    var carried: [String] = []
    for k in loop.initial.indices {
      let value = loop.initial[k]
      let own = listing.projection(k, of: id).flatMap { function.names[$0] }
      let name = pool.unique(own ?? "x")
      carried.append(name)
      if writer.isTensor(value) {
        try buffer(name, function.type(value).shape, value)
        try take(
          .assign(value, name), reading: value, shape: function.type(value).shape, definition: false
        )
      } else {
        add("double \(name) = \(try writer.text(value));")
      }
    }
    try flush()
    var captured: [String] = []
    for value in loop.captured {
      captured.append(writer.isTensor(value) ? try array(value) : try writer.text(value))
    }
    let count = try writer.text(instruction.a, in: .postfix)
    let turn = pool.unique("turn")
    add("for (size_t \(turn) = 0; \(turn) < (size_t)\(count); \(turn)++) {")
    var leaves = writer.leaves
    leaves.arguments = carried + captured
    leaves.given = [:]
    let kinds = loop.body.kinds(
      arguments: function.argumentKinds(loop, writer.kinds), tracesHypers: false)
    let inner = CWriter(loop.body, writer.rule, leaves, writer.needs, kinds: kinds)
    inner.outer = writer.outer ?? writer
    let results = carried.indices.compactMap { loop.body.output(.result($0)) }
    let isOne = results.count == 1
    let list = Listing(
      loop.body, kinds: kinds, roots: results, branches: { kinds[$0.index] != .tensor },
      named: CBody.named(loop.body, kinds).union(isOne ? [] : results))
    let body = CBody(inner, list, pool.inner(), slots: slots, indent: indent + "    ")
    try body.run()
    for (name, result) in zip(carried, results) {
      if kinds[result.index] == .tensor {
        try body.take(
          .assign(result, name), reading: result, shape: loop.body.type(result).shape,
          definition: false)
      } else {
        body.add("\(name) = \(try inner.text(result));")
      }
    }
    try body.flush()
    lines += body.lines
    add("}")
    for projection in listing.projections(of: id) {
      writer.names[projection] = carried[Int(function[projection].attribute)]
    }
  }
}
