/// Which operations a rule uses, those inside loops included.
struct CostCensus {
  private(set) var draws: [CostSheet.DrawSite] = []
  private(set) var needsWholeTensor = false
  private var counts: [Operation: Int] = [:]
  private var scopes: [Scope: Int] = [:]
  private var sites: Set<[Int32]> = []

  init(_ function: Function) { add(function) }

  func count(_ operation: Operation) -> Int { counts[operation] ?? 0 }
  func reductions(_ scope: Scope) -> Int { scopes[scope] ?? 0 }
  var globalSites: Int { sites.count }

  private mutating func add(_ function: Function) {
    let live = function.liveValues()
    for (i, instruction) in function.instructions.enumerated() where live[i] {
      counts[instruction.operation, default: 0] += 1
      switch instruction.operation.info.operationClass {
      case .reduction:
        let shape = function.type(instruction.a).shape
        guard shape.isLike || shape.extents.contains(.rows) || shape.extents.contains(.cols) else {
          continue
        }
        if let scope = Scope(rawValue: instruction.attribute) { scopes[scope, default: 0] += 1 }
      case .rowwise: scopes[.perRow, default: 0] += 1
      case .globalReduction:
        sites.insert([Int32(instruction.operation.rawValue), instruction.attribute])
      case .matrix, .decomposition, .selection: needsWholeTensor = true
      case .movement:
        let isView = instruction.operation == .broadcast || function.type(instruction.a).shape.isScalar
        if !isView { needsWholeTensor = true }
      case .region where instruction.operation == .loop:
        add(function.loops[Int(instruction.attribute)].body)
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
