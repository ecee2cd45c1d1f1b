import Diagnostics
import Platform

/// How much a program may ask of the machine. All limits of memory and of work are set here.
package enum Budget {
  /// The most elements of one tensor, counting an axis of length 0 as 1: products of extents within
  /// it overflow no Int, not even in bytes.
  package static let tensorElements = 0x1p40
  /// The most numbers that the values of one evaluation hold together, where whole tensors are
  /// computed one by one (expressions of a script, starting values): 1 GiB in float64.
  package static let values = 0x1p27
  /// The most operations of such an evaluation: each element, and each instruction of an iteration.
  package static let work = 1e9
  /// The most bytes that the states and buffers of one bound program take: what this process may
  /// have, by its limit and by the memory of the machine.
  package static let bytes: Double = {
    let pages = sysconf(Int32(_SC_PHYS_PAGES))
    var result = pages > 0 ? Double(pages) * Double(sysconf(Int32(_SC_PAGESIZE))) : 0x1p34
    var limit = rlimit()
    #if canImport(Glibc)
      let found = getrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit)
    #else
      let found = getrlimit(RLIMIT_AS, &limit)
    #endif
    if found == 0, limit.rlim_cur != rlim_t.max { result = min(result, Double(limit.rlim_cur)) }
    return result * 0.75
  }()

  /// R0813: what stands at `span` takes more memory than there is for it.
  package static func exceeded(
    _ what: String, bytes: Double, limit: Double, at span: Span
  ) -> DiagnosticError {
    DiagnosticError(.tooMuchMemory(what, size(bytes), limit: size(limit), at: span))
  }

  /// Bytes in the unit that people use for so many.
  static func size(_ bytes: Double) -> String {
    var value = bytes
    for unit in ["bytes", "kB", "MB", "GB", "TB"] {
      if value < 999.5 { return "\(Int(value.rounded())) \(unit)" }
      value /= 1000
    }
    return value < 1e6 ? "\(Int(value.rounded())) PB" : "\(value) PB"
  }
}

extension Function {
  /// Throws R0813 where the values of a concrete function are more numbers than `limit`, what one
  /// evaluation may hold, or where its loops make it run too long: at the expression that asks for most.
  package func checkedForEvaluation(
    limit: Double = Budget.values
  ) throws(DiagnosticError) -> Function {
    if let worst = mostNumbers(), worst.total > limit {
      throw Budget.exceeded(
        "this, with what it is made of,", bytes: worst.total * 8, limit: limit * 8,
        at: worst.origin)
    }
    if let loop = loopBeyondWork() {
      throw DiagnosticError(.takesTooLong(rounded(loop.work), limit: Budget.work, at: loop.origin))
    }
    return self
  }

  /// The numbers of all values together, and where the largest of them stands.
  package func mostNumbers() -> (total: Double, largest: Double, origin: Span)? {
    var total = 0.0
    var worst: (count: Double, origin: Span)?
    let needed = liveValues()
    for i in instructions.indices where needed[i] && instructions[i].type.kind != .tuple {
      let count = Double(instructions[i].type.shape.elementCount)
      total += count
      if worst == nil || count > worst!.count { worst = (count, origins[i]) }
    }
    for loop in loops {
      guard let inner = loop.body.mostNumbers() else { continue }
      total += inner.total
      if worst == nil || inner.largest > worst!.count { worst = (inner.largest, inner.origin) }
    }
    return worst.map { (total, $0.count, $0.origin) }
  }

  /// Two digits.
  private func rounded(_ x: Double) -> Double {
    var unit = 1.0
    while x / unit >= 100 { unit *= 10 }
    return (x / unit).rounded() * unit
  }

  private func loopBeyondWork() -> (work: Double, origin: Span)? {
    for i in instructions.indices where instructions[i].operation == .loop {
      let work = work(of: i)
      if work > Budget.work { return (work, origins[i]) }
    }
    return nil
  }

  /// The operations of instruction `i`; a loop with its iterations.
  private func work(of i: Int) -> Double {
    let instruction = instructions[i]
    guard instruction.operation == .loop else {
      return instruction.type.kind == .tuple
        ? 1 : max(1, Double(instruction.type.shape.elementCount))
    }
    let count = self[instruction.a]
    let iterations =
      count.operation == .constant ? constants[Int(count.attribute)] : 1
    let body = loops[Int(instruction.attribute)].body
    // An iteration is an evaluation of its own; that costs as much as some thousand numbers.
    return iterations * body.instructions.indices.reduce(4096) { $0 + body.work(of: $1) }
  }
}
