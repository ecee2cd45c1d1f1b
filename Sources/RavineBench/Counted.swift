import CKernels
import Diagnostics
import Driver
import Native
import Runtime

/// The region whose instructions a profiler counts: it begins and ends with this function.
@inline(never)
func countedRegion(_ work: CountedWork) { work.run() }

final class CountedWork {
  let run: () -> Void
  init(_ run: @escaping () -> Void) { self.run = run }
}

/// Fixed work for `scripts/instructions.sh`: the same instructions on every run.
extension Bench {
  static let countedCases = [
    "adamw-4Ki", "lion-4Ki", "adamw-64", "lamb-4Ki", "muon-64", "digits-step",
    "parse-and-bind-adamw", "bind-adamw", "write-c-adamw",
  ]

  /// Prepares a case and runs it once in the counted region; false where there is none of the name.
  func count(_ name: String) throws -> Bool {
    func steps(_ rule: String, _ dims: [Int], _ steps: Int) throws -> CountedWork {
      let (optimizer, host) = try bound(rule, [dims], threads: 1)
      // What the first step alone does is not counted.
      try optimizer.step()
      return CountedWork {
        for _ in 0..<steps { try? optimizer.step() }
        withExtendedLifetime(host) {}
      }
    }
    let work: CountedWork
    switch name {
    case "adamw-4Ki": work = try steps("AdamW", [64, 64], 16)
    case "lion-4Ki": work = try steps("Lion", [64, 64], 16)
    case "adamw-64": work = try steps("AdamW", [64], 256)
    case "lamb-4Ki": work = try steps("LAMB", [64, 64], 16)
    case "muon-64": work = try steps("Muon", [64, 64], 4)
    case "digits-step":
      let network = try BenchNetwork(compiler)
      _ = try network.step()
      work = CountedWork { for _ in 0..<4 { _ = try? network.step() } }
    case "bind-adamw":
      let rule = try compiler.rule("AdamW")
      func once() {
        _ = try? Optimizer(
          rule, parameters: [ParameterSpec(name: "w", dims: [64, 32])], threads: 1)
      }
      once()
      work = CountedWork(once)
    case "parse-and-bind-adamw":
      func once() {
        let session = Compiler()
        _ = session.add(name: "bench.opt", bytes: Array(Self.ruleText.utf8))
        if let rule = try? session.rule("MyAdamW") {
          _ = try? Optimizer(
            rule, parameters: [ParameterSpec(name: "w", dims: [64, 32])], threads: 1)
        }
      }
      once()
      work = CountedWork(once)
    case "write-c-adamw":
      let (optimizer, host) = try bound("AdamW", [[64, 64]], threads: 1)
      func once() {
        for _ in 0..<4 { _ = NativeCompiler.source(optimizer.segmentSources) }
        withExtendedLifetime(host) {}
      }
      once()
      work = CountedWork(once)
    default: return false
    }
    countedRegion(work)
    return true
  }

  static let ruleText = """
    rule MyAdamW(lr = 1e-3, β1 = 0.9, β2 = 0.999, ε = 1e-8, λ = 0.01) {
        state m, v
        m' = ema(m, g, β1)
        v' = ema(v, g^2, β2)
        w' = w - lr * (debias(m', β1) / (sqrt(debias(v', β2)) + ε) + λ * w)
    }
    """
}
