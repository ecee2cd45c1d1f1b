import Basics

/// The text of a function, one value a line, for people and for tests: `%3 = multiply %1, %2 : like w`,
/// and behind it what the author calls the value.
extension Function {
  package func dump() -> String { lines("").joined(separator: "\n") + "\n" }

  private func lines(_ indent: String) -> [String] {
    var result = ["\(indent)function \(name)"]
    for (i, instruction) in instructions.enumerated() {
      let name = names[ValueID(i)].map { "  # \($0)" } ?? ""
      result.append("\(indent)  %\(i) = \(text(instruction)) : \(instruction.type)\(name)")
      if instruction.operation == .loop, loops.indices.contains(Int(instruction.attribute)) {
        result += loops[Int(instruction.attribute)].body.lines(indent + "    ")
      }
    }
    for output in outputs {
      result.append("\(indent)  \(output.target.text) = \(output.value.text)")
    }
    return result
  }

  private func text(_ instruction: Instruction) -> String {
    let operands = [instruction.a, instruction.b, instruction.c].filter(\.isSome).map(\.text)
    let words =
      [name(of: instruction)] + (operands.isEmpty ? [] : [operands.joined(separator: ", ")])
    return (words + details(instruction)).joined(separator: " ")
  }

  private func name(of instruction: Instruction) -> String {
    instruction.operation == .constant
      ? entry(constants, instruction).map { "\($0)" } ?? "constant ?" : "\(instruction.operation)"
  }

  /// What the attribute says, in words.
  private func details(_ instruction: Instruction) -> [String] {
    let attribute = instruction.attribute
    switch instruction.operation.info.attribute {
    case .none, .constant, .signs: return []
    case .slot: return ["#\(attribute)"]
    case .axis: return ["axis \(attribute)"]
    case .extent: return [ExtentKind(rawValue: attribute).map { "\($0)" } ?? "?"]
    case .scope: return [Scope(rawValue: attribute).map { "\($0)" } ?? "?"]
    case .site: return ["site \(attribute)"]
    case .draw:
      guard let draw = entry(draws, instruction) else { return ["?"] }
      return ["\(draw.distribution) `\(draw.name)` site \(draw.site)"]
        + (draw.isGlobal ? ["global"] : [])
    case .slices:
      guard let axes = entry(slices, instruction) else { return ["?"] }
      return ["[\(axes.map(\.text).joined(separator: ", "))]"]
    case .window:
      guard let window = entry(windows, instruction) else { return ["?"] }
      return [
        "\(window.rows) × \(window.cols)", "stride \(window.stride)", "pad \(window.pad)",
      ]
    case .loop:
      guard let loop = entry(loops, instruction) else { return ["?"] }
      let initial = loop.initial.map(\.text).joined(separator: ", ")
      let captured = loop.captured.map(\.text).joined(separator: ", ")
      return ["times (\(initial))"] + (loop.captured.isEmpty ? [] : ["with (\(captured))"])
    }
  }

  private func entry<T>(_ table: [T], _ instruction: Instruction) -> T? {
    table.indices.contains(Int(instruction.attribute)) ? table[Int(instruction.attribute)] : nil
  }
}

extension ValueID {
  var text: String { isSome ? "%\(raw)" : "none" }
}

extension AxisSlice {
  /// As written: `1:3`, `:`, `2`.
  var text: String {
    if isDropped { return "\(start)" }
    return (start == 0 ? "" : "\(start)") + ":" + (end.map { "\($0)" } ?? "")
  }
}

extension OutputTarget {
  /// The target in dumps and messages: `w' #0`, `state' #1`, `gradient #0`.
  package var text: String {
    switch self {
    case .parameter(let k): "w' #\(k)"
    case .state(let k): "state' #\(k)"
    case .hyper(let k): "hyper #\(k)"
    case .result(let k): "result #\(k)"
    case .view(let name): "view \(name)"
    case .loss: "loss"
    case .metric(let name): "metric \(name)"
    case .gradient(let k): "gradient #\(k)"
    }
  }
}
