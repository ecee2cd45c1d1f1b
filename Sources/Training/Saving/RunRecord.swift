import Basics
import Checkpoints
import Diagnostics

/// What the file of a run says: the experiment, the runs that are over, and the one that is not.
struct RunRecord {
  /// A run between two of its steps.
  struct Going {
    /// The rule as written.
    var label: String
    var state: RunState
    /// What its learner takes up.
    var learner: JSONValue
    /// Where the measuring of sharpness ended.
    var direction: [Double]?
  }

  static let layout = 1

  let checkpoint: Checkpoint
  let identity: RunIdentity
  private(set) var finished: [RunHistory] = []
  private(set) var going: Going?

  /// Nil where there is no file.
  ///
  /// Throws R0770 for a file that holds no run, R0772 for one of a later version, and R070x for what the system
  /// refuses.
  init?(path: String) throws(DiagnosticError) {
    do throws(DiagnosticError) {
      checkpoint = try Checkpoint(path: path)
    } catch {
      if error.diagnostics.first?.code == .fileNotFound { return nil }
      throw error
    }
    guard let text = checkpoint.run, !text.isEmpty else {
      throw DiagnosticError(.notARun(path, "it holds an optimizer that no `save` wrote"))
    }
    func refused(_ what: String) -> DiagnosticError {
      DiagnosticError(.notARun(path, "\(what) is not what it should be"))
    }
    let json: JSONValue
    do throws(JSONError) {
      json = try JSONReader.parse(Array(text.utf8))
    } catch {
      throw refused("its text about the run")
    }
    guard let layout = json.count("layout") else { throw refused("its text about the run") }
    guard layout <= Self.layout else {
      throw DiagnosticError(.laterRun(path, layout, known: Self.layout))
    }
    guard let identity = RunIdentity(json["identity"]), let runs = json["finished"]?.items else {
      throw refused("its text about the run")
    }
    self.identity = identity
    for (k, run) in runs.enumerated() {
      guard let history = RunHistory(run, Self.name(k), of: checkpoint) else {
        throw refused("its run \(k + 1)")
      }
      finished.append(history)
    }
    guard let said = json["going"], said != .null else { return }
    guard let history = said["history"], let label = said["rule"]?.text,
      let state = RunState(said, history, Self.name(runs.count), of: checkpoint),
      let learner = said["learner"], let length = said.count("direction")
    else { throw refused("the run that goes on") }
    var direction: [Double]?
    if length > 0 {
      direction = KeptNumbers.read("direction", length, of: checkpoint)
      if direction == nil { throw refused("the run that goes on") }
    }
    going = Going(label: label, state: state, learner: learner, direction: direction)
  }

  /// The name of run k, under which its curves stand.
  static func name(_ k: Int) -> String { "run/\(k)" }

  // MARK: Writing

  static func text(
    _ identity: RunIdentity, _ finished: [RunHistory], _ going: Going?, _ numbers: KeptNumbers
  ) -> String {
    var said = JSONValue.null
    if let going {
      let state = going.state
      if let direction = going.direction { numbers.add("direction", direction) }
      said = .record([
        "rule": .string(going.label),
        "history": state.history.kept(as: name(finished.count), numbers),
        "epoch": .int(state.epoch), "position": .int(state.position), "sum": .number(state.sum),
        "recentSum": .number(state.recent.sum), "recentCount": .int(state.recent.count),
        "learner": going.learner, "direction": .int(going.direction?.count ?? 0),
      ])
    }
    return JSONValue.record([
      "layout": .int(layout), "identity": identity.json,
      "finished": .array(finished.enumerated().map { $1.kept(as: name($0), numbers) }),
      "going": said,
    ]).line
  }
}

extension RunState {
  fileprivate init?(
    _ json: JSONValue, _ history: JSONValue, _ name: String, of checkpoint: Checkpoint
  ) {
    guard let history = RunHistory(history, name, of: checkpoint), let epoch = json.count("epoch"),
      let position = json.count("position"), let sum = json["sum"]?.real,
      let recentSum = json["recentSum"]?.real, let recentCount = json.count("recentCount")
    else { return nil }
    self.init(seed: history.seed)
    self.history = history
    (self.epoch, self.position, self.sum) = (epoch, position, sum)
    recent = (recentSum, recentCount)
  }
}
