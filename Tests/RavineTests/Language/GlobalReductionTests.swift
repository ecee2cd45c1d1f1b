import Diagnostics
import Driver
import Runtime
import Testing

/// Reductions over all tensors against numbers made by hand.
@Suite struct GlobalReductionTests {
  static let cases: [(text: String, value: Double)] = [
    ("global norm(g)", 13), ("global rms(g)", 5.813776741499453), ("global mean(g)", 3.8),
    ("global mean(g^2) / global rms(g)", 5.813776741499453), ("global sum(g)", 19),
    ("global max(g)", 12), ("global min(g)", 0), ("global count(g > 0)", 3),
    ("global dot(g, g)", 169), ("global mean(g > 0)", 0.6),
  ]

  /// Two tensors, [3, 4] and [0, 0, 12].
  @Test(arguments: cases.indices, [EngineKind.reference, .interpreter])
  func isThatOfAllTensorsTogether(_ index: Int, _ engine: EngineKind) throws {
    let pair = Self.cases[index]
    let compiler = Compiler()
    let text =
      "rule R(lr = 1) {\n    state s: global\n    s' = \(pair.text)\n    w' = w - lr * s'\n}\n"
    let found = compiler.add(name: "test.opt", bytes: Array(text.utf8))
    #expect(found.filter { $0.severity == .error }.isEmpty)
    let optimizer = try Optimizer(
      compiler.rule("R"),
      parameters: [ParameterSpec(name: "a", dims: [2]), ParameterSpec(name: "b", dims: [3])],
      engine: engine, elementType: .float64)
    var first = [1.0, 1]
    var second = [1.0, 1, 1]
    let gradients = [[3.0, 4], [0, 0, 12]]
    try first.withUnsafeMutableBytes { a in
      try second.withUnsafeMutableBytes { b in
        try gradients[0].withUnsafeBytes { x in
          try gradients[1].withUnsafeBytes { y in
            optimizer.bind(
              parameters: [a.baseAddress!, b.baseAddress!],
              gradients: [x.baseAddress!, y.baseAddress!])
            try optimizer.initialise()
            try optimizer.step()
          }
        }
      }
    }
    for value in first + second { #expect(abs(value - (1 - pair.value)) < 1e-12) }
  }
}
