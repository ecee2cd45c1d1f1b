import ArgumentParser
import Diagnostics
import Driver
import Experiments
import Platform
import Runtime
import Search
import Training

struct EvalCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "eval",
    abstract:
      "Score candidates for a search outside: a rule a line in, what it came to a line out.",
    discussion: """
      Examples:
        ravine eval --on mlp_easy,bigram_easy --jsonl < candidates.jsonl
        echo '{"id": 1, "source": "rule R(lr = 0.1) { w' = w - lr * sign(g) }"}' | ravine eval --on bowl --jsonl

      Each line is an object with `source`, and if it likes `id` and `rule` (which of several). The answer has the
      score (the mean logarithm of the loss over the tuned baseline's, the less the better), the losses by task, rate and
      seed, what went wrong first, and a `digest`: a later line may have `digest` in place of `source`, for the latest
      10,000 candidates and the programs of the journal that --journal names. The baseline has its rate tuned, and where it
      decays by its default, as AdamW does, also whether it does. A candidate has at most 65,536 bytes, and its runs on a
      task take at most 2e10 operations together, by their plan (R0814); elementwise rules take as few as they like.
      A line that is no candidate is answered by an object with `error`, and the others go on.
      """)

  @Option(help: ArgumentHelp("Tasks, with commas.", valueName: "tasks"))
  var on: [String]
  @Flag(help: "Candidates and answers are lines of JSON.")
  var jsonl = false
  @Option(help: "Seeds of each run.")
  var seeds = 2
  @Option(help: "What the seeds are drawn from.")
  var seed: UInt64 = 0
  @Option(
    help: ArgumentHelp(
      "Rates around the candidate's own, of its sign, as factors; around 0.01 where that is 0.",
      valueName: "factors"))
  var ladder = "0.1,0.3,1,3,10"
  @Option(help: ArgumentHelp("The rule that scores are relative to.", valueName: "rule"))
  var against = "AdamW"
  @Option(
    help: ArgumentHelp(
      "The journal of a search, whose programs lines may name by their digests.", valueName: "file")
  )
  var journal: String?
  @Option(help: "At most so many threads; all cores without it.")
  var threads: Int?
  @OptionGroup var programs: ProgramOptions
  @ArgumentParser.Argument(help: ArgumentHelp("A script with tasks.", valueName: "file"))
  var file: String?

  func validate() throws {
    if !jsonl {
      throw ValidationError("--jsonl says how candidates come; there is no other way yet")
    }
    guard (0...1_000).contains(seeds) else {
      throw ValidationError("--seeds must be from 1 to 1,000")
    }
    if factors.isEmpty || factors.contains(where: { !($0 > 0 && $0.isFinite) }) {
      throw ValidationError("--ladder is a list of factors above 0, as 0.25,1,4")
    }
  }

  private var factors: [Double] { ladder.split(separator: ",").map { Double($0) ?? .nan } }

  func run() throws {
    let opened = try OpenScript(file, programs)
    let evaluation = try opened.answer { () throws(DiagnosticError) in
      if seeds < 1 { throw DiagnosticError(.nothingToRun("seeds", in: "an evaluation")) }
      return try OutsideEvaluation(
        opened.script.searchTasks(OpenScript.words(on), choosing: false),
        baseline: opened.rule(against), seeds: seeds, ladder: factors, seed: seed,
        threads: threads ?? Threads.preferred,
        journal: journal.map { path throws(DiagnosticError) in
          try SearchJournal(reading: path)
        }, opened.compiler, interrupt: opened.script.interrupt)
    }
    guard let evaluation else { throw Status.interrupted }
    var number = 0
    var lines = LineReader()
    while !Interrupt.isRequested, let line = lines.next() {
      number += 1
      if line.allSatisfy({ $0 == 32 || $0 == 13 || $0 == 9 }) { continue }
      let answer = evaluation.answer(line, number: number)
      // Of what was stopped in the middle nothing is known.
      if !Interrupt.isRequested { Console.write(answer + "\n") }
    }
    if Interrupt.isRequested { throw Status.interrupted }
  }
}

/// Lines of the standard input as bytes, whatever they are. Of a line that is far too long the rest is passed over.
private struct LineReader {
  private var buffer: [UInt8] = []
  private var start = 0
  private var isAtEnd = false
  private static let longest = 4 * OutsideEvaluation.longestSource

  mutating func next() -> [UInt8]? {
    var line: [UInt8] = []
    while true {
      if let end = buffer[start...].firstIndex(of: 10) {
        if line.count <= Self.longest { line += buffer[start..<end] }
        start = end + 1
        return line
      }
      if line.count <= Self.longest { line += buffer[start...] }
      start = 0
      buffer = read()
      if buffer.isEmpty { return line.isEmpty ? nil : line }
    }
  }

  private mutating func read() -> [UInt8] {
    if isAtEnd { return [] }
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = Platform.read(STDIN_FILENO, &chunk, chunk.count)
      if count < 0, errno == EINTR, !Interrupt.isRequested { continue }
      isAtEnd = count <= 0
      return count > 0 ? Array(chunk[..<count]) : []
    }
  }
}
