import Basics

/// Which operations a rule uses, those inside loops included.
struct CostCensus {
  private(set) var draws: [CostSheet.DrawSite] = []
  private(set) var needsWholeTensor = false
  private var counts: [Operation: Int] = [:]
  private var scopes: [Scope: Int] = [:]
  private var sites: Set<[Int32]> = []

  /// `needed`: the instructions of a path; `operands`: what each of them reads on it.
  init(_ function: Function, needed: [Int], operands: (ValueID) -> [ValueID]) {
    var readers: [ValueID: Set<Int>] = [:]
    for i in needed {
      for operand in operands(ValueID(i)) { readers[operand, default: []].insert(i) }
    }
    add(function, needed) { id in
      // A part of a reduction over all tensors is no reduction of its own.
      let users = readers[id] ?? []
      return !users.isEmpty
        && users.allSatisfy {
          function.instructions[$0].operation.isGlobalReduction
        }
    }
  }

  func count(_ operation: Operation) -> Int { counts[operation] ?? 0 }
  func reductions(_ scope: Scope) -> Int { scopes[scope] ?? 0 }
  var globalSites: Int { sites.count }

  /// Whether an operation takes or places whole entries of a named axis.
  private func isOverEntries(_ instruction: Instruction, _ function: Function) -> Bool {
    let shape = function.type(instruction.a).shape
    switch instruction.operation {
    case .push: return true
    // A list along its axis.
    case .reshape: return shape.rank == 1 && !instruction.type.shape.axes.isEmpty
    case .placeSlice: return function.type(instruction.a).shape.isScalar
    case .slice:
      return !shape.axes.isEmpty
        && function.slices[Int(instruction.attribute)].dropFirst(shape.axes.count)
          .allSatisfy { $0 == .full }
    default: return false
    }
  }

  private mutating func add(
    _ function: Function, _ needed: [Int], isPartOfGlobal: (ValueID) -> Bool
  ) {
    for i in needed {
      let instruction = function.instructions[i]
      counts[instruction.operation, default: 0] += 1
      switch instruction.operation.info.operationClass {
      case .reduction:
        let shape = function.type(instruction.a).shape
        guard !shape.isScalar, !isPartOfGlobal(ValueID(i)) else { continue }
        if let scope = Scope(rawValue: instruction.attribute) { scopes[scope, default: 0] += 1 }
      case .rowwise: scopes[.perRow, default: 0] += 1
      case .globalReduction:
        sites.insert([Int32(instruction.operation.rawValue), instruction.attribute])
      case .matrix, .selection: needsWholeTensor = true
      case .movement:
        let isView =
          instruction.operation == .broadcast || function.type(instruction.a).shape.isScalar
          || isOverEntries(instruction, function)
        if !isView { needsWholeTensor = true }
      case .region where instruction.operation == .loop:
        let body = function.loops[Int(instruction.attribute)].body
        let live = body.liveValues()
        add(body, live.indices.filter { live[$0] }) { _ in false }
      case .source where instruction.operation == .draw:
        let draw = function.draws[Int(instruction.attribute)]
        draws.append(
          CostSheet.DrawSite(
            name: draw.name, distribution: draw.distribution, shape: instruction.type.shape,
            isGlobal: draw.isGlobal))
      default: break
      }
    }
  }
}
