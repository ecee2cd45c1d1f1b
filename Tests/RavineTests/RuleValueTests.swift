import Diagnostics
import Driver
import IR
import Testing

/// A rule as a value: what it is bound to, set and taken back without text.
@Suite struct RuleValueTests {
  private func rule(_ text: String, free: Bool = false) throws -> Rule {
    try Compiler().rule(text, allowsFreeNames: free)
  }

  private func codes(_ body: () throws -> Void) -> [DiagnosticCode] {
    do {
      try body()
      return []
    } catch {
      return (error as? DiagnosticError)?.diagnostics.map(\.code) ?? []
    }
  }

  @Test func bindingsSayWhereValuesComeFrom() throws {
    let own = try rule("Lion(lr = cosine(1e-3), β1 = β, λ = 0.5)", free: true)
    let names = own.module.hypers.map(\.key)
    func binding(_ key: String) throws -> Rule.Binding {
      own.binding(try #require(names.firstIndex(of: key)))
    }
    #expect(try binding("lr") == .scheduled)
    #expect(try binding("beta1") == .free)
    #expect(try binding("beta2") == .byDefault)
    #expect(try binding("lambda") == .given(0.5))
    #expect(own.freeNames == ["beta"])
  }

  @Test func whatIsSetIsWhatIsWritten() throws {
    for (before, name, x, after) in [
      ("AdamW", "lambda", 0.25, "AdamW(lambda = 0.25)"), ("SGD(lr = 1)", "lr", 2, "SGD(lr = 2)"),
      ("Lion(lr = cosine(1))", "lr", 0.5, "Lion(lr = cosine(0.5))"),
      ("CLion", "lr", 0.5, "CLion(lr = 0.5)"), ("AdamW(lr = 1 / t)", "lr", 0.5, "AdamW(lr = 0.5)"),
    ] {
      let set = try rule(before).setting(name, to: x)
      let written = try rule(after)
      #expect(set.label == after)
      #expect(set.arguments == written.arguments, "\(after)")
      #expect(set.bindings == written.bindings, "\(after)")
    }
  }

  @Test func whatIsUnsetIsTheDefaultAgain() throws {
    let plain = try rule("AdamW")
    for text in ["AdamW(lr = 0.5)", "AdamW(lr = cosine(0.5))"] {
      let back = try rule(text).unsetting("lr")
      #expect(back.label == "AdamW")
      #expect(back.arguments == plain.arguments)
      #expect(back.bindings == plain.bindings)
    }
    #expect(try plain.setting("lr", to: 2).unsetting("lr").arguments == plain.arguments)
    // Inside stays what was given inside.
    let around = try rule("Lookahead(SGD(lr = 0.25), lr = 0.5)").unsetting("lr")
    #expect(around.arguments == (try rule("Lookahead(SGD(lr = 0.25))").arguments))
  }

  @Test func aScheduleNeedsNoText() throws {
    var builder = FunctionBuilder(name: "rate")
    let t = builder.source(.step, .scalar)
    builder.output(.result(0), try builder.make(.divide, builder.constant(1), t))
    let own = try rule("SGD").scheduling("lr", by: builder.finish(), as: "1 / t")
    #expect(own.label == "SGD(lr = 1 / t)")
    #expect(own.arguments == (try rule("SGD(lr = 1 / t)").arguments))
    #expect(own.bindings[0] == .scheduled)
  }

  @Test func mistakesHaveTheirCodes() throws {
    let own = try rule("AdamW")
    #expect(codes { _ = try own.setting("rate", to: 1) } == [.unknownHyper])
    #expect(codes { _ = try own.setting("beta1", to: 1.5) } == [.outsideDomain])
    #expect(codes { _ = try own.unsetting("lr") } == [.unknownHyper])
    var builder = FunctionBuilder(name: "itself")
    builder.output(.result(0), builder.source(.hyper, .scalar))
    let circle = builder.finish()
    #expect(
      codes { _ = try own.scheduling(own.module.hypers[0].name, by: circle, as: "itself") }
        == [.circularEquations])
    let free = try rule("SGD(lr = x)", free: true)
    #expect(codes { try free.requireNumbers() } == [.unknownName])
  }

  @Test func aRuleIsLoweredOnce() throws {
    let compiler = Compiler()
    let text = """
      rule Mine(lr = 0.1) { w' = w - lr * g }
      objective bowl(x: vector(2) = [3, 1]) = x[0]^2 + x[1]^2
      minimize bowl with Mine, Mine(lr = 0.2), SGD for 3 steps seeds 2
      """
    #expect(
      !compiler.add(name: "once.opt", bytes: Array(text.utf8)).contains {
        $0.severity == .error
      })
    // The declared rule and objective, the rule with an argument, and the one of the zoo.
    #expect(compiler.loweredCount == 4)
    guard case .minimize(let statement) = compiler.commands[0].kind else { return }
    let tree = compiler.commands[0].tree
    let labels = try statement.rules.map { try compiler.rule($0, in: tree).label }
    #expect(labels == ["Mine", "Mine(lr = 0.2)", "SGD"])
    _ = try compiler.objective(statement.objective, in: tree)
    #expect(compiler.loweredCount == 4)
  }
}
