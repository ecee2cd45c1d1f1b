import Diagnostics
import IR

/// Loops over the elements of tensors, written out.
extension CBody {
  /// Writes the open loop out.
  func flush() throws(DiagnosticError) {
    guard !items.isEmpty else { return }
    let group = items
    let place = self.place
    items = []
    members = []
    reductions = []
    let anchor = anchor(group[0])
    writer.place = place
    writer.loaded = []
    writer.loads = []
    var body: [String] = []
    for item in group { body.append(try line(item, group)) }
    let loads = writer.loads
    writer.place = .none
    for item in group {
      if case .reduce(let id) = item { try start(id) }
    }
    let statements = (loads + body).filter { !$0.isEmpty }
    switch place {
    case .none: break
    case .flat: write("for (size_t i = 0; i < n; i++)", statements)
    case .grid(let rows, let cols):
      let i = "for (size_t i = 0; i < \(try writer.length(rows, anchor)); i++)"
      let j = "for (size_t j = 0; j < \(try writer.length(cols, anchor)); j++)"
      if cols.isOne, !rows.isOne {
        write(i, statements)
      } else if rows.isOne {
        write(j, statements)
      } else {
        add(i + " {")
        indent += "    "
        write(j, statements)
        indent = String(indent.dropLast(4))
        add("}")
      }
    }
  }

  private func write(_ head: String, _ statements: [String]) {
    if statements.count == 1, indent.count + head.count + statements[0].count < 95 {
      return add("\(head) \(statements[0])")
    }
    add(head + " {")
    for statement in statements { add("    " + statement) }
    add("}")
  }

  private func anchor(_ item: Item) -> ValueID {
    switch item {
    case .define(let id), .reduce(let id), .assign(let id, _): id
    case .store(let k): function.outputs[k].value
    }
  }

  /// Whether nothing outside of a loop reads a value that it makes.
  private func isLocal(_ id: ValueID, _ group: [Item]) -> Bool {
    var reads = 0
    func visit(_ value: ValueID, _ isRoot: Bool) {
      if value == id, !isRoot {
        reads += 1
        return
      }
      if !isRoot, listing.named.contains(value) || function[value].operation == .project { return }
      for operand in listing.operands(value) { visit(operand, false) }
    }
    for item in group {
      switch item {
      case .define(let value): visit(value, true)
      case .reduce(let value): visit(function[value].a, false)
      case .store(let k): visit(function.outputs[k].value, false)
      case .assign(let value, _): visit(value, false)
      }
    }
    return reads >= listing.uses[id.index]
  }

  private func line(_ item: Item, _ group: [Item]) throws(DiagnosticError) -> String {
    switch item {
    case .define(let id):
      let right = writer.language.text(try writer.definition(id))
      let name = name(id)
      if isLocal(id, group) {
        writer.locals.insert(id)
        return "const double \(name) = \(right);"
      }
      try buffer(name, function.type(id).shape, id)
      return "\(name)[\(try writer.index(function.type(id).shape, id))] = \(right);"
    case .reduce(let id):
      let i = function[id]
      let right = try writer.text(i.a)
      var left = name(id)
      if writer.isTensor(id) {
        try buffer(left, i.type.shape, id)
        left += i.attribute == Scope.perRow.rawValue ? "[i]" : "[j]"
      }
      switch i.operation {
      case .sum: return "\(left) += \(right);"
      case .maximumOf: return "\(left) = \(writer.needs.use("larger"))(\(left), \(right));"
      default: return "\(left) = \(writer.needs.use("smaller"))(\(left), \(right));"
      }
    case .assign(let id, let name):
      let shape = shapeOf(name, id)
      let right = try writer.text(id)
      let left = "\(name)[\(try writer.index(shape, id))]"
      return left == right ? "" : "\(left) = \(right);"
    case .store(let k):
      let output = function.outputs[k]
      let right = try writer.text(output.value)
      let cast = "(real)(\(right))"
      switch output.target {
      case .state(let slot):
        let index = try writer.index(slots[slot].shape, output.value)
        return
          "p->\(writer.leaves.states[slot])[\(index)] = \(plain(right) ? "(real)\(right)" : cast);"
      case .view(let name):
        return
          "p->\(name)[\(try writer.index(.like, output.value))] = \(plain(right) ? "(real)\(right)" : cast);"
      default:
        return
          "p->w[\(try writer.index(.like, output.value))] = \(plain(right) ? "(real)\(right)" : cast);"
      }
    }
  }

  private func plain(_ text: String) -> Bool {
    text.allSatisfy {
      $0.isLetter || $0.isNumber || $0 == "_" || $0 == "." || $0 == "[" || $0 == "]"
    }
  }

  /// The shape in which a buffer is filled by a value: that of the loop.
  private func shapeOf(_ name: String, _ id: ValueID) -> Shape {
    switch writer.place {
    case .flat, .none: .like
    case .grid(let rows, let cols): Shape([rows, cols])
    }
  }

  /// What a reduction begins with.
  private func start(_ id: ValueID) throws(DiagnosticError) {
    let i = function[id]
    let zero =
      i.operation == .sum ? "0.0" : i.operation == .maximumOf ? "-INFINITY" : "INFINITY"
    let name = name(id)
    if !writer.isTensor(id) { return add("double \(name) = \(zero);") }
    let e = i.type.shape.extents
    let isRows = i.attribute == Scope.perRow.rawValue
    let length = try writer.length(isRows ? e[0] : e[e.count - 1], id)
    let k = isRows ? "i" : "j"
    add("for (size_t \(k) = 0; \(k) < \(length); \(k)++) \(name)[\(k)] = \(zero);")
  }
}
