import Diagnostics
import Experiments
import Foundation
import Testing

/// `ravine export` and `ravine record`: what is printed, what is refused, and whether it computes the same.
@Suite struct ExportCommandTests {
  private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  // MARK: Texts

  /// Where a text changed on purpose: `RAVINE_WRITE_EXPORTS=1` writes it, and it is read before it is kept.
  @Test(arguments: [
    ("c", "lion.c"), ("torch", "lion-torch.py"), ("optax", "lion-optax.py"),
    ("numpy", "lion-numpy.py"), ("latex", "lion.tex"),
  ])
  func lionIsPrintedAsItWas(_ target: String, _ file: String) throws {
    let outcome = try Sandbox().run("ravine export --to \(target) Lion")
    #expect(outcome.status == 0, "\(outcome.errors)")
    let url = Self.root.appendingPathComponent("Tests/CommandTests/Exports/\(file)")
    if ProcessInfo.processInfo.environment["RAVINE_WRITE_EXPORTS"] != nil {
      try Data(outcome.output.utf8).write(to: url)
    }
    #expect(outcome.output == (try String(contentsOf: url, encoding: .utf8)))
  }

  @Test(arguments: ["c", "torch", "optax", "numpy", "latex"])
  func filesAreLaidOut(_ target: String) throws {
    let sandbox = try Sandbox()
    var looked = 0
    for rule in ["AdamW", "Muon", "Adafactor", "ScheduleFreeAdamW", "Lookahead(Lion)", "Prodigy"] {
      let outcome = try sandbox.run("ravine export --to \(target) '\(rule)'")
      #expect(outcome.status == 0, "\(rule): \(outcome.errors)")
      let lines = outcome.output.split(separator: "\n", omittingEmptySubsequences: false)
      #expect(lines.last == "" && lines.dropLast().last != "", "\(rule): one newline at the end")
      let code = lines.drop { target == "c" ? $0 != " */" : !$0.hasPrefix("import ") }
      let limit = target == "c" ? 100 : 88
      for line in lines {
        #expect(!line.hasSuffix(" ") && !line.contains("\t"), "\(rule): \(line)")
      }
      for line in code where target != "latex" {
        looked += 1
        #expect(line.count <= limit, "\(rule): \(line)")
      }
    }
    #expect(target == "latex" || looked > 200)
  }

  /// Several ways of a route may lead to one rule with other arguments: each has a method of its own.
  @Test(arguments: ["torch", "numpy"]) func waysOfARouteHaveNamesOfTheirOwn(_ target: String) throws
  {
    let outcome = try Sandbox().run("ravine export TigerOfficial --to \(target)")
    #expect(outcome.status == 0, "\(outcome.errors)")
    let methods = outcome.output.split(separator: "\n").filter { $0.hasPrefix("    def ") }
      .map { String($0.prefix { $0 != "(" }) }
    #expect(methods.count >= 5 && Set(methods).count == methods.count, "\(methods)")
  }

  @Test func aScheduleIsALineOfTheStep() throws {
    let sandbox = try Sandbox()
    let rule = "SGD(lr = cosine(0.5))"
    let numpy = try sandbox.run("ravine export --to numpy '\(rule)'")
    #expect(numpy.output.contains("total_steps = self.total_steps"))
    #expect(numpy.output.contains("math.cos(math.pi * min(1, t / total_steps))"))
    #expect(!numpy.output.contains("self.lr"))
  }

  @Test func aRuleOfAFileQuotesItself() throws {
    let sandbox = try Sandbox()
    try sandbox.write(
      "mine.opt", "## Mine, of 2026.\nrule Mine(lr = 0.1) {\n    w' = w - lr * g\n}\n")
    for target in ["c", "torch", "optax", "numpy", "latex"] {
      let outcome = try sandbox.run("ravine export --to \(target) 'mine.opt:Mine(lr = 0.5)'")
      #expect(outcome.status == 0, "\(outcome.errors)")
      #expect(outcome.output.contains("Mine, of 2026."), "\(target)")
      #expect(outcome.output.contains("rule Mine(lr = 0.1) {"), "\(target)")
      if target != "latex" { #expect(outcome.output.contains("0.5"), "\(target)") }
    }
  }

  // MARK: Refusals

  @Test func whatATargetCannotSayIsNamedAtItsPlace() throws {
    let sandbox = try Sandbox()
    try sandbox.write(
      "r.opt",
      """
      rule Curved(lr = 0.1) {
          w' = w - lr * g / (1 + abs(hvp(g)))
      }
      rule Small(lr = 0.1) {
          state m as int8(block = 256)
          m' = ema(m, g, 0.9)
          w' = w - lr * m'
      }
      rule Half(lr = 0.1) {
          state m as bf16
          m' = ema(m, g, 0.9)
          w' = w - lr * m'
      }

      """)
    for target in ["c", "torch", "optax", "numpy"] {
      let curved = try sandbox.run("ravine export --to \(target) r.opt:Curved")
      #expect(curved.status == 3 && curved.output.isEmpty)
      #expect(curved.codes() == ["R0860"])
      #expect(
        curved.errors.contains("hvp") && curved.errors.contains("r.opt:2:"), "\(curved.errors)")
      let small = try sandbox.run("ravine export --to \(target) r.opt:Small")
      #expect(small.codes() == ["R0860"])
      #expect(small.errors.contains("int8(block = 256)") && small.errors.contains("r.opt:5:"))
      let half = try sandbox.run("ravine export --to \(target) r.opt:Half")
      #expect(half.status == (["torch", "optax"].contains(target) ? 0 : 3), "\(target)")
    }
  }

  @Test func commandLinesThatAreWrongEndWithTwo() throws {
    let sandbox = try Sandbox()
    try sandbox.write("r.opt", "rule Plain(lr = 0.1) { w' = w - lr * g }\n")
    for line in [
      "ravine export Lion", "ravine export --to rust Lion", "ravine export --to c r.opt",
      "ravine export --to c none.opt:Plain", "ravine record Lion --steps 0",
      "ravine record Lion --shape 3y4", "ravine record r.opt",
      "ravine record Lion --shape 1000x1000 --steps 1000",
    ] {
      let outcome = try sandbox.run(line)
      #expect(outcome.status == 2, "\(line): \(outcome.errors)")
      #expect(outcome.output.isEmpty && !outcome.errors.isEmpty, "\(line)")
    }
    #expect(try sandbox.run("ravine export --to c NoSuchRule").status == 3)
    #expect(try sandbox.run("ravine export --to c 'Accumulate(Lion)' | wc -l").status == 0)
  }

  // MARK: Records

  @Test(arguments: ["Lion(lr = 1e-3)", "Muon", "AdamW", "MeZO", "DPSGD", "PolyakSGD", "Gravity"])
  func whatIsRecordedReplays(_ rule: String) throws {
    let sandbox = try Sandbox()
    let record = try sandbox.run("ravine record '\(rule)' --steps 7 --shape 3x4 --seed 5 > t.json")
    #expect(record.status == 0, "\(record.errors)")
    let trajectory = try Trajectory(bytes: Array(try sandbox.read("t.json").utf8), path: "t.json")
    #expect(trajectory.steps == 7 && trajectory.dims == [3, 4])
    #expect(trajectory.parameters[0] != trajectory.start)
    let replay = try sandbox.run("ravine replay '\(rule)' t.json")
    #expect(replay.status == 0, "\(replay.output)\(replay.errors)")
    // Another rule is told apart.
    #expect(try sandbox.run("ravine replay 'SGD(lr = 0.3)' t.json").status == 1)
    let again = try sandbox.run("ravine record '\(rule)' --steps 7 --shape 3x4 --seed 6")
    #expect(again.output != (try sandbox.read("t.json")))
  }

  // MARK: Numbers

  /// Exports in C, compiled with all warnings as errors, against runs of other packages.
  @Test(
    .enabled(if: MatrixLibraryCommandTests.hasCompiler, "there is no cc"),
    arguments: [
      "lion", "adamw", "lookahead", "c-lion", "muon", "adafactor", "adafactor-vector",
      "clip-global-sgd", "schedulefree-adamw", "prodigy", "sm3",
    ])
  func filesOfCReproduceRecordedRuns(_ name: String) throws {
    let golden = Self.root.appendingPathComponent("Tests/Golden")
    let rules = try String(contentsOf: golden.appendingPathComponent("golden.tsv"), encoding: .utf8)
    let line = try #require(
      rules.split(separator: "\n").first { $0.hasPrefix(name + "\t") }?.split(separator: "\t"))
    let record = try Trajectory(
      bytes: Array(try Data(contentsOf: golden.appendingPathComponent("\(name).json"))), path: name)
    let sandbox = try Sandbox()
    let printed = try sandbox.run("ravine export --to c '\(line[1])' > rule.c")
    #expect(printed.status == 0, "\(printed.errors)")
    let source = try sandbox.read("rule.c")
    let prefix = String(try #require(source.firstMatch(of: /\nvoid (\w+)_step\(/)).1)
    try sandbox.write("driver.c", Self.driver(prefix, record))
    let compiled = try sandbox.run(
      "cc -std=c99 -O1 -Wall -Wextra -Werror -ffp-contract=off -o program driver.c -lm")
    #expect(compiled.status == 0, "\(compiled.errors)")
    let numbers = [record.start] + record.gradients
    try sandbox.write("in", numbers.joined().map { "\($0)\n" }.joined())
    let ran = try sandbox.run("./program < in")
    #expect(ran.status == 0)
    let found = ran.output.split(separator: "\n").compactMap { Double($0) }
    let wanted = Array(record.parameters.joined())
    #expect(found.count == wanted.count && !wanted.isEmpty)
    let tolerance =
      record.tolerance ?? Trajectory.Tolerance(relative: 1e-11, absolute: 1e-14)
    for (k, (x, y)) in zip(found, wanted).enumerated() where !tolerance.accepts(x, y) {
      Issue.record("\(name): number \(k) is \(x), recorded \(y)")
      break
    }
  }

  /// A program that steps one tensor by the gradients that it reads.
  private static func driver(_ prefix: String, _ record: Trajectory) -> String {
    let rows = record.dims.first ?? 1
    return """
      #include "rule.c"
      #include <stdio.h>

      int main(void) {
          size_t n = \(record.count);
          double *w = malloc(n * sizeof *w), *g = malloc(n * sizeof *g);
          for (size_t i = 0; i < n; i++) if (scanf("%lf", &w[i]) != 1) return 3;
          \(prefix)_tensor tensors[1] = {{.w = w, .rows = \(rows), .cols = n / \(rows), .rank = \(record.dims.count)}};
          \(prefix) self;
          if (\(prefix)_init(&self, 1, tensors, \(prefix)_defaults())) return 4;
          for (int step = 0; step < \(record.steps); step++) {
              for (size_t i = 0; i < n; i++) if (scanf("%lf", &g[i]) != 1) return 3;
              const double *grads[1] = {g};
              \(prefix)_step(&self, grads);
              for (size_t i = 0; i < n; i++) printf("%.17g\\n", w[i]);
          }
          \(prefix)_free(&self);
          free(w);
          free(g);
          return 0;
      }

      """
  }
}
