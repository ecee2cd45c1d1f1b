import CKernels
import IR

/// One operation of an update: a value of the function, or several that one kernel makes.
struct FusedStep {
  var op: rv_op
  /// Values of the function; −1 for none.
  var operands: [Int32]
  var result: Int32
}

/// Which values one kernel computes together, as in the passes of a plan.
extension UpdateCompiler {
  mutating func fuse() {
    for i in f.instructions.indices.reversed() where kinds[i] == .vector && !isFused[i] {
      let instruction = f.instructions[i]
      switch instruction.operation {
      case .parameter, .gradient, .state, .broadcast, .reshape: continue
      case .add:
        if let step = sum(i) {
          append(step)
          continue
        }
      case .subtract:
        if let step = difference(i) {
          append(step)
          continue
        }
      case .divide:
        if let step = quotient(i) {
          append(step)
          continue
        }
      case .squareRoot:
        // The square may overflow where the root of it does not.
        if let x = square(value(instruction.a)) {
          uses[value(instruction.a)] -= 1
          if uses[value(instruction.a)] == 0 { isFused[value(instruction.a)] = true }
          append(FusedStep(op: RV_ABSOLUTE, operands: [x, -1, -1, -1], result: Int32(i)))
          continue
        }
      default: break
      }
      func operand(_ v: ValueID) -> Int32 { v.isSome ? Int32(value(v)) : -1 }
      append(
        FusedStep(
          op: instruction.operation.kernel,
          operands: [operand(instruction.a), operand(instruction.b), operand(instruction.c), -1],
          result: Int32(i)))
    }
    steps.reverse()
  }

  private mutating func append(_ step: FusedStep) { steps.append(step) }

  // MARK: Small questions

  /// The operands of a value of this operation that nothing else reads.
  private func alone(_ i: Int, _ operation: Operation) -> (a: Int, b: Int)? {
    let instruction = f.instructions[i]
    guard kinds[i] == .vector, uses[i] == 1, instruction.operation == operation else { return nil }
    return (value(instruction.a), instruction.b.isSome ? value(instruction.b) : -1)
  }

  private func isNumber(_ i: Int) -> Bool { kinds[i] == .number }

  /// A vector times a number, which nothing else reads.
  private func scaled(_ i: Int) -> (vector: Int, number: Int)? {
    guard let (a, b) = alone(i, .multiply), isNumber(a) != isNumber(b) else { return nil }
    return isNumber(a) ? (b, a) : (a, b)
  }

  /// x of x · x.
  private func square(_ i: Int) -> Int32? {
    let instruction = f.instructions[i]
    guard kinds[i] == .vector, instruction.operation == .multiply,
      value(instruction.a) == value(instruction.b)
    else { return nil }
    return Int32(value(instruction.a))
  }

  private func step(_ op: rv_op, _ i: Int, _ operands: Int...) -> FusedStep {
    FusedStep(
      op: op,
      operands: operands.map { Int32($0) } + Array(repeating: -1, count: 4 - operands.count),
      result: Int32(i))
  }

  // MARK: Patterns

  private mutating func sum(_ i: Int) -> FusedStep? {
    let (x, y) = (value(f.instructions[i].a), value(f.instructions[i].b))
    if x != y, let p = scaled(x), let q = scaled(y) {
      isFused[x] = true
      isFused[y] = true
      for (first, second) in [(p, q), (q, p)] {
        if uses[second.vector] == 1, let root = square(second.vector) {
          isFused[second.vector] = true
          return step(
            RV_BLEND_SQUARE, i, first.vector, first.number, Int(root), second.number)
        }
      }
      return step(RV_BLEND, i, p.vector, p.number, q.vector, q.number)
    }
    for (root, other) in [(x, y), (y, x)] where root != other {
      guard let (inner, _) = alone(root, .squareRoot), square(inner) == nil else { continue }
      isFused[root] = true
      if isNumber(other), let (over, under) = alone(inner, .divide), isNumber(under),
        !isNumber(over)
      {
        isFused[inner] = true
        return step(RV_ROOT_QUOTIENT_ADD, i, over, under, other)
      }
      return step(RV_ROOT_ADD, i, inner, other)
    }
    for (product, other) in [(x, y), (y, x)] where product != other {
      guard let (a, b) = alone(product, .multiply) else { continue }
      isFused[product] = true
      return step(RV_MULTIPLY_ADD, i, a, b, other)
    }
    return nil
  }

  private mutating func difference(_ i: Int) -> FusedStep? {
    let (x, y) = (value(f.instructions[i].a), value(f.instructions[i].b))
    if x == y { return nil }
    if !isNumber(x), let moved = scaled(y), let (p, q) = alone(moved.vector, .add), p != q {
      for (update, decay) in [(p, q), (q, p)] {
        guard !isNumber(update), let shrunk = scaled(decay), shrunk.vector == x else { continue }
        isFused[y] = true
        isFused[moved.vector] = true
        isFused[decay] = true
        if let (inner, _) = alone(update, .sign) {
          isFused[update] = true
          return step(RV_SIGNED_STEP, i, x, moved.number, inner, shrunk.number)
        }
        return step(RV_DECAYED_STEP, i, x, moved.number, update, shrunk.number)
      }
    }
    if let (a, b) = alone(y, .multiply) {
      isFused[y] = true
      return step(RV_SUBTRACT_MULTIPLY, i, a, b, x)
    }
    if let (a, b) = alone(x, .multiply) {
      isFused[x] = true
      return step(RV_MULTIPLY_SUBTRACT, i, a, b, y)
    }
    return nil
  }

  private mutating func quotient(_ i: Int) -> FusedStep? {
    let (x, y) = (value(f.instructions[i].a), value(f.instructions[i].b))
    guard x != y, !isNumber(y), let (over, under) = alone(x, .divide), isNumber(under),
      !isNumber(over)
    else { return nil }
    isFused[x] = true
    return step(RV_QUOTIENT_DIVIDE, i, over, under, y)
  }
}
