import CKernels
import Native
import Ravine
import Runtime

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Loops written by hand, compiled by the same compiler with the same flags as compiled passes.
private let handWritten = """
  #include <math.h>
  #include <stddef.h>
  void adamw(float *restrict w, const float *restrict g, float *restrict m, float *restrict v,
             size_t n, float lr, float beta1, float beta2, float eps, float decay, float c1,
             float c2) {
    for (size_t i = 0; i < n; i++) {
      m[i] = beta1 * m[i] + (1 - beta1) * g[i];
      v[i] = beta2 * v[i] + (1 - beta2) * (g[i] * g[i]);
      w[i] = w[i] - lr * ((m[i] / c1) / (sqrtf(v[i] / c2) + eps) + decay * w[i]);
    }
  }
  void lion(float *restrict w, const float *restrict g, float *restrict m, float *restrict unused,
            size_t n, float lr, float beta1, float beta2, float eps, float decay, float c1,
            float c2) {
    for (size_t i = 0; i < n; i++) {
      float c = beta1 * m[i] + (1 - beta1) * g[i];
      float s = c > 0 ? 1.0f : c < 0 ? -1.0f : c;
      w[i] = w[i] - lr * (s + decay * w[i]);
      m[i] = beta2 * m[i] + (1 - beta2) * g[i];
    }
  }
  void adamw_stream(float *restrict w, const float *restrict g, float *restrict m,
                    float *restrict v, size_t n, float lr, float beta1, float beta2, float eps,
                    float decay, float c1, float c2) {
    for (size_t i = 0; i < n; i++) {
      m[i] = m[i] + g[i];
      v[i] = v[i] + g[i];
      w[i] = w[i] + g[i];
    }
  }
  void lion_stream(float *restrict w, const float *restrict g, float *restrict m,
                   float *restrict unused, size_t n, float lr, float beta1, float beta2, float eps,
                   float decay, float c1, float c2) {
    for (size_t i = 0; i < n; i++) {
      m[i] = m[i] + g[i];
      w[i] = w[i] + g[i];
    }
  }
  """

private typealias Loop =
  @convention(c) (
    UnsafeMutablePointer<Float>, UnsafePointer<Float>, UnsafeMutablePointer<Float>,
    UnsafeMutablePointer<Float>, Int, Float, Float, Float, Float, Float, Float, Float
  ) -> Void

private struct Unavailable: Error {}

/// A new folder where temporary files go.
private func temporaryFolder() throws -> String {
  let parent = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
  var name = Array((parent + "/ravine-bench-XXXXXX").utf8CString)
  guard let made = mkdtemp(&name) else { throw Unavailable() }
  return String(cString: made)
}

/// The hand-written loops, loaded.
private func loadHandWritten() throws -> UnsafeMutableRawPointer {
  let folder = try temporaryFolder()
  guard let file = fopen(folder + "/loops.c", "w") else { throw Unavailable() }
  fputs(handWritten, file)
  fclose(file)
  let compiler = getenv("RAVINE_CC").map { String(cString: $0) } ?? "/usr/bin/cc"
  let arguments = [
    compiler, "-O3", "-std=gnu11", "-w", "-pipe", "-fPIC", "-shared", "-ffp-contract=off",
    "-fno-math-errno", "-fno-trapping-math", "-march=native", "-o", folder + "/loops.so",
    folder + "/loops.c", "-lm",
  ]
  var pointers: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
  guard rv_run_program(compiler, &pointers, folder + "/messages", folder, 10_000) == 0,
    let handle = dlopen(folder + "/loops.so", RTLD_NOW | RTLD_LOCAL)
  else { throw Unavailable() }
  for name in ["loops.c", "loops.so", "messages"] { unlink("\(folder)/\(name)") }
  rmdir(folder)
  return handle
}

/// Seconds that this process and its children computed.
private func computing() -> Double {
  func total(_ who: Int32) -> Double {
    var usage = rusage()
    getrusage(who, &usage)
    return Double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
      + 1e-6 * Double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec)
  }
  // Of this process, and of the children that it waited for.
  return total(0) + total(-1)
}

private func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }

extension Bench {
  /// Compiled passes against loops written by hand: rounds in which each runs in turn, and the median
  /// of the ratios.
  mutating func native() throws {
    let handle: UnsafeMutableRawPointer
    do { handle = try loadHandWritten() } catch {
      print("native: there is no C compiler at /usr/bin/cc; set RAVINE_CC")
      return
    }
    func loop(_ name: String) -> Loop { unsafeBitCast(dlsym(handle, name)!, to: Loop.self) }
    try firstStep()
    for (rule, name) in [("AdamW", "adamw"), ("Lion", "lion")] {
      for count in [16_777_216, 1_048_576, 65_536, 4_096] {
        try compare(rule, loop(name), loop(name + "_stream"), count, threads: 1)
      }
      try compare(rule, loop(name), loop(name + "_stream"), 16_777_216, threads: 2)
    }
  }

  private mutating func compare(
    _ rule: String, _ byHand: Loop, _ stream: Loop, _ count: Int, threads: Int
  ) throws {
    let optimizer = try Optimizer(
      compiler.rule(rule), parameters: [ParameterSpec(name: "w", dims: [count])], engine: .native,
      threads: threads, compiler: NativeCompiler { print($0) })
    let interpreter = try Optimizer(
      compiler.rule(rule), parameters: [ParameterSpec(name: "w", dims: [count])],
      threads: threads)
    // One pair of arrays each, laid out alike.
    let room = (0..<8).map { k in allocate(count + 16) { Float(($0 + k) % 97) / 97 - 0.5 } }
    defer { for pointer in room { pointer.deallocate() } }
    for (k, engine) in [optimizer, interpreter].enumerated() {
      engine.bind(
        parameters: [UnsafeMutableRawPointer(room[4 * k])],
        gradients: [UnsafeRawPointer(room[1])])
      try engine.initialise()
    }
    let (w, g, m, v) = (room[2], room[1], room[3], room[5])
    for i in 0..<count { (m[i], v[i]) = (0, 0.1) }
    let repeats = max(1, 16_777_216 / count / 4)
    var (ours, hand, flow, interpreted): ([Double], [Double], [Double], [Double]) = ([], [], [], [])
    for _ in 0..<(count > 1_000_000 ? 15 : 25) {
      hand.append(
        best(rounds: 1, repeats: repeats) {
          byHand(w, g, m, v, count, 1e-3, 0.9, 0.999, 1e-8, 0.01, 0.5, 0.5)
        })
      ours.append(try best(rounds: 1, repeats: repeats) { try optimizer.step() })
      flow.append(
        best(rounds: 1, repeats: repeats) {
          stream(w, g, m, v, count, 1e-3, 0.9, 0.999, 1e-8, 0.01, 0.5, 0.5)
        })
      interpreted.append(try best(rounds: 1, repeats: repeats) { try interpreter.step() })
      // Streams add up; start over before they overflow.
      for i in stride(from: 0, to: count, by: 1) { (m[i], v[i]) = (0, 0.1) }
    }
    func ratio(_ other: [Double]) -> Double { median(zip(ours, other).map { $0 / $1 }) }
    let nanoseconds = median(ours) / Double(count) * 1e9
    let share = 1 / ratio(flow)
    // One thread against one.
    let isLarge = count > 10_000_000 && threads == 1
    rows.append(
      Row(
        name: "native \(rule), \(count) elements, \(threads) thread\(threads == 1 ? "" : "s")",
        measured: "\(text(nanoseconds)) ns an element, \(text(ratio(hand), 2))× the C loop, "
          + "\(text(100 * share, 0)) % of its stream, \(text(ratio(interpreted), 2))× the "
          + "interpreter",
        bar: isLarge ? "≤ 1.05×, ≥ 85 %" : "none",
        passes: !isLarge || (ratio(hand) <= 1.05 && share >= 0.85)))
  }

  /// From a bound rule to compiled code: with the compiler, and from the cache.
  private mutating func firstStep() throws {
    let folder = try temporaryFolder()
    let rule = try compiler.rule("AdamW")
    let specs = [ParameterSpec(name: "w", dims: [1 << 20])]
    func bound() throws -> (wall: Double, computing: Double) {
      let settings = NativeCompiler.Settings(
        compiler: NativeCompiler.Settings.usual.compiler, cache: folder)
      let start = (seconds(), computing())
      _ = try Optimizer(
        rule, parameters: specs, engine: .native,
        compiler: NativeCompiler(settings) { print($0) })
      return (seconds() - start.0, computing() - start.1)
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
    rmdir(folder)
    for (name, times, bar) in [("", cold, 0.150), (" from the cache", warm, 0.003)] {
      let wall = median(times.map(\.wall))
      rows.append(
        Row(
          name: "native AdamW, first step\(name)",
          measured: "\(text(wall * 1e3, 2)) ms, of which "
            + "\(text(median(times.map(\.computing)) * 1e3, 2)) ms computing",
          bar: "≤ \(text(bar * 1e3, 0)) ms", passes: wall <= bar))
    }
  }
}
