import Basics
import Diagnostics
import IR

/// A program that trains as it is told: a line of JSON for each run in, a line for each out.
///
/// It may answer one line and end, and is started again then, or read on; and it may answer the lines that it
/// was sent in any order, by their `id`.
package final class TrainingProgram {
  /// What a run came to.
  package struct Answer: Sendable {
    /// From the first to the last, evenly over the run.
    package var losses: [Double] = []
    /// What the program says is wrong with the rule.
    package var problem: String?
  }

  private let words: [String]
  private let folder: String?
  /// Steps of a run; more losses than that are no answer.
  private let steps: Int
  /// How long it may be silent.
  private let seconds: Double
  private let interrupt: InterruptSource
  /// Answers that are known, by what was asked and for which work.
  private let memory: (any AnswerMemory)?
  private let work: String
  private var child: ChildProgram?
  /// Whether the one that runs has answered anything.
  private var hasAnswered = false
  private var lastID = 0

  /// `work`: a name of all that an answer depends on besides its request, for `memory`.
  package init(
    _ words: [String], in folder: String?, steps: Int, seconds: Double, interrupt: InterruptSource,
    memory: (any AnswerMemory)? = nil, work: String = ""
  ) {
    self.words = words
    self.folder = folder
    self.steps = steps
    self.seconds = seconds
    self.interrupt = interrupt
    self.memory = memory
    self.work = work
  }

  deinit { child?.finish(within: 2) }

  /// Sends a line for each request, and gives the answers in the same order; nil after Ctrl-C.
  ///
  /// Throws R0262 where it cannot be started, R0263 where it fails or ends without an answer, R0264 where
  /// what it says is no answer, R0265 where it is silent for too long.
  package func answers(
    to requests: [[JSONMember]]
  ) throws(DiagnosticError) -> [Answer]? {
    let first = lastID + 1
    lastID += requests.count
    let names =
      memory == nil
      ? [] : requests.map { SHA256.hexadecimal((work + JSONValue.object($0).line).utf8) }
    var answers = requests.indices.map { k in
      // What was kept was an answer when it came.
      memory.flatMap { $0.answer(to: names[k]) }.flatMap { try? read($0).1 }
    }
    var open: [Int] = []
    func send(_ places: [Int], to child: ChildProgram) {
      for k in places {
        child.send(JSONValue.object([JSONMember("id", .int(first + k))] + requests[k]).line)
      }
    }
    do throws(DiagnosticError) {
      open = requests.indices.filter { answers[$0] == nil }
      if open.isEmpty { return answers.map { $0! } }
      var child = try started()
      send(open, to: child)
      while !open.isEmpty {
        switch child.next(within: seconds, interrupt) {
        case .line(let line):
          let (id, answer) = try read(line)
          guard let place = open.firstIndex(where: { id == nil || first + $0 == id }) else {
            throw DiagnosticError(.answerToNothing(words[0], id ?? 0))
          }
          let k = open.remove(at: place)
          answers[k] = answer
          memory?.keep(line, to: names[k])
          hasAnswered = true
        case .ended(let status):
          // One that answers once and ends is started for each run.
          guard status == 0, hasAnswered else {
            throw DiagnosticError(.commandFailed(words[0], status: status, child.errors))
          }
          self.child = nil
          child = try started()
          send(open, to: child)
        case .endless:
          throw DiagnosticError(.answerWithoutEnd(words[0], ChildProgram.mostBytes))
        case .silent: throw DiagnosticError(.commandSilent(words[0], seconds, child.errors))
        case .interrupted:
          child.stop()
          self.child = nil
          return nil
        }
      }
    } catch {
      child?.stop()
      child = nil
      throw error
    }
    return answers.map { $0! }
  }

  private func started() throws(DiagnosticError) -> ChildProgram {
    // One that ended behind its last answer is started again.
    if let child, !child.hasEnded { return child }
    var problem = ""
    guard let made = ChildProgram(words, in: folder, problem: &problem) else {
      throw DiagnosticError(.commandNotStarted(words[0], problem))
    }
    child = made
    hasAnswered = false
    return made
  }

  private func read(_ line: [UInt8]) throws(DiagnosticError) -> (id: Int?, Answer) {
    func refuse(_ why: String) -> DiagnosticError {
      DiagnosticError(.notAnAnswer(words[0], String(decoding: line, as: UTF8.self), why))
    }
    let value: JSONValue
    do throws(JSONError) {
      value = try JSONReader.parse(line)
    } catch {
      throw refuse("it is not JSON: \(error.message) at byte \(error.column)")
    }
    guard case .object = value else { throw refuse("it is no object") }
    var id: Int?
    if let given = value["id"] {
      guard let number = given.real.flatMap(Int.init(exactly:)) else {
        throw refuse("`id` is no whole number")
      }
      id = number
    }
    if let problem = value["error"] {
      guard let text = problem.text else { throw refuse("`error` is no text") }
      return (id, Answer(problem: text))
    }
    // `null` is what some writers make of NaN.
    func number(_ value: JSONValue) -> Double? { value == .null ? .nan : value.real }
    if let items = value["losses"]?.items, !items.isEmpty {
      let losses = items.compactMap(number)
      guard losses.count == items.count else { throw refuse("`losses` holds what is no number") }
      guard losses.count <= steps else {
        throw refuse("it has \(losses.count) losses, and a run has \(steps) steps")
      }
      return (id, Answer(losses: losses))
    }
    if let loss = value["loss"].flatMap(number) { return (id, Answer(losses: [loss])) }
    throw refuse("it has no `losses`, a list of numbers")
  }
}
