import Diagnostics
import IR

/// Changes of a tensor of PyTorch in place: `m.mul_(beta).add_(g, alpha=1 - beta)` where the value after the
/// step has that form, else `m.copy_(…)`.
struct InPlace<Language: PythonDialect> {
  private let writer: PythonWriter<Language>
  private var function: Function { writer.function }

  init(_ writer: PythonWriter<Language>) { self.writer = writer }

  /// Stores a value, which may have a name already, in the tensor `name`: state k, or w.
  func assign(
    _ id: ValueID, to name: String, state k: Int?
  ) throws(DiagnosticError) -> [String] {
    if writer.isOld(id, k) { return [] }
    if writer.names[id] != nil || writer.leaves.given[id] != nil
      || function[id].operation == .project
    {
      return ["\(name).copy_(\(try writer.text(id)))"]
    }
    return try update(id, of: name, state: k)
  }

  /// The definition of a value as a change of `name`.
  func update(
    _ id: ValueID, of name: String, state k: Int?
  ) throws(DiagnosticError) -> [String] {
    let i = function[id]
    if writer.kinds[id.index] != .tensor {
      let right = writer.language.text(try writer.definition(id))
      return [
        writer.kinds[id.index] == .host ? "\(name).fill_(\(right))" : "\(name).copy_(\(right))"
      ]
    }
    switch i.operation {
    case .add:
      for (x, y) in [(i.a, i.b), (i.b, i.a)] {
        if let chain = try start(x, name, k), !writer.reads(y, k) || writer.isOld(x, k) {
          return [chain + (try addend(y, negated: false))]
        }
      }
    case .subtract:
      if let chain = try start(i.a, name, k), !writer.reads(i.b, k) || writer.isOld(i.a, k) {
        return [chain + (try addend(i.b, negated: true))]
      }
    case .multiply, .divide:
      if let chain = try start(id, name, k) { return [chain] }
    default: break
    }
    if function[id].operation == .broadcast, writer.kinds[i.a.index] == .host {
      return ["\(name).fill_(\(try writer.text(i.a)))"]
    }
    let right = writer.language.text(try writer.definition(id))
    if right == name { return [] }
    return ["\(name).copy_(\(right))"]
  }

  /// `m`, `m.mul_(x)` or `m.div_(x)`, if that is what a value is.
  private func start(_ id: ValueID, _ name: String, _ k: Int?) throws(DiagnosticError) -> String? {
    if writer.isOld(id, k) { return name }
    let i = function[id]
    guard writer.names[id] == nil else { return nil }
    if i.operation == .multiply, i.a != i.b {
      for (x, y) in [(i.a, i.b), (i.b, i.a)] where writer.isOld(x, k) && !writer.reads(y, k) {
        return "\(name).mul_(\(try writer.text(y)))"
      }
    }
    if i.operation == .divide, writer.isOld(i.a, k), !writer.reads(i.b, k) {
      return "\(name).div_(\(try writer.text(i.b)))"
    }
    return nil
  }

  private func addend(_ id: ValueID, negated: Bool) throws(DiagnosticError) -> String {
    let i = function[id]
    let plain = negated ? "sub_" : "add_"
    guard writer.names[id] == nil, i.operation == .multiply, i.a != i.b else {
      return ".\(plain)(\(try writer.text(id)))"
    }
    for (factor, x) in [(i.a, i.b), (i.b, i.a)]
    where writer.kinds[factor.index] == .host && writer.kinds[x.index] == .tensor {
      let sign = negated ? "-" : ""
      let scale = sign + (try writer.text(factor, in: negated ? .power : .conditional))
      let inner = function[x]
      if writer.names[x] == nil, inner.operation == .multiply || inner.operation == .divide,
        writer.kinds[inner.a.index] == .tensor, writer.kinds[inner.b.index] == .tensor,
        function.type(inner.a).kind == .real, function.type(inner.b).kind == .real
      {
        let word = inner.operation == .multiply ? "addcmul_" : "addcdiv_"
        return ".\(word)(\(try writer.text(inner.a)), \(try writer.text(inner.b)), value=\(scale))"
      }
      return ".add_(\(try writer.text(x)), alpha=\(scale))"
    }
    return ".\(plain)(\(try writer.text(id)))"
  }
}
