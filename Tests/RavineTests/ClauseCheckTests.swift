import Diagnostics
import Driver
import Experiments
import Testing

/// What `ravine check` says of the clauses of tasks and searches, which nothing has run yet.
@Suite struct ClauseCheckTests {
  /// What is found, with the text that it points at.
  private func found(_ text: String) -> [String] {
    let compiler = Compiler()
    var found = compiler.add(name: "c.opt", bytes: Array((text + "\n").utf8))
    if !found.contains(where: { $0.severity == .error }) {
      found += Script(compiler, options: Script.Options(), output: { _ in }).problems()
    }
    return found.filter { $0.severity == .error }.map {
      "\($0.code.number) \(compiler.sources.text($0.span))"
    }
  }

  @Test(arguments: [
    ("for 1.5 steps until loss < 1", "227 1.5"), ("for -3 steps until loss < 1", "227 -3"),
    ("for 1e12 steps until loss < 1", "227 1e12"),
    ("for 10 steps until accuracy > 0.5", "223 accuracy"),
    ("for 10 steps for 20 steps until loss < 1", "216 for"),
    ("for 10 steps until loss < nan", "231 nan"), ("for 10 steps until loss < inf", "231 inf"),
    ("for 10 steps until loss < 1 / 0", "231 1 / 0"),
    ("for 10 steps delay 0.5 until loss < 1", "227 0.5"),
    ("for 10 steps batch 3 until loss < 1", "220 batch"),
    ("for 10 epochs until loss < 1", "220 epochs"),
    ("for 10 steps until loss < 1", nil),
  ])
  func clausesOfTasks(_ clauses: String, _ expected: String?) {
    #expect(
      found("objective b(x: vector(2) = [1, 1]) = sum(x^2)\ntask t = minimize b \(clauses)")
        == (expected.map { [$0] } ?? []))
  }

  @Test(arguments: [
    ("for 1.5 steps until loss < 1", "227 1.5"), ("for 2e6 steps until loss < 1", "227 2e6"),
    ("for 10 steps until loss < nan", "231 nan"),
    ("for 10 steps until accuracy > 0.5", "223 accuracy"),
    ("for 10 steps until loss < 1", nil),
  ])
  func clausesOfTasksOfPrograms(_ clauses: String, _ expected: String?) {
    #expect(
      found("task t = command \"true\" \(clauses)") == (expected.map { [$0] } ?? []))
  }

  @Test(arguments: [
    ("from SGD for 0 programs", "227 0"), ("from SGD for 2.5 programs", "227 2.5"),
    ("from SGD for 1e9 programs", "227 1e9"), ("from SGD for 0 minutes", "227 0"),
    ("from SGD for nan minutes", "227 nan"),
    ("from SGD using nosuch for 10 programs", "281 nosuch"),
    ("from SGD using sign, sign for 10 programs", "216 sign"),
    ("from Muon for 10 programs", "280 Muon"), ("from SGD for 10 programs longest 1", "280 SGD"),
    ("from SGD for 10 programs restarts -1", "227 -1"),
    ("from SGD for 10 programs seed -1", "748 -1"), ("from SGD for 10 programs seed 0", nil),
    ("from SGD for 10 programs validate on bowl, bowl", "216 bowl"),
    ("from SGD using sign, ema for 10 programs population 5", nil),
  ])
  func clausesOfSearches(_ clauses: String, _ expected: String?) {
    let text = clauses.replacing("from SGD", with: "from SGD on bowl_easy")
      .replacing("from Muon", with: "from Muon on bowl_easy")
    #expect(found("search Found \(text)") == (expected.map { [$0] } ?? []), "\(text)")
  }

  /// Where two clauses contradict one another, the statement is at fault.
  @Test func aTournamentLargerThanThePopulation() {
    let text = "search Found from SGD on bowl_easy for 10 programs population 4 tournament 5"
    #expect(found(text) == ["227 \(text)"])
  }

  /// What the run says is what the check says.
  @Test(arguments: [
    "search Found from Muon on bowl_easy for 10 programs",
    "search Found from SGD on bowl_easy for 0 programs",
    "minimize bowl with SGD for 10 steps until loss < nan",
  ])
  func aRunSaysTheSame(_ text: String) {
    let compiler = Compiler()
    let checked = found(text)
    #expect(compiler.add(name: "c.opt", bytes: Array((text + "\n").utf8)).isEmpty)
    let script = Script(compiler, options: Script.Options(), output: { _ in })
    do throws(DiagnosticError) {
      for command in compiler.commands { try script.run(command) }
      Issue.record("it runs")
    } catch {
      #expect(
        error.diagnostics.map { "\($0.code.number) \(compiler.sources.text($0.span))" } == checked)
    }
  }
}
