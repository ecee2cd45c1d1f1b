import Diagnostics
import Driver
import Experiments
import Foundation
import Testing

/// Images in scripts: lengths that binding decides, single examples, and what is wrong with windows then.
@Suite struct ImageTests {
  private func run(_ text: String) throws -> (losses: [[Double]], errors: [Diagnostic]) {
    let compiler = Compiler()
    let found = compiler.add(name: "images.opt", bytes: Array(text.utf8))
    let errors = found.filter { $0.severity == .error }
    if !errors.isEmpty { return ([], errors) }
    let script = Script(compiler, options: Script.Options(), output: { _ in })
    do throws(DiagnosticError) { try script.run() } catch { return ([], error.diagnostics) }
    let losses = script.experiments.flatMap(\.rules).flatMap(\.runs).map { $0.values["loss"] ?? [] }
    return (losses, script.failures)
  }

  private let network = """
    objective net(size = 3, outputs = 2; x, y) {
        param K: tensor(size, size, 1, outputs) = normal() * 0.3
        param V: matrix(9 * outputs, 10) = normal() * 0.3
        h = max_pool(tanh(conv2d(reshape(x, batch, 8, 8, 1), K)), 2)
        lines = reshape(h, batch, 3, 3 * outputs)
        mixed = softmax(lines @ lines.T) @ lines
        loss = cross_entropy(reshape(mixed, batch, 9 * outputs) @ V, y)
    }
    rule Whole(lr = 0.5) { w' = w - lr * g }
    rule Single(lr = 0.5) {
        input G: batch
        w' = w - lr * mean over batch G
    }

    """

  /// The gradient is the mean of those of single examples.
  @Test func examplesOneByOne() throws {
    let found = try run(
      network + "train net on digits with Whole, Single, DataParallel(Whole) for 4 steps batch 6")
    #expect(found.errors.isEmpty)
    #expect(found.losses.count == 3)
    for losses in found.losses.dropFirst() {
      #expect(zip(losses, found.losses[0]).allSatisfy { abs($0 - $1) < 1e-4 })
    }
    #expect(found.losses.allSatisfy { !$0.isEmpty && $0.allSatisfy(\.isFinite) })
  }

  /// Lengths are those of hyperparameters, and what does not fit then is found when the objective is bound.
  @Test func windowsOfHyperparameters() throws {
    let fits = try run(network + "train net(outputs = 5) on digits with Whole for 2 steps batch 6")
    #expect(fits.errors.isEmpty)
    let large = try run(network + "train net(size = 9) on digits with Whole for 2 steps batch 6")
    #expect(large.errors.map(\.code) == [.badWindow])
    #expect(large.errors.first?.message == "a window of 9 rows does not fit into 8")
    let other = try run(network + "train net(size = 5) on digits with Whole for 2 steps batch 6")
    #expect(other.errors.map(\.code) == [.badReshape])
  }

  @Test func unknownHeight() throws {
    let found = try run(
      """
      objective f(n = 4, K: tensor(2, 2, 1, 1) = 1) =
          sum(conv2d(ones(1, n, n, 1)[:, 1:, :, :], K))
      """)
    #expect(found.errors.map(\.code) == [.unknownLength])
  }
}
