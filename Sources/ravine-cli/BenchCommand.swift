import ArgumentParser
import Diagnostics
import Driver
import Measuring
import Runtime
import Training

struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Measure how long a step takes, and against what memory can give.",
    discussion: """
      Examples:
        ravine bench AdamW                              one tensor of 1Mi, interpreted
        ravine bench AdamW Lion --size 64Ki,16Mi        several, measured in turn
        ravine bench Lion --engine interpreter,native --threads 1,2 --size 16Mi
        ravine bench 'my.opt:Mine(lr = 1e-3)' AdamW --size gpt2
        ravine bench Muon --size 1024x1024 --json
        ravine bench Lion --loop --engine native        beside a loop written in C

      All cases run in turn, round by round, and the middle of the rounds counts. `stream` is how much of
      the bandwidth of as many arrays read and written without arithmetic a step reaches, in the same
      rounds. Bytes an element are those that the plan moves, and those that `describe` states.
      A size is a number, lengths as 1024x1024, tensors as w:64x32,b:32, or gpt2 (148 tensors).
      """)

  @Option(
    help: ArgumentHelp(
      "Elements, with Ki, Mi or Gi; several with commas, or the option again.", valueName: "16Mi"))
  var size: [String] = []
  @Option(help: "Threads, several with commas; all cores without it.")
  var threads: String?
  @Option(help: ArgumentHelp("Engines, several with commas.", valueName: "interpreter,native"))
  var engine = "interpreter"
  @Option(
    name: [.customLong("type"), .customLong("dtype")],
    help: ArgumentHelp("Types of the numbers, several with commas.", valueName: "f32,f64"))
  var type = "f32"
  @Option(help: "How often each case is measured.")
  var rounds = 15
  @Flag(help: "Also a loop written by hand in C, for AdamW and Lion.")
  var loop = false
  @Flag(help: "Only up to the end of the first step.")
  var first = false
  @Flag(
    help: "A round for each line of standard input; prints one JSON list of seconds a step each.")
  var turns = false
  @Flag(help: "As JSON.")
  var json = false
  @Argument(
    help: ArgumentHelp("Rules of the zoo with arguments, or FILE.opt:RULE.", valueName: "rule"),
    completion: .program)
  var rules: [String]

  func validate() throws {
    if !(1...100_000).contains(rounds) {
      throw ValidationError("--rounds must be between 1 and 100000")
    }
    if turns && (json || first) {
      throw ValidationError("--turns prints what others read: not with --json or --first")
    }
    _ = try (sizes(), threadCounts(), engines(), types())
  }

  // MARK: Options

  private func items(_ text: String) -> [String] {
    text.split(separator: ",").map(String.init)
  }

  private func sizes() throws -> [BenchSize] {
    try (size.isEmpty ? ["1Mi"] : size).flatMap { text -> [BenchSize] in
      if text.contains(":") {
        return [BenchSize(name: text, tensors: try ParameterList.parse(text))]
      }
      return try items(text).map { item in
        guard let size = BenchSize(item) else {
          throw ValidationError(
            "`\(Console.printable(item))` is no size: write 4096, 64Ki, 16Mi, 1024x1024 or gpt2")
        }
        return size
      }
    }
  }

  private func threadCounts() throws -> [Int] {
    guard let threads else { return [Threads.preferred] }
    return try items(threads).map { item in
      guard let count = Int(item), (1...1024).contains(count) else {
        throw ValidationError("--threads must be 1 or more")
      }
      return count
    }
  }

  private func engines() throws -> [EngineName] {
    try items(engine).map { item in
      guard let engine = EngineName(rawValue: item) else {
        throw ValidationError(
          "there is no engine `\(Console.printable(item))`: "
            + EngineName.allCases.map(\.rawValue).joined(separator: ", "))
      }
      return engine
    }
  }

  private func types() throws -> [RunCommand.NumberType] {
    try items(type).map { item in
      guard let type = RunCommand.NumberType(rawValue: item) else {
        throw ValidationError(
          "there is no type `\(Console.printable(item))`: "
            + RunCommand.NumberType.allCases.map(\.rawValue).joined(separator: ", "))
      }
      return type
    }
  }

  // MARK: Running

  func run() throws {
    Interrupt.install()
    let compiler = Compiler()
    // Longer slices in turns: what another process left in the caches is soon gone.
    let rounds =
      turns ? Rounds(slice: 0.002, parts: 9, turn: 0.02, measuresStreams: false) : Rounds()
    var firsts: [Subject] = []
    do {
      try forEachSubject(compiler) { subject in
        if first { firsts.append(subject) } else { try rounds.add(subject) }
      }
      if turns { return try takeTurns(rounds) }
      if !first { try repeatRounds(rounds) }
    } catch let error as DiagnosticError {
      Console.progress("")
      Console.report(error.diagnostics, in: compiler.sources)
      throw Status(of: error)
    }
    let report = BenchReport(first ? firsts : rounds.subjects, firstStepsOnly: first)
    Console.write(json ? report.json.rendered() : report.text)
    if Interrupt.isRequested {
      Console.say("interrupted: what was measured so far is shown\n")
      throw Status.interrupted
    }
  }

  /// Every rule on every size, with every number of threads, engine and type.
  private func forEachSubject(_ compiler: Compiler, _ take: (Subject) throws -> Void) throws {
    let loops = try loop ? handLoops() : nil
    let (sizes, counts) = (try sizes(), try threadCounts())
    let (engines, types) = (try engines(), try types())
    for text in rules {
      guard case .rule(let ruleText, let path) = Program(text) else {
        Console.say("ravine: name a rule of the file: \(Console.printable(text)):NAME\n")
        throw Status.usage
      }
      let rule = try Program.rule(ruleText, from: path, in: compiler)
      for size in sizes {
        for count in counts {
          for (engine, type) in engines.flatMap({ e in types.map { (e, $0) } })
          where !Interrupt.isRequested {
            try take(
              Subject(
                rule, size: size, threads: count, engine: engine.kind, type: type.elementType,
                typeName: type.rawValue, compiler: engine.compiler))
          }
          if let loops, !Interrupt.isRequested,
            let subject = Subject(loops, rule: rule.module.name, size: size, threads: count)
          {
            try take(subject)
          }
        }
      }
    }
  }

  private func handLoops() throws -> HandLoops? {
    do throws(HandLoops.Unavailable) {
      return try HandLoops()
    } catch {
      Console.say("ravine: no loop in C: \(Console.printable(error.reason))\n")
      return nil
    }
  }

  private func repeatRounds(_ rounds: Rounds) throws {
    for k in 1...self.rounds where !Interrupt.isRequested {
      Console.progress("round \(k) of \(self.rounds)")
      try rounds.round()
    }
    Console.progress("")
  }

  /// Another program says when, so that it can measure others in between.
  private func takeTurns(_ rounds: Rounds) throws {
    Console.write("ready\n")
    while readLine() != nil, !Interrupt.isRequested {
      try rounds.round()
      let seconds = rounds.subjects.map { "\($0.seconds.last ?? .nan)" }
      Console.write("[\(seconds.joined(separator: ", "))]\n")
    }
  }
}
