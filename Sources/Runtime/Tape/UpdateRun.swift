import CKernels
import IR

/// Where the tensors of an objective lie in a region: one behind the other, each from a multiple of 64
/// bytes on.
package struct RegionLayout: Sendable {
  package let counts: [Int]
  package let elementType: ElementType
  /// Elements before each tensor.
  package let starts: [Int]
  /// Elements of a region. Whole rounds of the kernels' loops.
  let length: Int

  package init(_ counts: [Int], _ elementType: ElementType) {
    self.counts = counts
    self.elementType = elementType
    let line = 64 / elementType.byteCount
    var starts: [Int] = []
    var next = 0
    for count in counts {
      starts.append(next)
      next += (count + line - 1) / line * line
    }
    self.starts = starts
    length = max((next + 31) / 32 * 32, 32)
  }

  package var regionBytes: Int { byteCount }

  /// Regions a multiple of 4096 bytes apart would share the places of the cache.
  var byteCount: Int {
    let bytes = length * elementType.byteCount
    return bytes % 4096 == 0 ? bytes + 64 : bytes
  }
}

/// The memory in which one rule after the other changes the parameters of an objective. A step allocates
/// nothing, and what a rule leaves behind no other can read. Not to be used by several threads at once.
package final class UpdateRun {
  package let layout: RegionLayout
  /// Parameters, then their gradients.
  private let fixed: UnsafeMutableRawPointer
  /// States, then temporaries.
  private var region = UnsafeMutableRawPointer.allocate(byteCount: 64, alignment: 64)
  private var registers = UnsafeMutablePointer<Double>.allocate(capacity: 1)
  private var argumentRegisters = UnsafeMutablePointer<Double>.allocate(capacity: 1)
  private var operations = UnsafeMutablePointer<rv_tape_op>.allocate(capacity: 1)
  private let frame = UnsafeMutablePointer<rv_frame>.allocate(capacity: 1)
  private var everyStep = Row<rv_scalar>()
  /// Numbers that differ from step to step, and those that a step leaves.
  private var moving = Row<(register: Int32, source: NumberProgram.Source)>()
  private var stores = Row<(state: Int, register: Int32)>()
  private var isScheduled = false
  private var sizes = (regions: 0, registers: 1, arguments: 1, operations: 1)
  private var operationCount = 0
  private var update: CompiledUpdate?
  private var arguments: ArgumentProgram?
  private var horizon = 0.0
  private var hypers: [Double] = []
  /// States that are numbers; by state.
  private var numbers = Row<Double>()
  /// The vector states that began finite: the others need not be in the end.
  private var watched: [Int] = []
  private var watchedNumbers: [Int] = []
  private let element: Int32
  private let pointers: UnsafeMutablePointer<UnsafeRawPointer?>
  private let counts: UnsafeMutablePointer<Int64>

  package init(_ layout: RegionLayout) {
    self.layout = layout
    element = layout.elementType.kernelElement
    fixed = .allocate(byteCount: 2 * layout.byteCount, alignment: 64)
    fixed.initializeMemory(as: UInt8.self, repeating: 0, count: 2 * layout.byteCount)
    frame.initialize(to: rv_frame())
    frame.pointee.draws = rv_draw_kernels()
    pointers = .allocate(capacity: max(layout.counts.count, 1))
    counts = .allocate(capacity: max(layout.counts.count, 1))
    for (k, count) in layout.counts.enumerated() { counts[k] = Int64(count) }
  }

  deinit {
    fixed.deallocate()
    region.deallocate()
    registers.deallocate()
    argumentRegisters.deallocate()
    everyStep.free()
    moving.free()
    stores.free()
    numbers.free()
    operations.deallocate()
    frame.deallocate()
    pointers.deallocate()
    counts.deallocate()
  }

  private func pointer(_ base: UnsafeMutableRawPointer, _ tensor: Int) -> UnsafeMutableRawPointer {
    base + layout.starts[tensor] * layout.elementType.byteCount
  }

  package var parameters: [UnsafeMutableRawPointer] {
    layout.counts.indices.map { pointer(fixed, $0) }
  }
  package var gradients: [UnsafeMutableRawPointer] {
    layout.counts.indices.map { pointer(fixed + layout.byteCount, $0) }
  }

  /// The parameters as one run of bytes, with what lies between them.
  package var parameterBytes: UnsafeMutableRawBufferPointer {
    UnsafeMutableRawBufferPointer(start: fixed, count: layout.byteCount)
  }

  private func address(_ place: UpdateProgram.Place) -> UnsafeMutableRawPointer {
    if place < 0 { return UnsafeMutableRawPointer(registers + Int(-1 - place)) }
    return place < 2
      ? fixed + Int(place) * layout.byteCount : region + Int(place - 2) * layout.byteCount
  }

  private func reserve(_ update: CompiledUpdate) {
    if update.regionCount > sizes.regions {
      region.deallocate()
      sizes.regions = update.regionCount
      region = .allocate(byteCount: sizes.regions * layout.byteCount, alignment: 64)
    }
    if update.registerCount > sizes.registers {
      registers.deallocate()
      sizes.registers = update.registerCount
      registers = .allocate(capacity: sizes.registers)
    }
    let count = max(update.step.operations.count, update.start.operations.count)
    if count > sizes.operations {
      operations.deallocate()
      sizes.operations = count
      operations = .allocate(capacity: count)
    }
  }

  // MARK: A run

  /// Takes a rule and sets its states to their first values, from the parameters as they are; false
  /// where a hyperparameter is out of its domain.
  package func begin(
    _ update: CompiledUpdate, _ arguments: ArgumentProgram, horizon: Int
  ) -> Bool {
    guard arguments.leftDomain == nil else { return false }
    reserve(update)
    self.update = update
    self.arguments = arguments
    self.horizon = Double(horizon)
    hypers = arguments.values
    numbers.hold(update.isNumber.lazy.map { _ in 0 })
    if arguments.numbers.registerCount > sizes.arguments {
      argumentRegisters.deallocate()
      sizes.arguments = arguments.numbers.registerCount
      argumentRegisters = .allocate(capacity: sizes.arguments)
    }
    argumentRegisters[0] = 0
    for constant in arguments.numbers.constants {
      argumentRegisters[Int(constant.register)] = constant.value
    }
    guard advanceArguments(to: 1) else { return false }
    // No state that a rule has not set may be what another left.
    if update.stateCount > 0 {
      region.initializeMemory(
        as: UInt8.self, repeating: 0, count: update.stateCount * layout.byteCount)
    }
    write(update.start)
    loadConstants(update.start.numbers)
    loadNumbers(update.start.numbers, step: 0, loss: .nan)
    run(update.start)
    noteFinite(update)
    write(update.step)
    loadConstants(update.step.numbers)
    loadNumbers(update.step.numbers, step: 1, loss: .nan)
    run(update.step.numbers.once, registers)
    isScheduled = !arguments.scheduled.isEmpty
    prepareSteps(update)
    return true
  }

  /// Step t, after a gradient and its loss; false where a hyperparameter leaves its domain.
  package func step(_ t: Int, loss: Double) -> Bool {
    if isScheduled {
      guard advanceArguments(to: t), let update else { return false }
      loadNumbers(update.step.numbers, step: t, loss: loss)
      run(update.step.numbers.once, registers)
    } else {
      for k in 0..<moving.count {
        registers[Int(moving[k].register)] = number(moving[k].source, t, loss)
      }
    }
    if everyStep.count > 0 { rv_run_scalars(everyStep.start, everyStep.count, nil, frame) }
    _ = rv_run_tape(element, operations, Int64(operationCount), frame, nil)
    for k in 0..<stores.count { numbers[stores[k].state] = registers[Int(stores[k].register)] }
    return true
  }

  /// Numbers in memory that stays: read in each step, and no references are to be counted there.
  private struct Row<Element> {
    private(set) var start = UnsafeMutablePointer<Element>.allocate(capacity: 1)
    private(set) var count = 0
    private var capacity = 1

    subscript(k: Int) -> Element {
      get { start[k] }
      nonmutating set { start[k] = newValue }
    }

    /// What it held is forgotten.
    mutating func hold(_ elements: some Collection<Element>) {
      if elements.count > capacity {
        start.deallocate()
        capacity = elements.count
        start = .allocate(capacity: capacity)
      }
      count = 0
      for element in elements {
        start[count] = element
        count += 1
      }
    }

    func free() { start.deallocate() }
  }

  private func number(_ source: NumberProgram.Source, _ t: Int, _ loss: Double) -> Double {
    switch source {
    case .hyper(let h): hypers[h]
    case .step: Double(t)
    case .horizon: horizon
    case .loss: loss
    case .state(let s): numbers[s]
    }
  }

  /// Lays out what a step reads: it is not to count references.
  private func prepareSteps(_ update: CompiledUpdate) {
    let program = update.step.numbers
    moving.hold(
      program.loads.filter { load in
        switch load.source {
        case .hyper, .horizon: false
        case .step, .loss, .state: true
        }
      })
    stores.hold(update.step.stores)
    everyStep.hold(program.everyStep)
    frame.pointee.scalars = registers
  }

  private func run(_ program: UpdateProgram) {
    run(program.numbers.once, registers)
    run(program.numbers.everyStep, registers)
    _ = rv_run_tape(element, operations, Int64(operationCount), frame, nil)
    store(program)
  }

  private func store(_ program: UpdateProgram) {
    for k in 0..<program.stores.count {
      numbers[program.stores[k].state] = registers[Int(program.stores[k].register)]
    }
  }

  private func run(_ program: [rv_scalar], _ registers: UnsafeMutablePointer<Double>) {
    if program.isEmpty { return }
    frame.pointee.scalars = registers
    program.withUnsafeBufferPointer {
      rv_run_scalars($0.baseAddress, $0.count, nil, frame)
    }
    frame.pointee.scalars = self.registers
  }

  private func advanceArguments(to t: Int) -> Bool {
    guard let arguments, !arguments.scheduled.isEmpty else { return true }
    for (register, source) in arguments.numbers.loads {
      argumentRegisters[Int(register)] = source == .step ? Double(t) : horizon
    }
    run(arguments.numbers.once, argumentRegisters)
    run(arguments.numbers.everyStep, argumentRegisters)
    for (hyper, register) in arguments.scheduled {
      let x = argumentRegisters[Int(register)]
      guard arguments.allows(hyper, x) else { return false }
      hypers[hyper] = x
    }
    return true
  }

  private func loadConstants(_ program: NumberProgram) {
    registers[0] = 0
    for k in 0..<program.constants.count {
      registers[Int(program.constants[k].register)] = program.constants[k].value
    }
  }

  private func loadNumbers(_ program: NumberProgram, step: Int, loss: Double) {
    for k in 0..<program.loads.count {
      let load = program.loads[k]
      registers[Int(load.register)] = number(load.source, step, loss)
    }
  }

  private func write(_ program: UpdateProgram) {
    operationCount = program.operations.count
    for k in 0..<program.operations.count {
      let from = program.operations[k]
      var to = rv_tape_op()
      to.kind = UInt16(RV_TAPE_KERNEL.rawValue)
      to.kernel = from.kernel
      to.n = Int64(layout.length)
      to.d = address(from.d)
      to.a = UnsafeRawPointer(address(from.a))
      to.b = UnsafeRawPointer(address(from.b))
      to.c = UnsafeRawPointer(address(from.c))
      to.e = UnsafeRawPointer(address(from.e))
      operations[k] = to
    }
  }

  // MARK: What is finite

  private func isFinite(_ base: UnsafeMutableRawPointer) -> Bool {
    for k in 0..<layout.counts.count { pointers[k] = UnsafeRawPointer(pointer(base, k)) }
    return rv_all_finite(element, pointers, counts, Int64(layout.counts.count), nil) != 0
  }

  private func noteFinite(_ update: CompiledUpdate) {
    watched.removeAll(keepingCapacity: true)
    watchedNumbers.removeAll(keepingCapacity: true)
    for k in 0..<update.stateCount {
      if update.isNumber[k] {
        if numbers[k].isFinite { watchedNumbers.append(k) }
      } else if isFinite(address(UpdateProgram.state(k))) {
        watched.append(k)
      }
    }
  }

  package var parametersAreFinite: Bool { isFinite(fixed) }

  /// The size of the largest parameter.
  package var largestParameter: Double {
    func largest<T: BinaryFloatingPoint>(_ type: T.Type) -> Double {
      var found: T = 0
      // What lies between two tensors is nobody's.
      for k in layout.counts.indices {
        let values = pointer(fixed, k).assumingMemoryBound(to: T.self)
        for i in 0..<layout.counts[k] { found = max(found, abs(values[i])) }
      }
      return Double(found)
    }
    return layout.elementType == .float64 ? largest(Double.self) : largest(Float.self)
  }

  /// Whether every state that began with numbers still holds numbers.
  package var statesAreFinite: Bool {
    watched.allSatisfy { isFinite(address(UpdateProgram.state($0))) }
      && watchedNumbers.allSatisfy { numbers[$0].isFinite }
  }
}
