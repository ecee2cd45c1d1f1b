import CKernels
import Driver
import IR
import Testing
import Training
import Zoo

@testable import Experiments
@testable import Runtime

/// No step of a plan reads a number or a temporary that only a later step makes: it would find what the last run left.
@Suite struct PlanOrderTests {
  /// What a plan reads before it is there, and how many reads were looked at.
  struct Order {
    private let plan: Plan
    private var registers: Set<Int32> = []
    private var slots: Set<Int> = []
    private(set) var early: [String] = []
    private(set) var reads = 0

    init(_ plan: Plan) {
      self.plan = plan
      registers = Set(plan.presets.map(\.register))
      follow()
    }

    private mutating func read(register r: Int32, _ step: Int) {
      // Register 0 stands where an operation has fewer operands.
      if r <= 0 { return }
      reads += 1
      if !registers.contains(r) { early.append("step \(step) reads r\(r)") }
    }

    private mutating func read(slot: Int, _ step: Int) {
      guard slot >= 0, plan.slots[slot].isTemporary else { return }
      reads += 1
      if !slots.contains(slot) { early.append("step \(step) reads s\(slot)") }
    }

    private mutating func run(_ operations: ArraySlice<rv_scalar>, _ step: Int) {
      for op in operations {
        if op.op == UInt16(RV_SCALAR_FETCH.rawValue) {
          read(slot: Int(plan.scalarPlaces[Int(op.c)].stride.1), step)
        } else if op.op == UInt16(RV_SCALAR_DRAW.rawValue) {
          read(register: op.a, step)
        } else {
          for r in [op.a, op.b, op.c] { read(register: r, step) }
        }
        registers.insert(op.d)
      }
    }

    private mutating func run(_ segment: PlanSegment, _ step: Int) {
      func operand(_ k: UInt16) -> rv_operand { segment.operands[Int(k)] }
      func isMemory(_ x: rv_operand) -> Bool {
        x.kind == Int32(RV_MEMORY.rawValue) || x.kind == Int32(RV_FIXED.rawValue)
      }
      let folded = Set(segment.initials.map(\.scalar))
      var written: Set<Int> = []
      for instruction in segment.instructions {
        // Operand 0 stands where an operation has fewer of them, and where it has none.
        let first = instruction.a == 0 && instruction.d == 0 ? [] : [instruction.a]
        let others = [instruction.b, instruction.c, instruction.e].filter { $0 != 0 }
        for x in (first + others).map(operand) {
          if x.kind == Int32(RV_SCALAR.rawValue) {
            read(register: x.index, step)
            if folded.contains(x.index) { early.append("step \(step) folds r\(x.index)") }
          }
          if isMemory(x), !written.contains(Int(x.index)) { read(slot: Int(x.index), step) }
        }
        if Int(instruction.kind) != Int(RV_UNLESS.rawValue), isMemory(operand(instruction.d)) {
          written.insert(Int(operand(instruction.d).index))
        }
      }
      registers.formUnion(folded)
      slots.formUnion(written)
      slots.formUnion(segment.columns.map { Int($0.slot) })
    }

    private mutating func follow() {
      run(plan.scalarProgram[..<plan.uniformCount], -1)
      for (k, step) in plan.steps.enumerated() {
        read(register: step.predicateRegister, k)
        var made: [SlotAddress] = step.work.addresses
        switch step.work {
        case .scalars(let range): run(plan.scalarProgram[range], k)
        case .segment(let number): run(plan.segments[number], k)
        case .loop(let number):
          let loop = plan.loops[number]
          early += Order(loop.body).early.map { "loop \(number): " + $0 }
          for carried in loop.carried {
            if carried.isNumber { read(register: carried.initialRegister, k) }
            if carried.resultRegister >= 0 { registers.insert(carried.resultRegister) }
            made += [carried.first, carried.second, carried.result]
          }
        case .contribute(let s):
          read(register: s.value, k)
          registers.insert(s.result)
        case .query(let s): if s.loss >= 0 { registers.insert(s.loss) }
        case .product(let s):
          for x in [s.a, s.b] { read(slot: Int(x.address.slot), k) }
          made = [s.result]
        case .softmax(let s, _):
          read(slot: Int(s.source.slot), k)
          made = [s.result]
        case .diagonal(let source, let result, _):
          read(slot: Int(source.slot), k)
          made = [result]
        case .placeSlice(let s):
          read(slot: Int(s.source.slot), k)
          made = [s.result]
        case .gather(let s), .scatterAdd(let s), .takeAlong(let s), .placeAlong(let s):
          for x in [s.source, s.indices] { read(slot: Int(x.slot), k) }
          made = [s.result]
        case .unfold(let s), .fold(let s):
          read(slot: Int(s.source.slot), k)
          made = [s.result]
        case .sort(let s, _):
          read(slot: Int(s.source.slot), k)
        case .topKMask(let s, let share):
          read(slot: Int(s.source.slot), k)
          read(register: share, k)
        case .quantile(let s, let share, let result):
          read(slot: Int(s.source.slot), k)
          read(register: share, k)
          registers.insert(result)
        case .argExtreme(let s, _):
          read(slot: Int(s.source.slot), k)
          if s.register >= 0 { registers.insert(s.register) }
          made = [s.result]
        case .decomposition(let s):
          read(slot: Int(s.matrix.slot), k)
          if case .solve(let right, _, let x) = s.kind {
            read(slot: Int(right.slot), k)
            made = [x]
          }
        }
        slots.formUnion(made.map { Int($0.slot) })
      }
    }
  }

  @Test(arguments: [[4], [3, 5], [6, 2, 3]])
  func rulesOfTheZoo(_ dims: [Int]) throws {
    var reads = 0
    for call in ZooRules.all {
      guard
        let bound = try? BoundRule(
          Compiler().rule(call), parameters: [ParameterSpec(name: "w", dims: dims)],
          elementType: .float32)
      else { continue }
      guard let plan = bound.variant(of: 0).program?.plan else { continue }
      let order = Order(plan)
      #expect(order.early == [], "\(call)")
      reads += order.reads
    }
    #expect(reads > 2_000)
  }

  @Test func problems() throws {
    var reads = 0
    for name in Library.shared.names(.task) {
      let script = Script(Compiler(), options: Script.Options(), output: { _ in })
      let task = try script.task(named: name)
      for isHessian in [false, true] where task.data == nil {
        guard
          let bound = try? BoundObjective(
            task.objective, elementType: .float64, isHessian: isHessian)
        else { continue }
        for plan in [bound.program?.plan, bound.constants?.objective.program?.plan] {
          guard let plan else { continue }
          let order = Order(plan)
          #expect(order.early == [], "\(name)")
          reads += order.reads
        }
      }
    }
    #expect(reads > 1_000)
  }
}
