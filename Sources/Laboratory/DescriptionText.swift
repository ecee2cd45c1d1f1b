import Basics
import IR
import Runtime

extension RuleDescription {
  /// The sheet for people, a line a fact.
  package var text: String {
    var lines = [label]
    lines += documentation.map { "  \($0)" }
    if guardsFinite { lines.append("  A step with a gradient that is not finite does nothing.") }
    if !hypers.isEmpty {
      lines += ["", "hyperparameters"]
      lines += Self.aligned(hypers.map(Self.cells))
    }
    for variant in variants {
      if !variant.path.isEmpty {
        lines += ["", "route " + variant.path.joined(separator: ", then ")]
      }
      lines += Self.lines(variant.sheet)
    }
    if !placements.isEmpty {
      lines += ["", "parameters"]
      let header = ["", "", "state", "moved a step", "flops a step", "route"]
      lines += Self.aligned([header] + placements.map(Self.cells))
      lines += ["", "in all"]
      let routes = totals.filter { !$0.path.isEmpty }
      lines += Self.aligned(
        [["", "tensors", "numbers", "parameters", "states", "moved a step", "flops a step"]]
          + routes.map { Self.cells($0, Self.way($0.path)) } + [Self.cells(sum, "all")])
    }
    return lines.map { $0.trimmedEnd }.joined(separator: "\n") + "\n"
  }

  private static func cells(_ hyper: Hyper) -> [String] {
    [
      hyper.name, hyper.isSchedule ? "a schedule" : NumberText.shortest(hyper.value),
      hyper.domain.map { "in \($0)" } ?? "", hyper.isStructural ? "fixed when bound" : "",
    ]
  }

  private static func cells(_ placement: Placement) -> [String] {
    let dims = placement.tensor.dims.map(String.init).joined(separator: " × ")
    return [
      TerminalText.word(placement.tensor.name), dims.isEmpty ? "one number" : dims,
      bytes(placement.stateBytes),
      bytes(placement.bytesMoved), flops(placement.flops),
      placement.path.isEmpty ? "the only one" : way(placement.path),
    ]
  }

  private static func cells(_ total: Total, _ title: String) -> [String] {
    [
      title, "\(total.tensors)", scaled(total.numbers, by: 1000, ["", " k", " M", " G", " T"]),
      bytes(total.parameterBytes), bytes(total.stateBytes), bytes(total.bytesMoved),
      flops(total.flops),
    ]
  }

  private static func way(_ path: [String]) -> String { path.joined(separator: ", then ") }

  /// `48 B`, `12.5 KiB`.
  private static func bytes(_ x: Double) -> String {
    scaled(x, by: 1024, [" B", " KiB", " MiB", " GiB", " TiB", " PiB"])
  }

  /// `512 flop`, `1.7 Mflop`.
  private static func flops(_ x: Double) -> String {
    scaled(x, by: 1000, [" flop", " kflop", " Mflop", " Gflop", " Tflop", " Pflop"])
  }

  private static func scaled(_ x: Double, by step: Double, _ units: [String]) -> String {
    var value = x
    var unit = 0
    while value >= step, unit < units.count - 1 {
      value /= step
      unit += 1
    }
    return NumberText.shortest((value * 10).rounded() / 10) + units[unit]
  }

  package static func lines(_ sheet: CostSheet) -> [String] {
    var lines = ["", "states"]
    if sheet.states.isEmpty { lines.append("  none") }
    lines += aligned(
      sheet.states.map { state in
        let slot = state.slot
        var storage = slot.storage == .compute ? "" : "as \(slot.storage)"
        if case .int8 = slot.storage {
          storage += state.isSigned ? ", signed map" : ", map without signs"
        }
        return [
          slot.name, slot.isGlobal ? "global" : "\(slot.shape)",
          storage + (slot.roundsStochastically ? " round stochastic" : ""),
          "\(state.bytes) bytes" + (slot.isGlobal ? " in all" : ""),
        ]
      })
    lines += ["", "a step"]
    var facts: [(String, String)] = [
      ("state", amount(sheet.stateBytes.perElement, "bytes a parameter")),
      ("memory moved", both(sheet, "bytes an element") { $0.bytesMoved.perElement }),
      ("arithmetic", both(sheet, "flops an element") { $0.flops.perElement }),
      ("passes", both(sheet) { Amount(Double($0.passes)) }),
      ("temporaries", both(sheet, "bytes") { $0.temporaryBytes }),
    ]
    func add(_ name: String, _ amount: (CostSheet.Work) -> Amount) {
      if amount(sheet.busiest) != .zero { facts.append((name, both(sheet, "", amount))) }
    }
    add("matrix products", \.matrixProducts)
    add("decompositions", \.decompositions)
    facts.append(("kind", kind(sheet)))
    facts.append(("splits over devices", sheet.sharding))
    if !sheet.draws.isEmpty {
      let draws = sheet.draws.map { draw in
        "\(draw.distribution) `\(draw.name)`, \(draw.isGlobal ? "one for all tensors" : "\(draw.shape)")"
      }
      facts.append(("random numbers", draws.joined(separator: "; ")))
    }
    facts.append(("needs", needs(sheet).joined(separator: ", ")))
    return lines + aligned(facts.map { [$0.0, $0.1] })
  }

  private static func kind(_ sheet: CostSheet) -> String {
    var parts = sheet.reach == .wholeTensor ? ["needs the whole matrix"] : []
    for (count, scope) in [
      (sheet.tensorReductions, "of the whole tensor"), (sheet.globalReductions, "over all tensors"),
      (sheet.rowReductions, "along rows"), (sheet.columnReductions, "along columns"),
    ] where count > 0 {
      parts.append("\(count) reduction\(count == 1 ? "" : "s") \(scope)")
    }
    return parts.isEmpty ? "elementwise" : parts.joined(separator: "; ")
  }

  package static func needs(_ sheet: CostSheet) -> [String] {
    var needs = sheet.usesGradient ? ["the gradient"] : []
    if sheet.usesLoss { needs.append("the loss") }
    needs += sheet.inputs.map { "the input `\($0.name)` (\($0.shape))" }
    if sheet.lossQueries > 0 { needs.append("\(sheet.lossQueries) × loss(x) at another point") }
    if sheet.gradientQueries > 0 {
      needs.append("\(sheet.gradientQueries) × grad(x) at another point")
    }
    return needs.isEmpty ? ["nothing"] : needs
  }

  /// A fact of the quietest path and of the busiest where they differ: `20 to 28` by what a step
  /// does, `a or b` where the shape decides.
  private static func both(
    _ sheet: CostSheet, _ unit: String = "", _ fact: (CostSheet.Work) -> Amount
  ) -> String {
    let (least, most) = (fact(sheet.quietest), fact(sheet.busiest))
    if least == most { return amount(most, unit) }
    let word = sheet.variesByShape ? "or" : "to"
    return "\(least) \(word) \(most)" + (unit.isEmpty ? "" : " " + unit)
  }

  private static func amount(_ amount: Amount, _ unit: String) -> String {
    amount == .zero ? "none" : "\(amount)" + (unit.isEmpty ? "" : " " + unit)
  }

  private static func aligned(_ rows: [[String]]) -> [String] {
    let count = rows.map(\.count).max() ?? 0
    let widths = (0..<count).map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      "  "
        + zip(row, widths).filter { $0.1 > 0 }
        .map { $0.0 + String(repeating: " ", count: $0.1 - $0.0.count) }
        .joined(separator: "  ")
    }
  }

  /// The sheet as data. Amounts are texts in rows and cols: `4·rows + 4·cols`.
  package var json: JSONValue {
    guard case .object(let members) = sheetJSON, !placements.isEmpty else { return sheetJSON }
    return .object(
      members + [
        JSONMember(
          "totals",
          .record([
            "all": Self.json(sum),
            "routes": .array(totals.filter { !$0.path.isEmpty }.map(Self.json)),
          ]))
      ])
  }

  private static func json(_ total: Total) -> JSONValue {
    .record([
      "route": .array(total.path.map { .string($0) }), "tensors": .int(total.tensors),
      "numbers": .number(total.numbers), "parameterBytes": .number(total.parameterBytes),
      "stateBytes": .number(total.stateBytes), "bytesMoved": .number(total.bytesMoved),
      "flops": .number(total.flops),
    ])
  }

  private var sheetJSON: JSONValue {
    .record([
      "rule": .string(label), "documentation": .string(documentation.joined(separator: "\n")),
      "hyperparameters": .array(
        hypers.map { hyper in
          .record([
            "name": .string(hyper.name), "value": .number(hyper.value),
            "schedule": .bool(hyper.isSchedule),
            "domain": hyper.domain.map { .string("\($0)") } ?? .null,
            "structural": .bool(hyper.isStructural),
          ])
        }),
      "guardsFinite": .bool(guardsFinite),
      "structure": .string("\(structure)"), "identity": .string("\(identity)"),
      "variants": .array(
        variants.map { variant in
          .record([
            "route": .array(variant.path.map { .string($0) }), "cost": Self.json(variant.sheet),
          ])
        }),
      "parameters": .array(
        placements.map { placement in
          .record([
            "name": .string(placement.tensor.name),
            "shape": .array(placement.tensor.dims.map { .int($0) }),
            "route": .array(placement.path.map { .string($0) }),
            "stateBytes": .number(placement.stateBytes),
            "bytesMoved": .number(placement.bytesMoved), "flops": .number(placement.flops),
            "temporaryBytes": .number(placement.temporaryBytes),
          ])
        }),
    ])
  }

  static func json(_ sheet: CostSheet) -> JSONValue {
    func work(_ work: CostSheet.Work) -> JSONValue {
      .record([
        "bytesRead": .string("\(work.bytesRead)"), "bytesWritten": .string("\(work.bytesWritten)"),
        "bytesMovedPerElement": .string("\(work.bytesMoved.perElement)"),
        "flops": .string("\(work.flops)"), "flopsPerElement": .string("\(work.flops.perElement)"),
        "operations": .object(
          Operation.allCases.compactMap { operation in
            work.operations[operation].map { JSONMember("\(operation)", .int($0)) }
          }),
        "passes": .int(work.passes), "temporaryBytes": .string("\(work.temporaryBytes)"),
        "matrixProducts": .string("\(work.matrixProducts)"),
        "decompositions": .string("\(work.decompositions)"),
      ])
    }
    return .record([
      "states": .array(
        sheet.states.map { state in
          .record([
            "name": .string(state.slot.name), "shape": .string("\(state.slot.shape)"),
            "global": .bool(state.slot.isGlobal), "storage": .string("\(state.slot.storage)"),
            "bytes": .string("\(state.bytes)"),
          ])
        }),
      "stateBytes": .string("\(sheet.stateBytes)"),
      "stateBytesPerParameter": .string("\(sheet.stateBytes.perElement)"),
      "busiest": work(sheet.busiest), "quietest": work(sheet.quietest),
      "kind": .string("\(sheet.reach)"), "sharding": .string(sheet.sharding),
      "reductions": .record([
        "tensor": .int(sheet.tensorReductions), "global": .int(sheet.globalReductions),
        "rows": .int(sheet.rowReductions), "columns": .int(sheet.columnReductions),
      ]),
      "draws": .array(
        sheet.draws.map { draw in
          .record([
            "name": .string(draw.name), "distribution": .string("\(draw.distribution)"),
            "shape": .string("\(draw.shape)"), "global": .bool(draw.isGlobal),
          ])
        }),
      "needs": .array(needs(sheet).map { .string($0) }),
    ])
  }
}

extension String {
  fileprivate var trimmedEnd: String {
    var text = self
    while text.last == " " { text.removeLast() }
    return text
  }
}
