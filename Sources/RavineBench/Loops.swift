import CKernels
import IR
import Measuring
import Platform
import Runtime

/// Memory of some tensors, their gradients, and two states each for the C loops.
final class HostMemory {
  let counts: [Int]
  let w: [UnsafeMutablePointer<Float>]
  let g: [UnsafeMutablePointer<Float>]
  let m: [UnsafeMutablePointer<Float>]
  let v: [UnsafeMutablePointer<Float>]

  init(_ counts: [Int], states: Int = 0) {
    self.counts = counts
    w = counts.map { allocate($0) { Float($0 % 97) / 97 - 0.5 } }
    g = counts.map { allocate($0) { Float($0 % 89) / 89 - 0.5 } }
    m = states > 0 ? counts.map { allocate($0) { _ in 0 } } : []
    v = states > 1 ? counts.map { allocate($0) { _ in 0 } } : []
  }

  deinit { for pointer in w + g + m + v { pointer.deallocate() } }
}

extension Bench {
  /// A rule bound to tensors of its own memory.
  func bound(_ rule: String, _ dims: [[Int]], threads: Int) throws -> (Optimizer, HostMemory) {
    let specs = dims.enumerated().map { ParameterSpec(name: "w\($0)", dims: $1) }
    let optimizer = try Optimizer(compiler.rule(rule), parameters: specs, threads: threads)
    let host = HostMemory(specs.map(\.count))
    optimizer.bind(
      parameters: host.w.map { UnsafeMutableRawPointer($0) },
      gradients: host.g.map { UnsafeRawPointer($0) })
    try optimizer.initialise()
    return (optimizer, host)
  }

  func adamWLoop(_ host: HostMemory, _ step: Int) {
    let (c1, c2) = (1 - powf(0.9, Float(step)), 1 - powf(0.999, Float(step)))
    for k in host.counts.indices {
      rv_baseline_adamw(
        host.w[k], host.g[k], host.m[k], host.v[k], host.counts[k], 1e-3, 0.9, 0.999, 1e-8, 0.01,
        c1, c2)
    }
  }

  func lionLoop(_ host: HostMemory) {
    for k in host.counts.indices {
      rv_baseline_lion(
        host.w[k], host.g[k], host.m[k], host.counts[k], 1e-4, 0.9, 0.99, 0)
    }
  }

  /// Pairs of runs in turn: the best of each, and the median of their ratios.
  func paired(
    rounds: Int, repeats: Int, _ ours: () throws -> Void, _ theirs: () -> Void
  ) rethrows -> (ours: Double, theirs: Double, ratio: Double) {
    var (a, b) = (Double.infinity, Double.infinity)
    var ratios: [Double] = []
    for _ in 0..<rounds {
      let x = try Clock.best(rounds: 1, repeats: repeats, ours)
      let y = Clock.best(rounds: 1, repeats: repeats, theirs)
      a = min(a, x)
      b = min(b, y)
      ratios.append(x / y)
    }
    return (a, b, ratios.sorted()[rounds / 2])
  }

  mutating func loops() throws {
    let sizes = [(16_777_216, 1.5, 1), (262_144, 2.0, 40), (4_096, 2.5, 2_000)]
    for name in ["AdamW", "Lion"] {
      for (count, bar, repeats) in sizes {
        let (optimizer, host) = try bound(name, [[count / 64, 64]], threads: 1)
        let loop = HostMemory([count], states: name == "AdamW" ? 2 : 1)
        var step = 0
        let times = try paired(
          rounds: 9, repeats: repeats, { try optimizer.step() },
          {
            step += 1
            if name == "AdamW" { adamWLoop(loop, step) } else { lionLoop(loop) }
          })
        rows.append(
          Row(
            name: "\(name), \(count) elements, 1 thread",
            measured: "\(text(times.ours * 1e6, 2)) µs, C loop \(text(times.theirs * 1e6, 2)) µs: "
              + "\(text(times.ratio, 2))×",
            bar: "≤ \(bar)×", passes: times.ratio <= bar))
        withExtendedLifetime(host) {}
      }
    }
  }

  /// All threads against one.
  mutating func threads() throws {
    let all = Threads.preferred
    for (name, dims, repeats) in [
      ("AdamW", [16_384], 400), ("AdamW", [65_536], 200), ("AdamW", [1024, 1024], 10),
      ("AdamW", [4096, 4096], 1), ("LAMB", [1024, 1024], 10), ("Adafactor", [1024, 1024], 10),
      ("Muon", [1024, 1024], 1),
    ] {
      let (one, host1) = try bound(name, [dims], threads: 1)
      let (many, host2) = try bound(name, [dims], threads: all)
      var failure: (any Error)?
      let times = try paired(rounds: 7, repeats: repeats, { try many.step() }) {
        do { try one.step() } catch { failure = error }
      }
      if let failure { throw failure }
      rows.append(
        Row(
          name: "\(name) \(dims), \(all) threads",
          measured: "\(text(times.ours * 1e6, 1)) µs, 1 thread \(text(times.theirs * 1e6, 1)) µs: "
            + "\(text(times.ratio, 2))×",
          bar: "≤ 1.1×", passes: times.ratio <= 1.1))
      withExtendedLifetime((host1, host2)) {}
    }
  }

  mutating func manyTensors() throws {
    for threads in Set([1, Threads.preferred]).sorted() {
      let (optimizer, host) = try bound("AdamW", BenchSize.gpt2, threads: threads)
      let loop = HostMemory(host.counts, states: 2)
      var step = 0
      let times = try paired(
        rounds: 3, repeats: 1, { try optimizer.step() },
        {
          step += 1
          adamWLoop(loop, step)
        })
      rows.append(
        Row(
          name: "AdamW, \(host.counts.count) tensors of GPT-2 small, \(threads) threads",
          measured: "\(text(times.ours * 1e3, 1)) ms, C loop on one thread "
            + "\(text(times.theirs * 1e3, 1)) ms: \(text(times.ratio, 2))×",
          bar: "≤ 1.5×", passes: times.ratio <= 1.5))
    }
    // As many that are small: what a tensor costs beyond its elements.
    let (optimizer, host) = try bound("AdamW", BenchSize.gpt2.map { _ in [64] }, threads: 1)
    let time = try Clock.best(rounds: 10, repeats: 200) { try optimizer.step() }
    rows.append(
      Row(
        name: "AdamW, \(host.counts.count) tensors of 64 elements",
        measured: "\(text(time * 1e6, 2)) µs per step, "
          + "\(text(time * 1e9 / Double(host.counts.count), 0)) ns a tensor",
        bar: "≤ 0.3 µs a tensor", passes: time <= 0.3e-6 * Double(host.counts.count)))
  }
}
