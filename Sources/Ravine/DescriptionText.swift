import IR

extension RuleDescription {
  /// The sheet for people, a line a fact.
  public var text: String {
    var lines = [label]
    lines += documentation.map { "  \($0)" }
    if guardsFinite { lines.append("  A step with a gradient that is not finite does nothing.") }
    if !hypers.isEmpty {
      lines += ["", "hyperparameters"]
      lines += Self.aligned(hypers.map(Self.cells))
    }
    for variant in variants {
      if !variant.path.isEmpty { lines += ["", "route " + variant.path.joined(separator: ", then ")] }
      lines += Self.lines(variant.sheet)
    }
    return lines.map { $0.trimmedEnd }.joined(separator: "\n") + "\n"
  }

  private static func cells(_ hyper: Hyper) -> [String] {
    [
      hyper.name, hyper.isSchedule ? "a schedule" : number(hyper.value),
      hyper.domain.map { "in \($0)" } ?? "", hyper.isStructural ? "fixed when bound" : "",
    ]
  }

  static func lines(_ sheet: CostSheet) -> [String] {
    var lines = ["", "states"]
    if sheet.states.isEmpty { lines.append("  none") }
    lines += aligned(
      sheet.states.map { state in
        let slot = state.slot
        let storage = slot.storage == .compute ? "" : "as \(slot.storage)"
        return [
          slot.name, slot.isGlobal ? "global" : "\(slot.shape)",
          storage + (slot.roundsStochastically ? " round stochastic" : ""),
          "\(state.bytes) bytes" + (slot.isGlobal ? " in all" : ""),
        ]
      })
    lines += ["", "a step"]
    var facts: [(String, String)] = [
      ("state", perElement(sheet.stateBytes, "bytes a parameter")),
      ("memory moved", both(sheet) { perElement($0.bytesMoved, "bytes an element") }),
      ("arithmetic", both(sheet) { perElement($0.flops, "flops an element") }),
      ("passes", both(sheet) { "\($0.passes)" }),
      ("temporaries", both(sheet) { $0.temporaryBytes == .zero ? "none" : "\($0.temporaryBytes) bytes" }),
    ]
    func add(_ name: String, _ amount: (CostSheet.Work) -> Amount) {
      if amount(sheet.busiest) != .zero { facts.append((name, both(sheet) { "\(amount($0))" })) }
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
    var parts: [String] = []
    func add(_ count: Int, _ noun: String) {
      if count > 0 { parts.append("\(count) \(noun)\(count == 1 ? "" : "s")") }
    }
    add(sheet.tensorReductions, "reduction") 
    if sheet.tensorReductions > 0 { parts[parts.count - 1] += " of the whole tensor" }
    add(sheet.globalReductions, "reduction")
    if sheet.globalReductions > 0 { parts[parts.count - 1] += " over all tensors" }
    add(sheet.rowReductions, "reduction")
    if sheet.rowReductions > 0 { parts[parts.count - 1] += " along rows" }
    add(sheet.columnReductions, "reduction")
    if sheet.columnReductions > 0 { parts[parts.count - 1] += " along columns" }
    let first = sheet.reach == .wholeTensor ? ["needs the whole matrix"] : []
    let all = first + parts
    return all.isEmpty ? "elementwise" : all.joined(separator: "; ")
  }

  static func needs(_ sheet: CostSheet) -> [String] {
    var needs = sheet.usesGradient ? ["the gradient"] : []
    if sheet.usesLoss { needs.append("the loss") }
    needs += sheet.inputs.map { "the input `\($0.name)` (\($0.shape))" }
    if sheet.lossQueries > 0 { needs.append("\(sheet.lossQueries) × loss(x) at another point") }
    if sheet.gradientQueries > 0 {
      needs.append("\(sheet.gradientQueries) × grad(x) at another point")
    }
    return needs.isEmpty ? ["nothing"] : needs
  }

  /// A fact of the busiest path, and of the quietest where that differs.
  private static func both(_ sheet: CostSheet, _ fact: (CostSheet.Work) -> String) -> String {
    let (most, least) = (fact(sheet.busiest), fact(sheet.quietest))
    return most == least ? most : "\(least) to \(most)"
  }

  private static func perElement(_ amount: Amount, _ unit: String) -> String {
    amount == .zero ? "none" : "\(amount.perElement) \(unit)"
  }

  static func number(_ x: Double) -> String {
    x == x.rounded() && abs(x) < 1e15 ? "\(Int(x))" : "\(x)"
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
  public var json: JSONValue {
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
      "variants": .array(
        variants.map { variant in
          .record([
            "route": .array(variant.path.map { .string($0) }), "cost": Self.json(variant.sheet),
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
