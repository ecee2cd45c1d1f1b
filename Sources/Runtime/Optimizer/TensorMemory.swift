import CKernels
import Diagnostics
import IR

/// The states, inputs, views and recorded draws of one parameter tensor.
final class TensorMemory {
  struct Region {
    var name: String
    var shape: [Int]
    /// Scalars are Doubles.
    var format: SlotFormat
    /// The arithmetic that decodes and encodes it.
    var compute: ElementType
    var isGlobal: Bool
    var pointer: UnsafeMutableRawPointer
    var count: Int { shape.reduce(1, *) }
    var byteCount: Int { format.byteCount(count) }

    /// The numbers, decoded.
    var values: [Double] {
      guard format.isInBlocks else {
        return (0..<count).map { rv_number_at(format.element, pointer, Int64($0)) }
      }
      var values = [Double](repeating: 0, count: count)
      var place = format.place(RV_PLACE_DECODE, count: count)
      rv_decode_state(compute.kernelElement, &place, pointer, &values)
      return values
    }

    /// Encodes as a step does that stores it.
    func write(_ values: [Double], seed: UInt64, step: Int, tensor: Int) {
      if format.isPlain { return writePlainly(values) }
      var place = format.place(RV_PLACE_ENCODE, count: count)
      rv_encode_state(
        compute.kernelElement, &place, pointer, values, seed, UInt32(truncatingIfNeeded: step),
        UInt32(tensor))
    }

    /// Encodes to nearest, and what was decoded from this format so that it reads back the same.
    func restore(_ values: [Double]) {
      guard format.isInBlocks else { return writePlainly(values) }
      var place = format.place(RV_PLACE_ENCODE, count: count)
      rv_restore_state(compute.kernelElement, &place, pointer, values, 0, 0)
    }

    private func writePlainly(_ values: [Double]) {
      for i in 0..<count { rv_set_number(format.element, pointer, Int64(i), values[i]) }
    }

    func filled(_ x: Double) -> [Double] { [Double](repeating: x, count: count) }

    var dense: Dense { Dense(shape: shape, values: values) }
  }

  private(set) var states: [Region] = []
  private(set) var inputs: [Region] = []
  private(set) var views: [Region] = []
  /// Inputs that were never given, in order.
  private var awaited: [String] = []
  var missingInput: String? { awaited.first }
  var draws: [String: [Double]] = [:]
  var firstDraws: [String: [Double]] = [:]
  private var drawRooms: [String: (pointer: UnsafeMutablePointer<Double>, count: Int)] = [:]
  private var owned: [UnsafeMutableRawPointer] = []

  deinit { for pointer in owned { pointer.deallocate() } }

  private func region(
    _ name: String, _ shape: [Int], _ format: SlotFormat, _ compute: ElementType,
    isGlobal: Bool = false, shared: UnsafeMutableRawPointer? = nil
  ) -> Region {
    let stored = shape.isEmpty ? .float64 : format
    let pointer = shared ?? own(stored.byteCount(shape.reduce(1, *)))
    return Region(
      name: name, shape: shape, format: stored, compute: compute, isGlobal: isGlobal,
      pointer: pointer)
  }

  private static let hugePage = 2 << 20

  func own(_ bytes: Int) -> UnsafeMutableRawPointer {
    // On huge pages a large state costs no misses of the address cache, where the system has them for
    // who asks.
    let isLarge = bytes >= Self.hugePage
    let pointer = UnsafeMutableRawPointer.allocate(
      byteCount: max(bytes, 8), alignment: isLarge ? Self.hugePage : 64)
    if isLarge { rv_advise_huge_pages(pointer, bytes) }
    pointer.initializeMemory(as: UInt8.self, repeating: 0, count: max(bytes, 8))
    owned.append(pointer)
    return pointer
  }

  /// Memory for the recorded numbers of a draw, the same at every call.
  func drawRoom(_ name: String, _ count: Int) -> UnsafeMutablePointer<Double> {
    if let room = drawRooms[name], room.count >= count { return room.pointer }
    let pointer = own(count * 8).assumingMemoryBound(to: Double.self)
    drawRooms[name] = (pointer, count)
    return pointer
  }

  func addState(
    _ name: String, _ shape: [Int], _ format: SlotFormat, _ compute: ElementType, isGlobal: Bool,
    shared: UnsafeMutableRawPointer?
  ) {
    states.append(region(name, shape, format, compute, isGlobal: isGlobal, shared: shared))
  }

  func addInput(_ name: String, _ shape: [Int], _ element: ElementType) {
    inputs.append(region(name, shape, element.format, element))
    awaited.append(name)
  }

  func noteGiven(_ name: String) { awaited.removeAll { $0 == name } }

  func addView(_ name: String, _ shape: [Int], _ element: ElementType) {
    views.append(region(name, shape, element.format, element.compute))
  }

  /// Bytes of the states, those of the whole optimizer included.
  var stateByteCount: Int { states.reduce(0) { $0 + $1.byteCount } }
}
