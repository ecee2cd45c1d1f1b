import Basics
import CKernels
import Diagnostics
import IR

/// How a tensor value lies in memory: a slot, the first element, and a stride for each of its axes.
struct View: Hashable {
  var slot: Int32
  /// Elements.
  var offset: Int
  var strides: [Int]
}

/// How a value is had.
enum Placement {
  case dead
  case register(Int32)
  /// Computed chunk by chunk wherever it is needed, stored only if `buffer` says so.
  case virtual
  /// The elements of another value in the same order under another shape.
  case alias(ValueID)
  case memory(View)
  /// Several values; its projections have places of their own.
  case several
}

/// How what a plan reads and writes lies in memory.
struct PlanFormats {
  /// Parameters, gradients and views: the host's.
  var parameter: SlotFormat
  /// w', where chance may round.
  var update: SlotFormat
  /// The states; those that are missing are as they are computed.
  var states: [SlotFormat]

  init(_ element: ElementType, states: [SlotFormat] = [], roundsByChance: Bool = false) {
    parameter = element.format
    update = parameter
    if roundsByChance, parameter.width == 2 { update.site = RoundingSite.parameter }
    self.states = states
  }

  func of(_ role: PlanSlot.Role, computed: SlotFormat) -> SlotFormat {
    switch role {
    case .parameter: update
    case .gradient, .output(.view), .output(.gradient): parameter
    case .state(let k): k < states.count ? states[k] : computed
    default: computed
    }
  }
}

/// Turns a concrete function into a plan.
///
/// Values that are elementwise are recomputed by every pass that needs them. Passes are made by
/// stages: a reduction, a matrix function or a broadcast of something computed ends a stage for what
/// depends on it, and all elementwise work of one stage and one length is one pass. Stages count up
/// from `phase << phaseShift`; between two phases stands a barrier for all tensors.
struct Planner {
  static let phaseShift = 24

  let f: Function
  /// The type of the arithmetic.
  let element: ElementType
  let formats: PlanFormats
  /// The phase at whose end each global site is known.
  let sitePhases: [Int]
  /// Until this phase begins some oracle may read the parameters as they were.
  let firstPhaseAfterOracles: Int
  /// Loops are written out as long as that makes no more values than this.
  let unrollLimit: Int
  /// Elements of a block of a pass.
  let block: Int

  var live: [Bool] = []
  var placement: [Placement]
  /// The contiguous copy of a value that some step reads as a whole, or -1.
  var buffer: [Int32]
  var predicates: [Predicate] = []
  /// Operands and conditions before what they serve.
  var order: [Int] = []
  /// Stage from which a scalar is known, or in which a virtual value can first be computed.
  var depth: [Int]
  /// Stage in which a reduction or step runs.
  var runStage: [Int]
  /// Stage in which the contiguous copy of a value is stored: of what a pass or a step gives, a later one.
  var storeStage: [Int]
  /// Per slot: the first stage whose passes may read it; and whose steps after the passes may.
  var passReady: [Int] = []
  var stepReady: [Int] = []
  var roots: [Root] = []
  var scalarOps: [Int: [rv_scalar]] = [:]
  var predicateRegisters: [Predicate: Int32] = [:]
  var plan: Plan

  var width: Int { element.byteCount }
  var computed: SlotFormat { element.format }

  init(
    _ f: Function, element: ElementType, formats: PlanFormats, sitePhases: [Int],
    firstPhaseAfterOracles: Int, unrollLimit: Int, block: Int
  ) {
    self.unrollLimit = unrollLimit
    self.block = block
    self.f = f
    self.element = element
    self.formats = formats
    self.sitePhases = sitePhases
    self.firstPhaseAfterOracles = firstPhaseAfterOracles
    let count = f.instructions.count
    placement = [Placement](repeating: .dead, count: count)
    buffer = [Int32](repeating: -1, count: count)
    depth = [Int](repeating: 0, count: count)
    runStage = [Int](repeating: 0, count: count)
    storeStage = runStage
    plan = Plan(name: f.name, element: element)
  }

  /// The plan of a concrete function.
  static func plan(
    _ function: Function, element: ElementType, formats: PlanFormats? = nil, sitePhases: [Int] = [],
    firstPhaseAfterOracles: Int = 0, unrollLimit: Int = 4_000,
    block: Int = Cutting.usual.block
  ) throws(DiagnosticError) -> Plan {
    WorkCounts.notePlan(function.name)
    var planner = Planner(
      try unrolled(function, unrollLimit), element: element.compute,
      formats: formats ?? PlanFormats(element), sitePhases: sitePhases,
      firstPhaseAfterOracles: firstPhaseAfterOracles, unrollLimit: unrollLimit,
      block: block)
    return try planner.run()
  }

  mutating func run() throws(DiagnosticError) -> Plan {
    plan.phaseCount = (sitePhases.max().map { $0 + 1 } ?? 0) + 1
    live = f.liveValues()
    plan.drawNames = f.draws.map(\.name)
    plan.drawCounts = f.draws.map { _ in 0 }
    for (i, instruction) in f.instructions.enumerated() where instruction.operation == .draw {
      plan.drawCounts[Int(instruction.attribute)] = count(ValueID(i))
    }
    for i in f.instructions.indices where live[i] { try place(ValueID(i)) }
    findPredicates()
    orderValues()
    findStages()
    collectRoots()
    try emit()
    plan.witness = witness()
    allocateArena()
    return plan
  }

  // MARK: Small questions

  func shape(_ v: ValueID) -> [Int] { f.type(v).shape.extents.map(\.value) }
  func count(_ v: ValueID) -> Int { f.type(v).shape.elementCount }
  func isScalar(_ v: ValueID) -> Bool { f.type(v).shape.isScalar }

  static func contiguousStrides(_ shape: [Int]) -> [Int] {
    var strides = [Int](repeating: 1, count: shape.count)
    for axis in stride(from: shape.count - 2, through: 0, by: -1) {
      strides[axis] = strides[axis + 1] * shape[axis + 1]
    }
    return strides
  }

  func isContiguous(_ view: View, _ shape: [Int]) -> Bool {
    let expected = Self.contiguousStrides(shape)
    return shape.contains(0)
      || shape.indices.allSatisfy { shape[$0] == 1 || view.strides[$0] == expected[$0] }
  }

  /// Whether a number comes from numbers alone, by an operation that is the same for one entry as
  /// for many.
  func isOfNumbers(_ v: ValueID) -> Bool {
    let instruction = f[v]
    switch instruction.operation.info.operationClass {
    case .elementwise, .reduction, .rowwise, .selection:
      return isScalar(v) && f.operands(v).allSatisfy { isScalar($0) }
    default: return false
    }
  }

  func register(_ v: ValueID) -> Int32 {
    if case .register(let r) = placement[v.index] { return r }
    return 0
  }

  mutating func newRegister() -> Int32 {
    plan.registerCount += 1
    return Int32(plan.registerCount - 1)
  }

  mutating func newSlot(
    _ role: PlanSlot.Role, count: Int, format: SlotFormat? = nil
  ) -> Int32 {
    plan.slots.append(PlanSlot(role: role, count: count, format: format ?? computed))
    passReady.append(0)
    stepReady.append(0)
    return Int32(plan.slots.count - 1)
  }

  mutating func slot(_ role: PlanSlot.Role, count: Int, format: SlotFormat) -> Int32 {
    if let found = plan.slot(role) { return Int32(found) }
    return newSlot(role, count: count, format: format)
  }

  func unsupported(_ what: String, _ v: ValueID) -> DiagnosticError {
    DiagnosticError(.unsupported(what, at: f.origin(v)))
  }

  /// The value whose elements `v` has in the same order.
  func base(_ v: ValueID) -> ValueID {
    var v = v
    while case .alias(let other) = placement[v.index] { v = other }
    return v
  }

  /// Makes sure that the value lies in memory, with any strides.
  mutating func view(_ v: ValueID) -> View {
    if case .memory(let view) = placement[v.index] { return view }
    return contiguousView(v)
  }

  /// Makes sure that the value lies in memory, row-major.
  mutating func contiguousView(_ v: ValueID) -> View {
    let strides = Self.contiguousStrides(shape(v))
    let source = base(v)
    if case .memory(let view) = placement[source.index], isContiguous(view, shape(source)) {
      return View(slot: view.slot, offset: view.offset, strides: strides)
    }
    if buffer[source.index] < 0 {
      buffer[source.index] = newSlot(.buffer, count: count(source))
    }
    return View(slot: buffer[source.index], offset: 0, strides: strides)
  }

  func address(_ view: View) -> SlotAddress {
    SlotAddress(slot: view.slot, offset: view.offset * plan.slots[Int(view.slot)].width)
  }
}
