import CKernels
import Runtime

typealias AxisNumbers = (Int64, Int64, Int64, Int64, Int64, Int64, Int64, Int64)

/// Reductions and places.
extension SegmentWriter {
  /// An array of one block.
  private mutating func array() -> String {
    let name = names.unique("b", "\(arrays.count + 1)")
    arrays.append("\(real) \(name)[\(source.chunk)];")
    scratchBytes += source.chunk * Int(width)
    return name
  }

  /// The block of an operand in memory: where it lies, or a copy that the loop makes.
  private mutating func vector(_ k: UInt16, _ predicate: Int32) -> String? {
    if isScalar(k) { return nil }
    if isMemory(k), operand(k).stride == width, !written.contains(operand(k).index) {
      return pointer(k)
    }
    let value = value(k, predicate)
    if let found = copies[value], [Self.always, predicate].contains(found.predicate) {
      return found.name
    }
    let array = array()
    copies[value] = Value(name: array, predicate: predicate)
    statement("\(array)[i] = \(value);", predicate)
    return array
  }

  private mutating func predicated(_ text: String, _ predicate: Int32) -> String {
    predicate == Self.always ? text : "if (\(predicateName(predicate))) \(text)"
  }

  mutating func reduce(
    _ instruction: rv_instruction, _ operation: rv_op, _ predicate: Int32
  ) -> Bool {
    guard isScalar(instruction.d), let x = vector(instruction.a, predicate) else { return false }
    needs.insert(.reductions)
    let kernel: String
    switch operation {
    case RV_SUM: kernel = "sum"
    case RV_SQUARES: kernel = "squares"
    case RV_MAX: kernel = "max"
    case RV_MIN: kernel = "min"
    default: return false
    }
    after.append(
      predicated(
        "RV_REDUCE(\(kernel)_0\(suffix), \(operand(instruction.d).index), \(x));", predicate))
    return true
  }

  mutating func writePlace(_ instruction: rv_instruction, _ predicate: Int32) -> Bool {
    needs.insert([.reductions, .places])
    let place = source.places[Int(instruction.place)]
    switch rv_positioned(UInt32(place.kind)) {
    case RV_REDUCE_ROWS:
      guard let x = vector(instruction.a, predicate) else { return false }
      after.append(
        predicated(
          "reduce_rows\(suffix)(\(pointer(instruction.d)), \(x), &\(constant(place)), "
            + "frame->scalars + \(place.carry), block, n);", predicate))
      return true
    case RV_REDUCE_COLUMNS:
      guard let x = vector(instruction.a, predicate) else { return false }
      after.append(
        predicated(
          "reduce_columns\(suffix)(\(x), &\(constant(place)), "
            + "frame->sums + \(operand(instruction.d).offset / 8), block, n);", predicate))
      return true
    case RV_PLACE_ENCODE:
      guard let x = vector(instruction.a, predicate) else { return false }
      needs.insert([.formats, .states])
      after.append(
        predicated(
          "place_encode\(suffix)(\(pointer(instruction.d)), \(x), &\(constant(place)), frame, "
            + "block, n);", predicate))
      return true
    default: return load(instruction, place, predicate)
    }
  }

  /// Strided reads, counts, identities and draws: made before the loop, for all of a block.
  private mutating func load(
    _ instruction: rv_instruction, _ place: rv_place, _ predicate: Int32
  ) -> Bool {
    let isStored = isMemory(instruction.d)
    guard isStored ? operand(instruction.d).stride == width : isScratch(instruction.d) else {
      return false
    }
    // What the loop reads before must not be overwritten before the loop.
    let isEarly = isStored && loaded[instruction.d] == nil && current[instruction.d] == nil
    let target = isEarly ? pointer(instruction.d) : array()
    let shape = constant(place)
    let call: String
    switch rv_positioned(UInt32(place.kind)) {
    case RV_PLACE_STRIDED:
      call = "place_strided\(suffix)(\(target), \(pointer(instruction.a)), &\(shape), block, n);"
    case RV_PLACE_DECODE:
      needs.insert([.formats, .states])
      call =
        "place_decode\(suffix)(\(target), \(pointer(instruction.a)), &\(shape), block, n);"
    case RV_PLACE_IOTA: call = "place_iota\(suffix)(\(target), &\(shape), block, n);"
    case RV_PLACE_IDENTITY: call = "place_identity\(suffix)(\(target), &\(shape), block, n);"
    case RV_PLACE_DRAW:
      guard let operand = drawOperand(instruction, place) else { return false }
      call = "frame->draws->draw\(suffix)(\(target), \(operand), &\(shape), frame, block, n);"
    default: return false
    }
    before.append(predicated(call, predicate))
    let name = temporary()
    define(real, name, "\(target)[i]", predicate)
    if isStored, !isEarly { statement("\(pointer(instruction.d))[i] = \(name);", predicate) }
    current[instruction.d] = Value(name: name, predicate: predicate)
    return true
  }

  /// What a draw reads: nothing, a number, or memory; a value of this loop comes too late.
  private mutating func drawOperand(_ instruction: rv_instruction, _ place: rv_place) -> String? {
    guard place.distribution == 4 else { return "0" }
    let k = instruction.a
    if isScalar(k) { return "frame->scalars + \(operand(k).index)" }
    guard isMemory(k), operand(k).stride == width, !written.contains(operand(k).index) else {
      return nil
    }
    return pointer(k)
  }

  private mutating func constant(_ place: rv_place) -> String {
    func axes(_ numbers: AxisNumbers) -> String {
      withUnsafeBytes(of: numbers) { bytes in
        bytes.bindMemory(to: Int64.self).prefix(Int(max(place.axes, 2))).map(String.init)
          .joined(separator: ", ")
      }
    }
    let fields = [
      ".kind = \(place.kind)", ".axes = \(place.axes)", ".extent = {\(axes(place.extent))}",
      ".stride = {\(axes(place.stride))}", ".fold = \(place.fold)",
      ".distribution = \(place.distribution)", ".site = \(place.site)u",
      ".isGlobal = \(place.isGlobal)", ".replay = \(place.replay)", ".carry = \(place.carry)",
    ].filter { !$0.hasSuffix("= 0") && !$0.hasSuffix("= 0u") }
    let text = "{\(fields.joined(separator: ", "))};"
    if let found = places.firstIndex(where: { $0.hasSuffix(text) }) { return "shape\(found + 1)" }
    places.append("static const rv_place shape\(places.count + 1) = \(text)")
    return "shape\(places.count)"
  }
}
