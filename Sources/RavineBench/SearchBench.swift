import Basics
import CKernels
import Diagnostics
import Driver
import IR
import Measuring
import Platform
import Runtime
import Search
import Training

/// Evaluations a second of rules that all differ, beside the multiply-adds that the processor can do.
struct SearchBench {
  struct Case {
    var name: String
    var evaluator: TaskEvaluator
    var trials: [TaskEvaluator.Trial]
    /// Multiplications and additions in the matrix products of one evaluation.
    var operations: Double
    /// Evaluations a second and the share of the peak, with 256-bit and with 512-bit vectors.
    var bars: (rate: (Double, Double), share: Double)
    var evaluations: Int { trials.reduce(0) { $0 + $1.count } }
  }

  private let compiler = Compiler()
  private let rounds = 15
  private var rows: [Row] = []

  /// Operations a second of one core.
  private static func peak() -> Double {
    var result: Float = 0
    var operations = 0.0
    let seconds = Clock.best(rounds: 8, repeats: 1) {
      operations = rv_peak_operations(50_000, &result)
    }
    return operations / seconds
  }

  // MARK: Programs

  /// Rules like AdamW, no two of which compute the same: three averages of the gradient, four scales,
  /// three updates and two kinds of decay.
  private func programs() throws -> [Rule] {
    let averages = ["ema(m, g, β1)", "β1 * m + g", "lerp(m, g, 1 - β1^2)"]
    let scales = [
      "ema(v, g^2, β2)", "ema(v, g^2 * (1 - β1), β2)", "max(β2 * v, g^2)", "ema(v, m'^2, β2)",
    ]
    let updates = [
      "debias(m', β1) / (sqrt(debias(v', β2)) + ε)", "m' / (sqrt(v' + ε) + abs(g) * β1)",
      "clip(m' / (sqrt(v') + ε), -1, 1)",
    ]
    let decays = ["λ * w", "λ * sign(w)"]
    var rules: [Rule] = []
    for average in averages {
      for scale in scales {
        for update in updates {
          for decay in decays {
            let name = "Program\(rules.count)"
            let text = """
              rule \(name)(lr = 1e-3, β1 = 0.9, β2 = 0.999, ε = 1e-8, λ = 0.01) {
                  state m, v
                  m' = \(average)
                  v' = \(scale)
                  w' = w - lr * (\(update) + \(decay))
              }
              """
            for diagnostic in compiler.add(name: name, bytes: Array(text.utf8))
            where diagnostic.severity == .error {
              throw DiagnosticError(diagnostic)
            }
            rules.append(try compiler.rule(name))
          }
        }
      }
    }
    return rules
  }

  private func network(_ name: String, _ hidden: Int, _ classes: Int) throws -> ObjectiveModule {
    let text = """
      objective \(name)(hidden = \(hidden); x, y) {
          param W1: matrix(features, hidden) = normal() * sqrt(2 / features)
          param b1: vector(hidden) = 0
          param W2: matrix(hidden, \(classes)) = normal() * sqrt(1 / hidden)
          param b2: vector(\(classes)) = 0
          h = relu(x @ W1 + b1)
          logits = h @ W2 + b2
          loss = cross_entropy(logits, y)
      }
      """
    for diagnostic in compiler.add(name: name, bytes: Array(text.utf8))
    where diagnostic.severity == .error {
      throw DiagnosticError(diagnostic)
    }
    return try compiler.objective(name)
  }

  /// Four classes of sixteen features, of which each class has its own four raised.
  private func patterns() throws -> DataSplit {
    let rows = 320
    var features: [Double] = []
    for row in 0..<rows {
      for column in 0..<16 {
        let noise = Double((row * 7919 + column * 104_729) % 1_009) / 1_009 - 0.5
        features.append(noise + (column / 4 == row % 4 ? 0.6 : 0))
      }
    }
    let all = try Dataset(
      features: NumericArray(shape: [rows, 16], values: features),
      targets: NumericArray(shape: [rows], values: (0..<rows).map { Double($0 % 4) }),
      source: "patterns", at: .none)
    return DataSplit(
      train: all.selecting(Array(0..<256)), test: all.selecting(Array(256..<rows)))
  }

  private func digits() throws -> DataSplit {
    let table = try Table.csv(path: "Examples/data/digits.csv", at: .none)
    let all = try Dataset(table, target: "digit", at: .none)
    let split = DataSplit(
      train: all.selecting(Array(0..<1_200)), test: all.selecting(Array(1_200..<all.rows)))
    return try split.scaled(by: 1 / 16, at: .none)
  }

  private func makeCase(
    _ name: String, _ objective: ObjectiveModule, _ data: DataSplit, steps: Int, batch: Int,
    programs: [Rule], operations: Double, bars: (rate: (Double, Double), share: Double)
  ) throws -> Case {
    var settings = TrainingSettings()
    settings.steps = steps
    settings.batch = batch
    let evaluator = try TaskEvaluator(objective, data, settings)
    let trials = programs.map { rule in
      TaskEvaluator.Trial(rule, settings: [3e-4, 1e-3, 3e-3].map { [(0, $0)] })
    }
    return Case(
      name: name, evaluator: evaluator, trials: trials, operations: operations, bars: bars)
  }

  // MARK: Measuring

  mutating func run() throws -> Bool {
    let programs = try programs()
    let isWide = ProcessorFeatures.ofThisProcessor.contains(.avx512)
    let cases = [
      try makeCase(
        "rung 0: 16-16-4, batch 16, 60 steps", network("rung", 16, 4), patterns(), steps: 60,
        batch: 16, programs: programs, operations: 60 * 2 * 16 * Double(2 * 16 * 16 + 3 * 16 * 4),
        bars: ((10_000, 15_000), 0.12)),
      try makeCase(
        "digits: 64-32-10, batch 64, 150 steps", network("digits", 32, 10), digits(), steps: 150,
        batch: 64, programs: Array(programs.prefix(8)),
        operations: 150 * 2 * 64 * Double(2 * 64 * 32 + 3 * 32 * 10),
        bars: ((330, 600), 0.34)),
    ]
    let wanted = CommandLine.arguments.last
    for item in cases where wanted == "search" || item.name.hasPrefix(wanted!) {
      try measure(item, isWide)
    }
    try loop(cases[0])
    try preparation(cases[0], programs)
    try memory(cases[0], programs, wanted == "memory" ? 1_000_000 : 20_000)
    for row in rows {
      print("\(row.passes ? "ok  " : "SLOW") \(row.name): \(row.measured) (bar \(row.bar))")
    }
    return rows.allSatisfy(\.passes)
  }

  private mutating func measure(_ item: Case, _ isWide: Bool) throws {
    let first = try item.evaluator.evaluate(item.trials, threads: 1).flatMap { $0 }
    let finished = first.count { $0.score != nil }
    let compiled = first.count(where: \.isCompiled)
    var (one, two, peak) = (Double.infinity, Double.infinity, 0.0)
    // A trial is short enough to find a stretch in which nobody else had the core.
    var best = item.trials.map { _ in Double.infinity }
    for _ in 0..<rounds {
      peak = max(peak, Self.peak())
      for (k, trial) in item.trials.enumerated() {
        let start = ThreadTime.seconds
        _ = try item.evaluator.evaluate([trial], threads: 1)
        best[k] = min(best[k], ThreadTime.seconds - start)
      }
      one = min(
        one,
        try Clock.time(repeats: 1) { _ = try item.evaluator.evaluate(item.trials, threads: 1) })
      two = min(
        two,
        try Clock.time(repeats: 1) { _ = try item.evaluator.evaluate(item.trials, threads: 2) })
    }
    let rate = Double(item.evaluations) / best.reduce(0, +)
    let share = item.operations * rate / peak
    let bar = isWide ? item.bars.rate.1 : item.bars.rate.0
    rows.append(
      Row(
        name: item.name,
        measured: "\(text(rate, 0)) evaluations/s, \(text(100 * share, 1)) % of the FMA peak of "
          + "\(text(peak * 1e-9, 1)) GFLOP/s; "
          + "\(finished) of \(first.count) came to a score, \(compiled) compiled",
        bar: "≥ \(text(bar, 0)), ≥ \(text(100 * item.bars.share, 0)) %",
        passes: rate >= bar && share >= item.bars.share))
    rows.append(
      Row(
        name: "\(item.name), 2 threads",
        measured: "\(text(Double(item.evaluations) / two, 0)) evaluations/s, "
          + "\(text(one / two, 2))×", bar: "≥ 1.9×",
        passes: Threads.cores < 2 || one / two >= 1.9))
  }

  /// Programs a second of a whole search on one core: mutants, checks, nets, three rates each, journal.
  private mutating func loop(_ item: Case) throws {
    let task = SearchTask("rung 0", digest: "", item.evaluator)
    task.earlySteps = task.steps
    task.baseline = 1
    task.early = 1
    let rule = try compiler.rule("AdamW")
    guard let frame = RateFrame(rule) else { return }
    var settings = SearchSettings()
    settings.programs = 6_000
    settings.population = 500
    settings.climbs = false
    let path =
      "\(getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp")/ravine-bench-\(getpid()).db"
    let journal = try SearchJournal(
      path,
      SearchJournal.Header(
        name: "bench", experiment: "bench", start: [], rate: 1e-3, tasks: [], validation: []))
    defer { for end in ["", "-wal", "-shm"] { unlink(path + end) } }
    let evolution = Evolution(0, settings, [task], frame)
    let start = ThreadTime.seconds
    var records = [try evolution.begin(Genome(rule), rate: 1e-3)].compactMap { $0 }
    while !evolution.isDone {
      records += try evolution.step() ?? []
      if evolution.batches % 4 == 0 {
        try journal.append(records, of: evolution)
        records.removeAll(keepingCapacity: true)
      }
    }
    let seconds = ThreadTime.seconds - start
    let rate = Double(evolution.programs) / seconds
    rows.append(
      Row(
        name: "a whole search on one core",
        measured: "\(text(rate, 0)) programs/s; of \(evolution.counts.mutants) mutants "
          + "\(evolution.counts.duplicates) known, \(evolution.counts.invalid) rejected",
        bar: "≥ 2500", passes: rate >= 2_500))
    try nets(evolution.population.map(\.program))
  }

  /// What a mutant costs before it runs.
  private mutating func nets(_ programs: [Genome]) throws {
    let mutator = Mutator(.standard)
    let probe = ProbeRun()
    var random = SplitMix64(1)
    var mutants: [Genome] = []
    let drawing = Clock.best(rounds: 5, repeats: 1) {
      mutants.removeAll(keepingCapacity: true)
      for program in programs {
        guard let (mutant, _) = mutator.mutant(of: program, donor: programs[0], &random) else {
          continue
        }
        let rewritten = mutant.rewritten()
        if mutant.flaw == nil, mutant.digest != 1, rewritten.digest != 1,
          rewritten.algebraicDigest != 1
        {
          mutants.append(mutant)
        }
      }
    }
    let each = drawing / Double(programs.count)
    rows.append(
      Row(
        name: "a mutant, its checks and names", measured: "\(text(each * 1e6, 1)) µs",
        bar: "≤ 20 µs", passes: each <= 20e-6))
    let probing = Clock.best(rounds: 5, repeats: 1) {
      for mutant in mutants { _ = probe.run(mutant, isLong: true) }
    }
    let behaviour = probing / Double(max(mutants.count, 1))
    rows.append(
      Row(
        name: "its behaviour", measured: "\(text(behaviour * 1e6, 1)) µs", bar: "≤ 100 µs",
        passes: behaviour <= 100e-6))
  }

  private mutating func preparation(_ item: Case, _ programs: [Rule]) throws {
    let time = Clock.best(rounds: 50, repeats: 1) {
      for rule in programs { _ = item.evaluator.prepare(rule) }
    }
    let each = time / Double(programs.count)
    rows.append(
      Row(
        name: "preparing a rule", measured: "\(text(each * 1e6, 1)) µs", bar: "≤ 60 µs",
        passes: each <= 60e-6))
  }

  /// What candidates leave behind that are made, run once and forgotten, no two of them alike, one of a hundred by
  /// the ordinary engines.
  private mutating func memory(_ item: Case, _ programs: [Rule], _ count: Int) throws {
    let ordinary = try compiler.rule("MuonAdamW")
    var (peak, runs) = (0, 0)
    for k in 0..<count {
      if k == 2_000 { peak = Self.peakBytes() }
      let rule = k % 100 == 99 ? ordinary : programs[k % programs.count]
      let candidate = item.evaluator.prepare(
        try rule.setting("lr", to: 1e-3 * (1 + Double(k) / Double(count))))
      if try item.evaluator.evaluate(candidate, seed: 0).score != nil { runs += 1 }
    }
    let grown = Double(Self.peakBytes() - peak) / Double(1 << 20)
    rows.append(
      Row(
        name: "memory of \(count) candidates",
        measured: "\(text(grown, 1)) MiB more than after 2000; \(runs) came to a score",
        bar: "≤ 4 MiB", passes: grown <= 4))
  }

  /// The most memory that this process has had.
  private static func peakBytes() -> Int {
    var usage = rusage()
    getrusage(0, &usage)
    #if canImport(Darwin)
      return Int(usage.ru_maxrss)
    #else
      return Int(usage.ru_maxrss) << 10
    #endif
  }
}
