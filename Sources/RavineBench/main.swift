import CKernels
import Diagnostics
import Driver
import IR
import Measuring
import Platform
import Runtime
import Semantics
import Syntax

struct Row {
  var name: String
  var measured: String
  var bar: String
  var passes: Bool
}

func text(_ x: Double, _ digits: Int = 3) -> String {
  let scale = pow(10.0, Double(digits))
  return "\((x * scale).rounded() / scale)"
}

/// The cases, and what each gave.
struct Bench {
  let compiler = Compiler()
  var rows: [Row] = []

  func adamW(
    _ dims: [Int]
  ) throws -> (Optimizer, UnsafeMutablePointer<Float>, UnsafeMutablePointer<Float>) {
    let rule = try compiler.rule("AdamW")
    let optimizer = try Optimizer(rule, parameters: [ParameterSpec(name: "w", dims: dims)])
    let count = dims.reduce(1, *)
    let w = allocate(count) { Float($0 % 97) / 97 - 0.5 }
    let g = allocate(count) { Float($0 % 89) / 89 - 0.5 }
    optimizer.bind(parameters: [UnsafeMutableRawPointer(w)], gradients: [UnsafeRawPointer(g)])
    try optimizer.initialise()
    return (optimizer, w, g)
  }

  mutating func smallAdamW() throws {
    let (optimizer, w, g) = try adamW([64])
    let time = try Clock.best(rounds: 100, repeats: 2_000) { try optimizer.step() }
    rows.append(
      Row(
        name: "AdamW, 64 elements", measured: "\(text(time * 1e6)) µs per step", bar: "≤ 0.3 µs",
        passes: time <= 0.3e-6))
    w.deallocate()
    g.deallocate()
  }

  mutating func textToPlan() throws {
    let bytes = Array(Self.ruleText.utf8)
    var failed = false
    var bind = Double.infinity
    let time = try Clock.best(rounds: 20, repeats: 5) {
      let session = Compiler()
      failed =
        session.add(name: "bench.opt", bytes: bytes).contains { $0.severity == .error } || failed
      let rule = try session.rule("MyAdamW")
      let start = Clock.seconds
      _ = try Optimizer(rule, parameters: [ParameterSpec(name: "w", dims: [64, 32])])
      bind = min(bind, Clock.seconds - start)
    }
    rows.append(
      Row(
        name: "AdamW, text to runnable plan",
        measured: "\(text(time * 1e3)) ms, of which binding \(text(bind * 1e3)) ms",
        bar: "≤ 1 ms", passes: !failed && time <= 1e-3))
  }

  /// Binding a program of many equations: its time must grow with their number, not faster.
  mutating func longProgram() throws {
    for count in [200, 2_000, 20_000] {
      var b = FunctionBuilder(name: "long")
      let type = ValueType(.real, Shape([.fixed(64), .fixed(64)]))
      var x = b.source(.parameter, type)
      for k in 0..<count {
        x = try b.make(
          k % 50 == 0 ? .matrixProduct : k % 3 == 0 ? .tanh : .add,
          k % 50 != 0 && k % 3 == 0 ? [x] : [x, x])
      }
      b.output(.parameter(0), x)
      let function = b.finish()
      let start = Clock.seconds
      _ = try InterpretedProgram([function]).evaluate([
        ReferenceEnvironment(parameters: [.filled([64, 64], 0.01)])
      ])
      print("plan and run of \(count) values: \(text((Clock.seconds - start) * 1e3)) ms")
    }
  }

  /// The kernel for small matrices against BLAS; docs/decisions/0006-the-plan.md has what it gave.
  mutating func products() {
    MatrixLibrary.load()
    // The products of the digits network, forward and backward, and square ones.
    var shapes = [(64, 32, 64), (64, 10, 32), (64, 32, 10), (32, 10, 64)]
    for n in [8, 16, 32, 64, 96, 128, 192, 256, 384] { shapes.append((n, n, n)) }
    for (m, n, k) in shapes {
      let a = allocate(m * k) { Float($0 % 13) / 13 }
      let b = allocate(k * n) { Float($0 % 11) / 11 }
      let c = allocate(m * n) { _ in 0 }
      let repeats = max(1, 2_000_000 / (m * n * k))
      var (ours, theirs) = (Double.infinity, Double.infinity)
      for _ in 0..<50 {
        ours = min(
          ours,
          Clock.best(rounds: 2, repeats: repeats) {
            rv_small_product(
              Int32(RV_F32.rawValue), 0, 0, Int64(m), Int64(n), Int64(k), a, Int64(k), b, Int64(n),
              c)
          })
        theirs = min(
          theirs,
          Clock.best(rounds: 2, repeats: repeats) {
            rv_product(
              1, Int32(RV_F32.rawValue), 0, 0, 0, Int32(m), Int32(n), Int32(k), a, Int32(k), b,
              Int32(n), c, Int32(n))
          })
      }
      print(
        "\(m) × \(k) by \(k) × \(n): \(text(ours * 1e6, 2)) µs, BLAS \(text(theirs * 1e6, 2)) µs")
      for pointer in [a, b, c] { pointer.deallocate() }
    }
  }

  mutating func network() throws {
    let network = try BenchNetwork(compiler)
    if CommandLine.arguments.contains("--dump") {
      print(network.objective.bound.dumpPlan())
      print(network.optimizer.bound.dumpPlan())
    }
    var last = Double.nan
    let first = try network.objective.evaluate()
    let time = try Clock.best(rounds: 200, repeats: 100) { last = try network.step() }
    let gradient = try Clock.best(rounds: 200, repeats: 100) {
      _ = try network.objective.evaluate()
    }
    rows.append(
      Row(
        name: "MLP 64-32-10, batch 64, AdamW",
        measured:
          "\(text(time * 1e6, 2)) µs per training step (gradient \(text(gradient * 1e6, 2)) µs; "
          + "loss \(text(first)) → \(text(last, 6)))",
        bar: "≤ 20 µs", passes: time <= 20e-6))
  }
}

var bench = Bench()
do {
  // Names of cases, or none for all; --threads N. Most bars are those of one thread.
  var cores = Threads.preferred
  var wanted = CommandLine.arguments.dropFirst().filter { $0 != "--dump" }
  if let position = wanted.firstIndex(of: "--threads") {
    cores = wanted.dropFirst(position).dropFirst().first.flatMap { Int($0) } ?? cores
    wanted.removeSubrange(position..<min(position + 2, wanted.endIndex))
  }
  Threads.preferred = 1
  // For a profiler: one fixed case, and nothing else.
  if wanted.first == "count" {
    exit(try bench.count(wanted.dropFirst().first ?? "") ? 0 : 2)
  }
  func runs(_ name: String) -> Bool { wanted.isEmpty || wanted.contains(name) }
  if runs("small") { try bench.smallAdamW() }
  if runs("hosts") { bench.rows += try HostBench.rows() }
  if runs("network") { try bench.network() }
  if runs("bind") { try bench.textToPlan() }
  if runs("loops") { try bench.loops() }
  Threads.preferred = cores
  if runs("threads") { try bench.threads() }
  if runs("tensors") { try bench.manyTensors() }
  Threads.preferred = 1
  // What is printed only when it is asked for.
  if wanted.contains("native") { try bench.native() }
  if wanted.contains("planning") { try bench.longProgram() }
  if wanted.contains("products") { bench.products() }
  if wanted.contains("search") {
    var search = SearchBench()
    exit(try search.run() ? 0 : 1)
  }
} catch let error as DiagnosticError {
  for diagnostic in error.diagnostics { print(diagnostic.code, diagnostic.message) }
}
for row in bench.rows {
  print("\(row.passes ? "ok  " : "SLOW") \(row.name): \(row.measured) (bar \(row.bar))")
}
exit(bench.rows.allSatisfy(\.passes) ? 0 : 1)
