import Runtime

/// The tensors of a measurement, and what a command line calls them.
package struct BenchSize: Sendable, Hashable {
  package var name: String
  package var tensors: [ParameterSpec]

  package init(name: String, tensors: [ParameterSpec]) {
    self.name = name
    self.tensors = tensors
  }

  package var count: Int { tensors.reduce(0) { $0 + $1.count } }

  /// Elements that one tensor may have.
  private static let limit = 1 << 31

  /// `64`, `4Ki`, `16Mi`, `1024x1024`, or a name of `named`; nil for anything else.
  package init?(_ text: String) {
    if let dims = Self.named[text] {
      self.init(
        name: text,
        tensors: dims.enumerated().map { ParameterSpec(name: "w\($0)", dims: $1) })
      return
    }
    var dims: [Int] = []
    for part in text.split(separator: "x", omittingEmptySubsequences: false) {
      guard let length = Self.length(part) else { return nil }
      dims.append(length)
    }
    guard dims.count <= 8, dims.reduce(1.0, { $0 * Double($1) }) <= Double(Self.limit) else {
      return nil
    }
    self.init(name: text, tensors: [ParameterSpec(name: "w", dims: dims)])
  }

  private static func length(_ text: Substring) -> Int? {
    for (suffix, factor) in [("Ki", 1 << 10), ("Mi", 1 << 20), ("Gi", 1 << 30)]
    where text.hasSuffix(suffix) {
      guard let n = Int(text.dropLast(2)), n >= 1, n <= limit / factor else { return nil }
      return n * factor
    }
    guard let n = Int(text), n >= 1, n <= limit else { return nil }
    return n
  }

  /// Sets of tensors that have a name.
  package static let named: [String: [[Int]]] = ["gpt2": gpt2]

  /// The 148 tensors of GPT-2 small: 12 layers, 768 wide, 124 million parameters.
  package static let gpt2: [[Int]] = {
    var dims = [[50_257, 768], [1_024, 768]]
    for _ in 0..<12 {
      dims += [[768], [768], [768, 2304], [2304], [768, 768], [768], [768], [768], [768, 3072]]
      dims += [[3072], [3072, 768], [768]]
    }
    return dims + [[768], [768]]
  }()
}
