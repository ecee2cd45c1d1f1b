import Basics
import Diagnostics
import Driver
import Experiments
import Foundation
import Runtime
import Synchronization
import Testing
import Training

/// `save every … to`: runs that are stopped anywhere and go on.
@Suite(.serialized) struct RunSavingTests {
  /// A folder with data, removed at the end.
  final class Folder {
    let url = FileManager.default.temporaryDirectory
      .appendingPathComponent("ravine-\(UUID().uuidString)")

    init() throws {
      try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
      var random = SplitMix64(7)
      var text = "a,b,y\n"
      for _ in 0..<37 {
        let (a, b) = (
          Double.random(in: -1...1, using: &random), Double.random(in: -1...1, using: &random)
        )
        text += "\(a),\(b),\(a * b > 0 ? 1 : 0)\n"
      }
      try text.write(to: url.appendingPathComponent("d.csv"), atomically: true, encoding: .utf8)
    }

    deinit { try? FileManager.default.removeItem(at: url) }

    var file: URL { url.appendingPathComponent("run.safetensors") }
  }

  static let net = """
    data d = csv("d.csv", target = "y", test = 0.25, validate = 0.2, seed = 3)
    objective net(; x, y) {
        param W: matrix(features, 8) = normal() / 2
        param b: vector(8) = 0
        param V: vector(8) = normal() / 3
        h = tanh(x @ W + b) * (if training then bernoulli(0.8, matrix(batch, 8)) / 0.8 else 1)
        z = sigmoid(h @ V)
        loss = binary_cross_entropy(z, y)
        metric accuracy = mean((z > 0.5) == (y > 0.5))
    }

    """

  static let scripts: [String] = [
    net
      + "train net on d with AdamW(lr = cosine(0.05)), Lion(lr = 0.01) for 4 epochs batch 8 seeds 2 SAVE",
    net + "train net on d with ScheduleFreeAdamW(lr = 0.05) for 23 steps batch 8 SAVE",
    net
      + """
      rule Meeting(lr = 0.05) {
          state m
          m' = ema(m, mean over workers g, 0.9)
          w' = w - lr * m'
      }
      train net on d with Meeting for 5 epochs batch 7 workers 3 delay 4 SAVE
      """,
    net
      + "train net on d with SGD(lr = 0.5) for 300 steps batch 16 until validation_loss < 0.6 SAVE",
    net + "train net on d with SGD(lr = 0.1) for 3 epochs batch 8 record sharpness SAVE",
    net + "train net on d with Adam8bit(lr = 0.05) for 4 epochs batch 8 SAVE",
    """
    rule Noisy(lr = 0.1) {
        state m
        m' = ema(m, g + 0.1 * normal(), 0.9)
        w' = w - lr * m'
    }
    rule Breaks(lr = 0.1) { w' = if t < 14 then w - lr * g else w / 0 }
    objective valley(x: vector(2) = [-1.2, 1]) = (1 - x[0])^2 + 10 * (x[1] - x[0]^2)^2
    minimize valley with Noisy(lr = 0.01), Breaks(lr = 0.001), Adam(lr = 0.1) for 40 steps seeds 2 delay 3 record sharpness SAVE
    """,
  ]

  /// Stops a script after so many questions; nil never.
  static func run(
    _ source: String, _ folder: Folder, stop: Int? = nil,
    resuming: RunSaving.Resuming = .never, onQuestion: @escaping @Sendable (Int) -> Void = { _ in }
  ) throws -> (text: String, json: String, script: Script) {
    let compiler = Compiler()
    let errors = compiler.add(name: "test.opt", bytes: Array(source.utf8))
    try #require(errors.filter { $0.severity == .error }.map(\.message) == [])
    var options = Script.Options()
    options.folder = folder.url.path
    options.plotFolder = folder.url.path
    options.resuming = resuming
    var text = ""
    let script = Script(compiler, options: options, output: { text += $0 })
    let asked = Mutex(0)
    script.interrupt = InterruptSource(
      isRequested: {
        let count = asked.withLock { asked in
          asked += 1
          return asked
        }
        onQuestion(count)
        return stop.map { count > $0 } ?? false
      }, clear: {})
    try script.run()
    let json = ExperimentJSON.text(script.experiments).replacing(
      /"(seconds|save|time)": (\[[^\]]*\]|[^,}]*)/, with: "")
    return (text, json, script)
  }

  static func codes(_ body: () throws -> Void) -> [DiagnosticCode] {
    do {
      try body()
      return []
    } catch let error as DiagnosticError {
      return error.diagnostics.map(\.code)
    } catch {
      Issue.record("\(error)")
      return []
    }
  }

  @Test(arguments: scripts.indices)
  func aRunEndsOnTheSameBitsHoweverOftenItIsStopped(_ k: Int) throws {
    let plain = try Self.run(
      Self.scripts[k].replacingOccurrences(of: "SAVE", with: ""), try Folder())
    var random = SplitMix64(UInt64(k))
    for clause in ["every 1 steps", "every 7 steps"] + (k < 6 ? ["every 2 epochs"] : []) {
      let source = Self.scripts[k].replacingOccurrences(
        of: "SAVE", with: "save \(clause) to \"run.safetensors\"")
      let folder = try Folder()
      var stops = 0
      var last = try Self.run(source, folder, stop: Int.random(in: 2...5, using: &random))
      func runs(_ script: Script) -> [RunHistory] {
        script.experiments.flatMap { $0.rules.flatMap(\.runs) }
      }
      while runs(last.script).contains(where: \.wasInterrupted)
        || runs(last.script).count < runs(plain.script).count
      {
        stops += 1
        try #require(stops < 400, "it does not end")
        last = try Self.run(
          source, folder, stop: Int.random(in: 2...5, using: &random), resuming: .always)
      }
      #expect(stops > 1, "\(clause)")
      #expect(last.text == plain.text, "\(clause)")
      #expect(last.json == plain.json, "\(clause)")
      #expect(last.script.failures.map(\.message) == plain.script.failures.map(\.message))
      #expect(last.script.warnings.map(\.message) == plain.script.warnings.map(\.message))
      // What is over is not run again: nobody is asked whether to stop.
      let again = try Self.run(source, folder, stop: 1, resuming: .always)
      #expect(again.json == plain.json)
      // A script that begins anew may overwrite what is over.
      #expect(try Self.run(source, folder).json == plain.json)
    }
  }

  @Test func aRunThatWasKilledGoesOnFromTheLastFile() throws {
    let source = Self.scripts[0].replacingOccurrences(
      of: "SAVE", with: "save every 3 steps to \"run.safetensors\"")
    let folder = try Folder()
    let copies = Mutex<[Data]>([])
    let file = folder.file
    let whole = try Self.run(source, folder) { _ in
      if let data = try? Data(contentsOf: file) {
        copies.withLock { if $0.last != data { $0.append(data) } }
      }
    }
    let all = copies.withLock { $0 }
    #expect(all.count > 10)
    for copy in all {
      try copy.write(to: file)
      #expect(try Self.run(source, folder, resuming: .always).json == whole.json)
    }
  }

  @Test func whatIsNotOverIsNotOverwritten() throws {
    let source = Self.scripts[0].replacingOccurrences(
      of: "SAVE", with: "save every 3 steps to \"run.safetensors\"")
    let folder = try Folder()
    _ = try Self.run(source, folder, stop: 9)
    let before = try Data(contentsOf: folder.file)
    func codes(_ text: String, _ resuming: RunSaving.Resuming) -> [DiagnosticCode] {
      Self.codes { _ = try Self.run(text, folder, resuming: resuming) }
    }
    #expect(codes(source, .never).map(\.number) == [774])
    let other = source.replacingOccurrences(of: "Lion(lr = 0.01)", with: "Lion(lr = 0.02)")
    #expect(codes(other, .always) == [.unlikeCheckpoint])
    #expect(codes(other, .ifSame) == [.unfinishedRun])
    for (old, new) in [
      ("batch 8", "batch 9"), ("seeds 2", "seeds 3"), ("4 epochs", "5 epochs"),
      ("0.8, matrix", "0.7, matrix"),
      ("seed = 3", "seed = 4"), ("seeds 2", "seeds 2 delay 2"),
    ] {
      #expect(source.contains(old))
      let changed = source.replacingOccurrences(of: old, with: new)
      #expect(codes(changed, .always) == [.unlikeCheckpoint], "\(new)")
    }
    #expect(try Data(contentsOf: folder.file) == before)
    // How often is not part of what is computed.
    #expect(codes(source.replacingOccurrences(of: "every 3", with: "every 5"), .always) == [])
  }

  @Test func filesThatAreNoRunsAreLeftAlone() throws {
    let source = """
      objective valley(x: vector(2) = [-1.2, 1]) = (1 - x[0])^2 + 10 * (x[1] - x[0]^2)^2
      minimize valley with Adam(lr = 0.1), SGD for 20 steps delay 2 save every 3 steps to "run.safetensors"
      """
    let folder = try Folder()
    _ = try Self.run(source, folder, stop: 30)
    let bytes = [UInt8](try Data(contentsOf: folder.file))
    var random = SplitMix64(3)
    var refused = 0
    for k in 0..<300 {
      var damaged = bytes
      if k % 3 == 0 {
        damaged = Array(damaged.prefix(Int.random(in: 0..<bytes.count, using: &random)))
      } else {
        // In the header, where counts and names stand.
        let header = Int(bytes[0]) + Int(bytes[1]) << 8 + Int(bytes[2]) << 16
        let digits = (8..<(8 + header)).filter { (0x30...0x39).contains(bytes[$0]) }
        let at = digits.randomElement(using: &random)!
        damaged[at] = UInt8.random(in: 0x30...0x39, using: &random)
      }
      try Data(damaged).write(to: folder.file)
      // It may be a number that changes little; what counts is that no bytes end the process.
      let said = Self.codes { _ = try Self.run(source, folder, resuming: .always) }
      if !said.isEmpty { refused += 1 }
    }
    #expect(refused > 150)
    for text in ["", "no file of ours", "{}"] {
      try Data(text.utf8).write(to: folder.file)
      for resuming in [RunSaving.Resuming.never, .ifSame, .always] {
        #expect(
          !Self.codes { _ = try Self.run(source, folder, resuming: resuming) }.isEmpty, "\(text)")
        #expect(try Data(contentsOf: folder.file) == Data(text.utf8))
      }
    }
  }

  @Test func aDiskThatFailsEndsNoRun() throws {
    let source =
      Self.scripts[6].replacingOccurrences(
        of: "SAVE", with: "save every 3 steps to \"kept/run.safetensors\"")
      + "\nplot loss to \"loss.svg\""
    let folder = try Folder()
    let kept = folder.url.appendingPathComponent("kept")
    try FileManager.default.createDirectory(at: kept, withIntermediateDirectories: true)
    let codes = Self.codes {
      _ = try Self.run(source, folder) { count in
        if count == 50 { try? FileManager.default.removeItem(at: kept) }
      }
    }
    #expect(codes == [.noDirectory])
    #expect(
      FileManager.default.fileExists(atPath: folder.url.appendingPathComponent("loss.svg").path))
  }

  @Test func clausesAreReadBeforeAnythingRuns() throws {
    let bowl = "objective bowl(x: vector(2) = [1, 1]) = sum(x^2)\n"
    func codes(_ text: String, _ resuming: RunSaving.Resuming = .never) -> [DiagnosticCode] {
      Self.codes { _ = try Self.run(bowl + text, try Folder(), resuming: resuming) }
    }
    let run = "minimize bowl with SGD for 10 steps "
    #expect(codes(run + "save every 2 epochs to \"a\"") == [.notAClause])
    #expect(codes(run + "save every 0 steps to \"a\"") == [.notAWholeNumber])
    #expect(codes(run + "save every 2 steps to \"none/a\"") == [.noDirectory])
    #expect(codes(run + "save every 2 steps to \"\"") == [.notAFile])
    let one = run + "save every 1 step to \"a\"\n"
    #expect(codes(one + one) == [.givenTwice])
    #expect(codes(run, .always) == [.nothingSaved])
    #expect(codes(one, .always) == [])
  }
}
