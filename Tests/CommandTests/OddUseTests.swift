import Testing

/// What is seldom written and was taken wrongly once: each a script, and what is said of it.
@Suite struct OddUseTests {
  /// The sandbox's script as `ravine COMMAND s.opt`, beside a small table.
  private func said(_ script: String, _ command: String = "run") throws -> Sandbox.Outcome {
    let sandbox = try Sandbox()
    try sandbox.write("d.csv", "x,y\n1,1\n2,0\n3,0\n4,1\n5,1\n6,0\n7,2\n")
    try sandbox.write("t.tsv", "x\ty\n1\t2\n2\t4\n3\t6\n4\t8\n")
    try sandbox.write("s.opt", script)
    return try sandbox.run("ravine \(command) s.opt")
  }

  @Test(arguments: [
    // One place for each row, where lengths are known when they are checked, bound, or cut short.
    (
      "rule A(lr = 0.1) { w' = w - lr * g * sum(take_along(ones(3, 2), [0, 1])) }", "check",
      "R0401",
      "2 places for 3 rows"
    ),
    (
      """
      data d = csv("d.csv", target = "y")
      objective q(; x, y) { param W: matrix(features, 3) = 0
       loss = cross_entropy(y, x @ W) }
      train q on d with SGD(lr = 0.1) for 2 steps
      """, "run", "R0401", "places for 7 rows"
    ),
    // What is fixed when a rule is bound has no schedule.
    (
      """
      rule Win(lr = 1, n = 3) { state h: window(n)
       h' = g
       w' = w - lr * mean over window h' }
      objective clock(x: scalar = 0) = x * t
      minimize clock with Win(n = t) for 3 steps
      """, "check", "R0410", "`n` is fixed when the rule is bound"
    ),
    (
      """
      objective bowl(x: matrix(2, 2) = 1) = sum(x^2)
      minimize bowl with Muon(steps = 2 + t) for 3 steps
      """, "check", "R0410", "`steps` is fixed when the rule is bound"
    ),
    // A place that no entry has, and a half of one.
    (
      """
      rule W(lr = 1, i = 1) { state h: window(3)
       h' = g
       w' = w - lr * h'[i] }
      objective bowl(x: vector(3) = 1) = sum(x^2)
      minimize bowl with W(i = 3) for 2 steps
      """, "check", "R0408", "the index 3 is outside an axis of length 3"
    ),
    (
      """
      rule W(lr = 1, i = 1) { state h: window(3)
       h' = g
       w' = w - lr * h'[i] }
      objective bowl(x: vector(3) = 1) = sum(x^2)
      minimize bowl with W(i = -4) for 2 steps
      """, "check", "R0408", "the index -4 is outside an axis of length 3"
    ),
    (
      """
      rule A(lr = 1, i = 1) { w' = w - lr * g[i] }
      objective bowl(x: vector(3) = 1) = sum(x^2)
      minimize bowl with A(i = 1.5) for 2 steps
      """, "check", "R0414", "i"
    ),
    (
      """
      rule Q(lr = 0.1, q = 2) { w' = w - lr * sign(g) * quantile(abs(g), q) }
      objective bowl(x: vector(3) = 1) = sum(x^2)
      minimize bowl with Q for 2 steps
      """, "run", "R0908", "`quantile` takes a share from 0 to 1, and this is 2"
    ),
    // A metric does not take the place of a series of losses.
    (
      """
      objective q(x: scalar = 1) { loss = x^2
       metric test_loss = 3 }
      """, "check", "R0213", "`test_loss` already has a meaning"
    ),
  ])
  func isRefused(_ script: String, _ command: String, _ code: String, _ text: String) throws {
    let outcome = try said(script, command)
    #expect(outcome.status != 0 && outcome.status < 128)
    #expect(outcome.codes().contains(code), "\(outcome.errors)")
    #expect(outcome.errors.contains(text), "\(outcome.errors)")
  }

  /// A Greek letter and its spelled name are one name, for routes too.
  @Test(arguments: [
    ("λ", "β1"), ("lambda", "beta1"), ("λ", "beta1"), ("lambda", "β₁"),
  ])
  func routesKnowANameByEitherSpelling(_ first: String, _ second: String) throws {
    for (equal, pattern) in [
      ("λ", "^β"), ("lambda", "^beta"), ("λ", "^beta1$"), ("lambda", "^[βγ]1"),
    ] {
      let outcome = try said(
        """
        objective f(\(first): scalar = 1, \(second): scalar = 1) = \(first)^2 + \(second)^2
        rule R = route { name == "\(equal)" -> SGD(lr = 0.1)
         name =~ "\(pattern)" -> SGD(lr = 0.2)
         otherwise -> SGD(lr = 0) }
        minimize f with R for 1 step
        """)
      #expect(outcome.status == 0, "\(outcome.errors)")
      #expect(outcome.output.contains("[0.8000, 0.6000]"), "\(equal) \(pattern)\n\(outcome.output)")
    }
  }

  @Test func tabsAreWrittenAsTheyAreElsewhere() throws {
    let outcome = try said(
      """
      data d = csv("t.tsv", target = "y", separator = "\\t")
      objective line(; x, y) { param a: vector(1) = 0
       loss = mean((x @ a - y)^2) }
      train line on d with SGD(lr = 0.05) for 200 steps batch 4
      """)
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(outcome.output.contains("SGD(lr = 0.05)"))
    #expect(outcome.errors.isEmpty)
  }

  /// An error in the library is told at the line of the script.
  @Test(arguments: [
    ("minimize bowl with SGD(lr = 0.1), Muon for 3 steps", "R0803", "s.opt:2:35"),
    ("minimize bowl with Muon for 3 steps", "R0803", "s.opt:2:20"),
    ("minimize bowl with SGD(lr = [1, 2]) for 3 steps", "R0405", "s.opt:2:20"),
    ("minimize bowl with SGD(lr = normal()) for 3 steps", "R0506", "s.opt:2:20"),
    ("minimize bowl with Shampoo(ε = 0) for 3 steps", "R0502", "s.opt:2:20"),
    ("rule Mine = SGD(lr = \"0.1\")", "R0407", "s.opt:2:6"),
  ])
  func theScriptIsNamedFirst(_ line: String, _ code: String, _ place: String) throws {
    let outcome = try said("objective bowl(x: vector(3) = 1) = sum(x^2)\n\(line)\n")
    #expect(Set(outcome.codes()) == [code], "\(outcome.errors)")
    #expect(outcome.errors.contains(" --> \(place)"), "\(outcome.errors)")
    #expect(outcome.errors.contains("zoo/"), "\(outcome.errors)")
  }

  /// What one rule meets on its own way is a row of the table.
  @Test func aRuleThatFailsLeavesTheOthers() throws {
    let outcome = try said(
      """
      rule Chol(lr = 0.1) {
          w' = w - lr * sum(cholesky(reshape([1 - 0.3 * t, 0, 0, 1], 2, 2))) * g
      }
      objective q(x: vector(2) = [1, 1]) = sum(x^2)
      minimize q with SGD(lr = 0.1), Chol, SGD(lr = 0.2) for 6 steps
      """)
    #expect(outcome.status != 0 && outcome.status < 128)
    #expect(outcome.output.contains("SGD(lr = 0.2)"), "\(outcome.output)")
    #expect(outcome.output.contains("1 of 1 failed"), "\(outcome.output)")
    #expect(outcome.codes() == ["R0902"], "\(outcome.errors)")
  }

  @Test func aRecordWithoutStepsIsRefused() throws {
    let sandbox = try Sandbox()
    try sandbox.write("z.json", #"{"shape":[2],"p0":[1,2],"gradients":[],"parameters":[]}"#)
    let outcome = try sandbox.run("ravine replay SGD z.json")
    #expect(outcome.status > 0 && outcome.status < 128)
    #expect(outcome.errors.contains("at least one step"), "\(outcome.errors)")
  }

  @Test func severalSeedsSayWhoseEndIsShown() throws {
    let outcome = try said(
      """
      objective bowl(x: vector(2) = normal()) = sum(x^2)
      minimize bowl with SGD(lr = 0.1) for 3 steps seeds 2
      """)
    #expect(outcome.output.contains("the first ends at"), "\(outcome.output)")
  }
}
