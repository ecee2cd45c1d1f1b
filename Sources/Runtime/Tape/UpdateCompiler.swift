import CKernels
import IR

/// Compiles a function of tensors shaped like the parameter and of numbers into an `UpdateProgram`, in
/// one walk over its values. A search prepares thousands of rules a second, so there are no tables of
/// text, sets or dictionaries here.
struct UpdateCompiler {
  /// What a value is.
  enum Kind: UInt8 { case dead, number, vector }

  let f: Function
  private let isNumber: [Bool]
  private let element: Int32
  var kinds: [Kind]
  /// How many values and outputs read a value.
  var uses: [Int32]
  /// The value that stands for this one: of what only repeats or renames, what it is made of.
  private var base: [Int32]
  /// Values that a fused operation computes on the way.
  var isFused: [Bool]
  var steps: [FusedStep] = []
  private var registers: [Int32]
  private var places: [UpdateProgram.Place]
  private var program = UpdateProgram()

  static func compile(_ f: Function, _ isNumber: [Bool], _ element: Int32) -> UpdateProgram? {
    var compiler = UpdateCompiler(f, isNumber, element)
    return compiler.run()
  }

  private init(_ f: Function, _ isNumber: [Bool], _ element: Int32) {
    self.f = f
    self.isNumber = isNumber
    self.element = element
    let count = f.instructions.count
    kinds = Array(repeating: .dead, count: count)
    uses = Array(repeating: 0, count: count)
    base = Array(0..<Int32(count))
    isFused = Array(repeating: false, count: count)
    registers = Array(repeating: 0, count: count)
    places = Array(repeating: 0, count: count)
  }

  private mutating func run() -> UpdateProgram? {
    guard countUses(), classify() else { return nil }
    fuse()
    guard emit() else { return nil }
    return program
  }

  func value(_ v: ValueID) -> Int { Int(base[v.index]) }

  // MARK: What is needed

  private mutating func countUses() -> Bool {
    for output in f.outputs { uses[output.value.index] += 1 }
    for i in f.instructions.indices.reversed() where uses[i] > 0 {
      let instruction = f.instructions[i]
      if instruction.operation == .loop { return false }
      if instruction.a.isSome { uses[instruction.a.index] += 1 }
      if instruction.b.isSome { uses[instruction.b.index] += 1 }
      if instruction.c.isSome { uses[instruction.c.index] += 1 }
    }
    return true
  }

  /// Numbers get their registers and operations; of vectors it is only said that they are some.
  private mutating func classify() -> Bool {
    for i in f.instructions.indices where uses[i] > 0 {
      let instruction = f.instructions[i]
      let shape = instruction.type.shape
      guard shape.isLike || shape.isScalar else { return false }
      if shape.isLike {
        switch instruction.operation {
        case .parameter, .gradient, .state: kinds[i] = .vector
        case .broadcast, .reshape:
          // What is one number stays one: kernels repeat it.
          base[i] = base[instruction.a.index]
          kinds[i] = kinds[Int(base[i])]
          uses[Int(base[i])] += uses[i] - 1
        default:
          guard OperationShape.isElementwise(instruction.operation) else { return false }
          kinds[i] = .vector
        }
        continue
      }
      kinds[i] = .number
      guard let register = register(instruction) else { return false }
      registers[i] = register
    }
    return true
  }

  private mutating func register(_ instruction: Instruction) -> Int32? {
    switch instruction.operation {
    case .constant: return program.numbers.constant(f.constants[Int(instruction.attribute)])
    case .hyper: return program.numbers.load(.hyper(Int(instruction.attribute)))
    case .step: return program.numbers.load(.step)
    case .horizon: return program.numbers.load(.horizon)
    case .loss: return program.numbers.load(.loss)
    case .state: return program.numbers.load(.state(Int(instruction.attribute)))
    default:
      guard OperationShape.isElementwise(instruction.operation) else { return nil }
      var operands: (Int32, Int32, Int32) = (0, 0, 0)
      for (k, v) in [instruction.a, instruction.b, instruction.c].enumerated() where v.isSome {
        guard kinds[value(v)] == .number else { return nil }
        let register = registers[value(v)]
        if k == 0 { operands.0 = register }
        if k == 1 { operands.1 = register }
        if k == 2 { operands.2 = register }
      }
      return program.numbers.add(
        instruction.operation.kernel, operands.0, operands.1, operands.2)
    }
  }

  // MARK: Places

  private func sourcePlace(_ i: Int) -> UpdateProgram.Place? {
    let instruction = f.instructions[i]
    switch instruction.operation {
    case .parameter: return UpdateProgram.parameters
    case .gradient: return UpdateProgram.gradients
    case .state: return UpdateProgram.state(Int(instruction.attribute))
    default: return nil
    }
  }

  private func target(_ target: OutputTarget) -> UpdateProgram.Place? {
    switch target {
    case .parameter(0): UpdateProgram.parameters
    case .state(let k) where !isNumber[k]: UpdateProgram.state(k)
    default: nil
    }
  }

  /// Gives every vector a place and writes the operations. Results go where they belong as soon as
  /// nothing reads what was there; the others are copied at the end.
  private mutating func emit() -> Bool {
    let count = f.instructions.count
    var lastRead = [Int](repeating: -1, count: count)
    var lastReadOfPlace = [Int](repeating: -1, count: 2 + isNumber.count)
    for (k, step) in steps.enumerated() {
      for v in step.operands where v >= 0 {
        let i = Int(v)
        guard kinds[i] == .vector else { continue }
        lastRead[i] = k
        if let place = sourcePlace(i) { lastReadOfPlace[Int(place)] = k }
      }
    }
    var madeAt = [Int](repeating: -1, count: count)
    for (k, step) in steps.enumerated() { madeAt[Int(step.result)] = k }
    var hasPlace = [Bool](repeating: false, count: count)
    for i in f.instructions.indices where kinds[i] == .vector {
      guard let place = sourcePlace(i) else { continue }
      places[i] = place
      hasPlace[i] = true
    }

    var before: [UpdateProgram.Operation] = []
    var after: [UpdateProgram.Operation] = []
    var region = UpdateProgram.Place(2 + isNumber.count)
    var isTaken = [Bool](repeating: false, count: 2 + isNumber.count)
    for output in f.outputs {
      let i = value(output.value)
      if case .state(let s) = output.target, isNumber[s] {
        guard kinds[i] == .number else { return false }
        program.stores.append((s, registers[i]))
        continue
      }
      guard let place = target(output.target), !isTaken[Int(place)] else { return false }
      isTaken[Int(place)] = true
      if kinds[i] == .number {
        guard let fill = copy(UpdateProgram.number(registers[i]), to: place) else { return false }
        after.append(fill)
      } else if let source = sourcePlace(i) {
        if source == place { continue }
        // It may be written before it is copied, and what it replaces may still be read.
        guard let save = copy(source, to: region), let put = copy(region, to: place) else {
          return false
        }
        before.append(save)
        after.append(put)
        region += 1
      } else if !hasPlace[i], lastReadOfPlace[Int(place)] <= madeAt[i] {
        places[i] = place
        hasPlace[i] = true
      } else {
        if !hasPlace[i] {
          places[i] = region
          hasPlace[i] = true
          region += 1
        }
        guard let put = copy(places[i], to: place) else { return false }
        after.append(put)
      }
    }

    program.operations = before
    program.operations.reserveCapacity(before.count + steps.count + after.count)
    var free: [UpdateProgram.Place] = []
    for (k, step) in steps.enumerated() {
      let i = Int(step.result)
      if !hasPlace[i] {
        // An operation may write over an operand that nothing reads after it.
        releaseOperands(step, k, lastRead, hasPlace, &free)
        places[i] = free.popLast() ?? region
        if places[i] == region { region += 1 }
      } else {
        releaseOperands(step, k, lastRead, hasPlace, &free)
      }
      guard let operation = operation(step) else { return false }
      program.operations.append(operation)
      if !hasPlace[i], lastRead[i] < 0 { free.append(places[i]) }
    }
    program.operations += after
    program.regionCount = Int(region)
    return true
  }

  private func releaseOperands(
    _ step: FusedStep, _ k: Int, _ lastRead: [Int], _ hasPlace: [Bool],
    _ free: inout [UpdateProgram.Place]
  ) {
    for (position, v) in step.operands.enumerated() where v >= 0 {
      let i = Int(v)
      guard kinds[i] == .vector, !hasPlace[i], lastRead[i] == k,
        !step.operands[..<position].contains(v)
      else { continue }
      free.append(places[i])
    }
  }

  private func place(_ v: Int32) -> UpdateProgram.Place {
    if v < 0 { return 0 }
    return kinds[Int(v)] == .number
      ? UpdateProgram.number(registers[Int(v)]) : places[Int(v)]
  }

  private func operation(_ step: FusedStep) -> UpdateProgram.Operation? {
    var mask: UInt32 = 0
    for (k, v) in step.operands.enumerated() where v >= 0 && kinds[Int(v)] == .number {
      mask |= 1 << UInt32(k)
    }
    guard let kernel = rv_find_kernel(element, Int32(step.op.rawValue), mask) else { return nil }
    return UpdateProgram.Operation(
      kernel: kernel, d: places[Int(step.result)], a: place(step.operands[0]),
      b: place(step.operands[1]), c: place(step.operands[2]), e: place(step.operands[3]))
  }

  private func copy(
    _ from: UpdateProgram.Place, to place: UpdateProgram.Place
  ) -> UpdateProgram.Operation? {
    guard let kernel = rv_find_kernel(element, Int32(RV_COPY.rawValue), from < 0 ? 1 : 0) else {
      return nil
    }
    return UpdateProgram.Operation(kernel: kernel, d: place, a: from, b: 0, c: 0, e: 0)
  }
}
