import Diagnostics
import Files
import IR
import Semantics
import Syntax
import Training

/// The clauses after the rules of `train` and `minimize`: `for 20 epochs batch 64 seeds 5`.
struct Clauses {
  private var found: [String: Clause] = [:]
  private let command: CheckedCommand
  private let script: Script

  init(
    _ clauses: [Clause], _ command: CheckedCommand, _ script: Script
  ) throws(DiagnosticError) {
    self.command = command
    self.script = script
    var known = [
      "for", "batch", "workers", "delay", "until", "record", "save", "seeds", "seed", "from",
    ]
    var others: [String] = []
    var noun = "train"
    switch command.kind {
    case .minimize:
      known = ["for", "from", "delay", "until", "record", "save", "seeds", "seed"]
      others = ["batch", "workers"]
      noun = "minimize"
    case .task:
      known = ["for", "until"]
      others = ["batch", "workers", "delay", "from", "seeds", "seed", "record", "save"]
      noun = "command"
    default: break
    }
    for clause in clauses {
      let key = clause.keyword.key
      if others.contains(key) { throw DiagnosticError(.clauseOfOther(clause.keyword, noun)) }
      guard known.contains(key) else {
        throw DiagnosticError(.unknownClause(clause.keyword, among: known + others))
      }
      if found[key] != nil {
        throw DiagnosticError(.givenTwice(clause.keyword))
      }
      found[key] = clause
    }
    if let clause = found["seed"], found["seeds"] != nil {
      throw DiagnosticError(.givenTwice(clause.keyword))
    }
    if let clause = found["for"], clause.unit?.key != "steps", clause.unit?.key != "epochs" {
      throw DiagnosticError(.unitOfFor(at: clause.unit?.span ?? clause.keyword.span))
    }
    if case .minimize = command.kind, let unit = found["for"]?.unit, unit.key == "epochs" {
      throw DiagnosticError(.lengthInEpochs(unit))
    }
  }

  func missing(_ example: String, at span: Span) -> DiagnosticError {
    DiagnosticError(.withoutLength(example, at: span))
  }

  /// The most runs of one rule: all their curves are kept.
  static let mostSeeds = 10_000
  /// The most epochs: each is recorded.
  static let mostEpochs = 1_000_000

  /// A whole number from 1 up, or nil when the clause is absent or counts another unit.
  ///
  /// Throws R0227 where it is not one, or beyond `limit`.
  func count(
    _ key: String, unit: String? = nil, limit: Int = 1_000_000_000
  ) throws(DiagnosticError) -> Int? {
    guard let clause = found[key], unit == nil || clause.unit?.key == unit else { return nil }
    return try count(clause, limit: limit)
  }

  private func count(_ clause: Clause, limit: Int) throws(DiagnosticError) -> Int {
    let x = try script.number(clause.value, command.tree)
    guard x >= 1, x == x.rounded(), x <= Double(limit) else {
      let what =
        clause.unit.map { "`\(clause.keyword.text) … \($0.text)`" } ?? "`\(clause.keyword.text)`"
      throw DiagnosticError(
        .notAWholeNumber(what, upTo: grouped(limit), at: script.span(clause.value, command.tree)))
    }
    return Int(x)
  }

  private func grouped(_ n: Int) -> String {
    var digits = String(n)
    var end = digits.endIndex
    while digits.distance(from: digits.startIndex, to: end) > 3 {
      end = digits.index(end, offsetBy: -3)
      digits.insert(",", at: end)
    }
    return digits
  }

  /// `seeds 5` means 0 to 4, `seed 7` means 7.
  func seeds() throws(DiagnosticError) -> [UInt64] {
    if let clause = found["seed"] {
      let x = try script.number(clause.value, command.tree)
      guard x >= 0, x == x.rounded(), x < 9e15 else {
        throw DiagnosticError(.notASeed(at: script.span(clause.value, command.tree)))
      }
      return [UInt64(x)]
    }
    return Array(0..<UInt64(try count("seeds", limit: Self.mostSeeds) ?? 1))
  }

  /// What `until` says, and in which text.
  func target() -> (TargetParts, TreeID)? {
    guard let clause = found["until"] else { return nil }
    return TargetParts(clause.value, script.compiler.program[command.tree]).map {
      ($0, command.tree)
    }
  }

  /// What `record` names.
  var recorded: Name? {
    guard let clause = found["record"],
      case .name(let name) = script.compiler.program[command.tree][clause.value]
    else { return nil }
    return name
  }

  /// Throws R0223 where `record` names what cannot be recorded.
  func recordsSharpness() throws(DiagnosticError) -> Bool {
    guard let clause = found["record"] else { return false }
    guard let recorded else {
      throw DiagnosticError(
        .unrecordable(at: script.span(clause.value, command.tree)))
    }
    guard recorded.text == ObjectiveModule.sharpness else {
      throw DiagnosticError(.unrecordable(recorded))
    }
    return true
  }

  /// Where `save` keeps the run, and how often.
  ///
  /// Throws R0220 for epochs of `minimize`, which has none, R0227 for a number that is no count, and R075x for
  /// a place where no file can be written.
  func saving() throws(DiagnosticError) -> RunSaving? {
    guard let clause = found["save"], let unit = clause.unit, let path = clause.path,
      case .string(let text) = script.compiler.program[command.tree][path]
    else { return nil }
    if case .minimize = command.kind, unit.key == "epochs" {
      throw DiagnosticError(.epochsOfMinimize(unit))
    }
    let span = script.span(path, command.tree)
    let saving = RunSaving(
      every: try count(clause, limit: 1_000_000_000),
      unit: unit.key == "epochs" ? .epochs : .steps, path: script.written(text), span: span)
    try WholeFile(path: saving.path, span: span).requirePlace(ofPicture: false)
    return saving
  }

  /// The clauses that searches leave out, which have seeds of their own and keep no run.
  var ofRuns: [Clause] { ["seeds", "seed", "save"].compactMap { found[$0] } }

  /// The point that `from` names, or the file with it.
  ///
  /// Throws R0253 for a file of another kind.
  func start() throws(DiagnosticError) -> TrainingSettings.Start? {
    guard let clause = found["from"] else { return nil }
    let span = script.span(clause.value, command.tree)
    if case .string(let path) = script.compiler.program[command.tree][clause.value] {
      let file = try ParameterFile(script.existing(path), at: span)
      return TrainingSettings.Start([], at: span, file: file)
    }
    let (value, _) = try script.evaluate(clause.value, command.tree, isSetting: true)
    return TrainingSettings.Start(value.values, at: span)
  }
}
