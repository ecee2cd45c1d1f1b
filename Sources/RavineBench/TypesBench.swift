import Native
import Ravine
import Runtime

extension Bench {
  /// One kind of memory for a rule's parameters and states.
  private struct Kind {
    var name: String
    var rule: String
    var element: ElementType
  }

  private static let kinds = [
    Kind(name: "AdamW, float32", rule: "AdamW", element: .float32),
    Kind(name: "Adam8bit, float32", rule: "Adam8bit", element: .float32),
    Kind(name: "AdamW, bfloat16 parameters", rule: "AdamW", element: .bfloat16),
    Kind(name: "AdamW, float16 parameters", rule: "AdamW", element: .float16),
    Kind(name: "Adam8bit, bfloat16 parameters", rule: "Adam8bit", element: .bfloat16),
  ]

  /// Compiled passes over parameters and states in fewer bits, against float32 in the same rounds.
  mutating func types() throws {
    for (count, threads) in [(16_777_216, 1), (16_777_216, 2), (262_144, 1)] {
      try compareTypes(count, threads)
    }
  }

  private mutating func compareTypes(_ count: Int, _ threads: Int) throws {
    let compiled = NativeCompiler { print($0) }
    let optimizers = try Self.kinds.map { kind in
      try Optimizer(
        compiler.rule(kind.rule), parameters: [ParameterSpec(name: "w", dims: [count])],
        engine: .native, elementType: kind.element, threads: threads, compiler: compiled)
    }
    var rooms: [UnsafeMutableRawPointer] = []
    defer { for room in rooms { room.deallocate() } }
    for (kind, optimizer) in zip(Self.kinds, optimizers) {
      let pair = (0..<2).map { _ in
        UnsafeMutableRawPointer.allocate(byteCount: count * kind.element.byteCount, alignment: 64)
      }
      for (k, room) in pair.enumerated() {
        let first = min(count, 97)
        for i in 0..<first { kind.element.write(Double((i + k) % 97) / 97 - 0.5, to: room, i) }
        // The same again and again.
        var have = first * kind.element.byteCount
        while have < count * kind.element.byteCount {
          let more = min(have, count * kind.element.byteCount - have)
          (room + have).copyMemory(from: room, byteCount: more)
          have += more
        }
      }
      rooms += pair
      optimizer.bind(parameters: [pair[0]], gradients: [UnsafeRawPointer(pair[1])])
      try optimizer.initialise()
    }
    var times = Self.kinds.map { _ in [Double]() }
    let repeats = max(1, 16_777_216 / count / 4)
    for _ in 0..<15 {
      for (k, optimizer) in optimizers.enumerated() {
        times[k].append(try best(rounds: 1, repeats: repeats) { try optimizer.step() })
      }
    }
    for (k, kind) in Self.kinds.enumerated() {
      let ratio = Self.middle(zip(times[k], times[0]).map { $0 / $1 })
      let nanoseconds = Self.middle(times[k]) / Double(count) * 1e9
      let bytes = Double(optimizers[k].stateByteCount) / Double(count)
      let hasBar = kind.name.hasPrefix("Adam8bit, float32") && count > 10_000_000
      rows.append(
        Row(
          name:
            "types \(kind.name), \(count) elements, \(threads) thread\(threads == 1 ? "" : "s")",
          measured: "\(text(nanoseconds)) ns an element, \(text(ratio, 2))× float32 AdamW, "
            + "\(text(bytes, 3)) bytes of state a parameter",
          bar: hasBar ? "< 1×" : "none", passes: !hasBar || ratio < 1))
    }
  }

  private static func middle(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }
}
