import Measuring
import Native
import Runtime

extension Bench {
  /// Compiled passes against loops written by hand: rounds in which each runs in turn, and the median
  /// of the ratios.
  mutating func native() throws {
    let loops: HandLoops
    do { loops = try HandLoops() } catch {
      print("native: no loop in C: \(error.reason)")
      return
    }
    try firstStep()
    for rule in HandLoops.rules {
      for (size, threads) in [("16Mi", 1), ("16Mi", 2), ("1Mi", 1), ("64Ki", 1), ("4Ki", 1)] {
        try compare(rule, loops, BenchSize(size)!, threads: threads)
      }
    }
  }

  private mutating func compare(
    _ rule: String, _ loops: HandLoops, _ size: BenchSize, threads: Int
  ) throws {
    let rounds = Rounds()
    for engine in [EngineKind.native, .interpreter] {
      try rounds.add(
        Subject(
          compiler.rule(rule), size: size, threads: threads, engine: engine, type: .float32,
          typeName: "f32", compiler: NativeCompiler { print($0) }))
    }
    try rounds.add(Subject(loops, rule: rule, size: size, threads: threads)!)
    for _ in 0..<(size.count > 1_000_000 ? 15 : 25) { try rounds.round() }
    let (ours, interpreted, hand) = (
      rounds.subjects[0], rounds.subjects[1], rounds.subjects[2]
    )
    func ratio(_ other: Subject) -> Double {
      Spread.ratio(ours.seconds, to: other.seconds).median
    }
    let nanoseconds = Spread(ours.seconds).median / Double(size.count) * 1e9
    let share = ours.streamShare ?? .nan
    let isLarge = size.count > 10_000_000
    rows.append(
      Row(
        name: "native \(rule), \(size.name), \(threads) thread\(threads == 1 ? "" : "s")",
        measured: "\(text(nanoseconds)) ns an element, \(text(ratio(hand), 2))× the C loop, "
          + "\(text(100 * share, 0)) % of its stream, \(text(ratio(interpreted), 2))× the "
          + "interpreter",
        bar: isLarge ? "≤ 1.05×, ≥ 85 %" : "none",
        passes: !isLarge || (ratio(hand) <= 1.05 && share >= 0.85)))
  }

  /// From a bound rule to compiled code: with the compiler, and from the cache.
  private mutating func firstStep() throws {
    let folder: String
    do { folder = try TemporaryFolder.make() } catch {
      print("native: \(error.reason)")
      return
    }
    let rule = try compiler.rule("AdamW")
    let specs = [ParameterSpec(name: "w", dims: [1 << 20])]
    func bound() throws -> (wall: Double, computing: Double) {
      let settings = NativeCompiler.Settings(
        compiler: NativeCompiler.Settings.usual.compiler, cache: folder)
      let start = (Clock.seconds, Clock.computing)
      _ = try Optimizer(
        rule, parameters: specs, engine: .native,
        compiler: NativeCompiler(settings) { print($0) })
      return (Clock.seconds - start.0, Clock.computing - start.1)
    }
    var (cold, warm): ([(wall: Double, computing: Double)], [(wall: Double, computing: Double)]) =
      ([], [])
    for _ in 0..<7 {
      let cache = try? CodeCache(folder)
      _ = cache?.clear()
      cold.append(try bound())
      warm.append(try bound())
    }
    _ = (try? CodeCache(folder))?.clear()
    TemporaryFolder.remove(folder)
    for (name, times, bar) in [("", cold, 0.150), (" from the cache", warm, 0.003)] {
      let wall = Spread(times.map(\.wall)).median
      rows.append(
        Row(
          name: "native AdamW, first step\(name)",
          measured: "\(text(wall * 1e3, 2)) ms, of which "
            + "\(text(Spread(times.map(\.computing)).median * 1e3, 2)) ms computing",
          bar: "≤ \(text(bar * 1e3, 0)) ms", passes: wall <= bar))
    }
  }
}
