import CKernels
import Diagnostics
import IR

/// The states, inputs, views and recorded draws of one parameter tensor.
final class TensorMemory {
  struct Region {
    var layout: TensorLayout
    var pointer: UnsafeMutableRawPointer

    var name: String { layout.name }
    var shape: [Int] { layout.shape }
    var format: SlotFormat { layout.format }
    var compute: ElementType { layout.compute }
    var count: Int { layout.count }

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
    func write(_ values: [Double], seed: UInt64, step: Int, tensor: UInt32) {
      if format.isPlain { return writePlainly(values) }
      var place = format.place(RV_PLACE_ENCODE, count: count)
      rv_encode_state(
        compute.kernelElement, &place, pointer, values, seed, UInt32(truncatingIfNeeded: step),
        tensor)
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

    /// Gives every entry the value `x`.
    func fill(_ x: Double) {
      switch format.element {
      case ElementType.float32.kernelElement:
        pointer.assumingMemoryBound(to: Float.self).update(repeating: Float(x), count: count)
      case ElementType.float64.kernelElement:
        pointer.assumingMemoryBound(to: Double.self).update(repeating: x, count: count)
      default: for i in 0..<count { rv_set_number(format.element, pointer, Int64(i), x) }
      }
    }

    /// Takes numbers of some type, all of them or `count` from number `first` on.
    func fill(_ element: ElementType, _ source: UnsafeRawPointer, from first: Int = 0, count: Int) {
      if format == element.format {
        let width = element.byteCount
        (pointer + first * width).copyMemory(from: source, byteCount: count * width)
        return
      }
      for i in 0..<count {
        rv_set_number(
          format.element, pointer, Int64(first + i),
          rv_number_at(element.kernelElement, source, Int64(i)))
      }
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
  private var drawScratch: [String: (pointer: UnsafeMutablePointer<Double>, count: Int)] = [:]
  private var owned: [UnsafeMutableRawPointer] = []

  deinit { for pointer in owned { pointer.deallocate() } }

  /// The memory of a tensor; `globals` holds that of the states that all tensors share. `isElsewhere`: what is
  /// more than a number is memory of the host's, which `HostMemory` points out.
  init(
    _ variant: BoundVariant, globals: [String: UnsafeMutableRawPointer], isElsewhere: Bool = false
  ) {
    func region(_ layout: TensorLayout) -> Region {
      let none = UnsafeMutableRawPointer(bitPattern: 64)!
      let isOwn = !isElsewhere || layout.shape.isEmpty
      return Region(
        layout: layout,
        pointer: globals[layout.name] ?? (isOwn ? own(layout.byteCount) : none))
    }
    states = variant.states.map(region)
    inputs = variant.inputs.map(region)
    views = variant.views.map(region)
    awaited = isElsewhere ? [] : inputs.map(\.name)
  }

  func regions(_ kind: StepMemory.Kind) -> [Region] {
    switch kind {
    case .state: states
    case .input: inputs
    case .view: views
    }
  }

  /// Takes the memory of a host's state, input or view.
  func move(_ kind: StepMemory.Kind, _ k: Int, to pointer: UnsafeMutableRawPointer) {
    switch kind {
    case .state: states[k].pointer = pointer
    case .input: inputs[k].pointer = pointer
    case .view: views[k].pointer = pointer
    }
  }

  /// Memory for points of the reference engine.
  init() {}

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
  func recordedDraw(_ name: String, _ count: Int) -> UnsafeMutablePointer<Double> {
    if let known = drawScratch[name], known.count >= count { return known.pointer }
    let pointer = own(count * 8).assumingMemoryBound(to: Double.self)
    drawScratch[name] = (pointer, count)
    return pointer
  }

  func isGiven(_ name: String) -> Bool { !awaited.contains(name) }

  func noteMissing(_ name: String) {
    if isGiven(name) { awaited.append(name) }
  }

  func noteGiven(_ name: String) { awaited.removeAll { $0 == name } }

  /// Bytes of the states, those of the whole optimizer included.
  var stateByteCount: Int { states.reduce(0) { $0 + $1.layout.byteCount } }
}
