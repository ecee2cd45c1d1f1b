import Basics
import IR
import Search

/// A value of a program as one expression.
struct GenomeText {
  private let program: Genome

  init(_ program: Genome) { self.program = program }

  private static let signs: [Operation: (text: String, level: Int)] = [
    .add: ("+", 1), .subtract: ("-", 1), .multiply: ("*", 2), .divide: ("/", 2),
  ]

  /// `sign(m')`, cut where it is long. A value that a state becomes is written out, or named where `isNamed`.
  func text(_ r: Genome.Reference, isNamed: Bool = false, limit: Int = 40) -> String {
    let whole = written(r, above: 0, isNamed: isNamed)
    return whole.count <= limit ? whole : whole.prefix(limit - 1) + "…"
  }

  /// In parentheses where what it stands in binds as `above` or closer.
  private func written(_ r: Genome.Reference, above: Int, isNamed: Bool = true) -> String {
    if isNamed, r.node != nil, let k = program.states.firstIndex(where: { $0.next == r }) {
      return Genome.stateNames[k] + "'"
    }
    if let k = r.state { return Genome.stateNames[k] }
    if let k = r.number { return NumberText.short(program.numbers[k]) }
    guard let i = r.node else {
      return switch r {
      case .weights: "w"
      case .gradient: "g"
      case .rate: "lr"
      case .step: "t"
      default: "T"
      }
    }
    let node = program.nodes[i]
    if let sign = Self.signs[node.operation] {
      // a - (b - c) and a / (b / c) are not a - b - c and a / b / c.
      let text =
        "\(written(node.a, above: sign.level - 1)) \(sign.text) \(written(node.b, above: sign.level))"
      return sign.level <= above ? "(\(text))" : text
    }
    let name = node.operation.info.name
    // Other signs, as `^` and `<`, are always in parentheses inside of something.
    if name.first?.isLetter == false {
      let text =
        node.arity == 1
        ? name + written(node.a, above: 3)
        : "\(written(node.a, above: 3)) \(name) \(written(node.b, above: 3))"
      return above > 0 ? "(\(text))" : text
    }
    let operands = (0..<node.arity).map { written(node[$0], above: 0) }
    return "\(name)(\(operands.joined(separator: ", ")))"
  }
}
