import Basics

extension Function {
  /// A 64-bit number for every value that depends on what it computes and not on its number, its
  /// name or the order of commutative operands. The same in every process.
  public func fingerprints() -> [UInt64] {
    var result = [UInt64](repeating: 0, count: instructions.count)
    for i in instructions.indices { result[i] = fingerprint(ValueID(i), result) }
    return result
  }

  private func fingerprint(_ id: ValueID, _ known: [UInt64]) -> UInt64 {
    let instruction = self[id]
    var hash = StableHash()
    hash.combine(UInt64(instruction.operation.rawValue))
    hash.combine(UInt64(instruction.type.kind.rawValue))
    combine(instruction.type.shape, into: &hash, known)
    switch instruction.operation {
    case .constant: hash.combine(constants[Int(instruction.attribute)].bitPattern)
    case .slice, .placeSlice:
      for slice in slices[Int(instruction.attribute)] {
        hash.combine(UInt64(bitPattern: Int64(slice.start)))
        hash.combine(UInt64(bitPattern: Int64(slice.end ?? -1)))
        hash.combine(slice.isDropped ? 1 : 0)
      }
    case .draw:
      // Two draws are never the same value; their order of appearance tells them apart.
      let draw = draws[Int(instruction.attribute)]
      hash.combine(UInt64(draw.distribution.rawValue))
      hash.combine(draw.isGlobal ? 1 : 0)
      hash.combine(UInt64(instruction.attribute))
    case .loop: combine(loops[Int(instruction.attribute)], into: &hash, known)
    case .globalSum, .globalMaximum, .globalMinimum, .lossAt, .gradientAt: break
    default: hash.combine(UInt64(bitPattern: Int64(instruction.attribute)))
    }
    let operands = [instruction.a, instruction.b, instruction.c].filter(\.isSome)
      .map { known[$0.index] }
    for operand in instruction.operation.info.isCommutative ? operands.sorted() : operands {
      hash.combine(operand)
    }
    return hash.value
  }

  private func combine(_ shape: Shape, into hash: inout StableHash, _ known: [UInt64]) {
    hash.combine(shape.isLike ? 99 : UInt64(shape.rank))
    if shape.isLike { return }
    for extent in shape.extents {
      // In a loop body the computed extents are those of the function around it.
      if let k = extent.computedIndex, k < extents.count {
        hash.combine(known[extents[k].index])
      } else {
        hash.combine(UInt64(bitPattern: Int64(extent.raw)))
      }
    }
  }

  private func combine(_ loop: Loop, into hash: inout StableHash, _ known: [UInt64]) {
    for value in loop.initial { hash.combine(known[value.index]) }
    let inside = bodyFingerprints(loop, known)
    let outputs = loop.body.outputs.compactMap { output -> (Int, UInt64)? in
      guard case .result(let k) = output.target else { return nil }
      return (k, inside[output.value.index])
    }
    for (k, value) in outputs.sorted(by: { $0.0 < $1.0 }) {
      hash.combine(UInt64(k))
      hash.combine(value)
    }
  }

  /// The fingerprints of a loop's body, where a captured value is known by what it is and not by
  /// its place in the list.
  func bodyFingerprints(_ loop: Loop, _ known: [UInt64]) -> [UInt64] {
    var body = loop.body
    let carried = loop.initial.count
    for i in body.instructions.indices where body.instructions[i].operation == .argument {
      let k = Int(body.instructions[i].attribute)
      guard k >= carried else { continue }
      let mark = known[loop.captured[k - carried].index]
      body.instructions[i].attribute = Int32(truncatingIfNeeded: mark & 0x3FFF_FFFF | 0x4000_0000)
    }
    return body.fingerprints()
  }
}
