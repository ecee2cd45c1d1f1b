import Basics
import Diagnostics
import Driver
import Files
import IR
import Plotting
import Semantics
import Syntax
import Training

extension Script {
  // MARK: Plots

  func plot(_ statement: PlotStatement, _ command: CheckedCommand) throws(DiagnosticError) {
    guard let experiment = experiments.last else {
      if interrupt.isRequested() { return }
      throw DiagnosticError(.nothingToPlot(at: command.span))
    }
    let (names, wantsPath) = try names(
      statement, command, among: experiment.series + experiment.loopSeries,
      hasPath: experiment.landscape != nil)
    let axes = try axes(statement, command, wantsPath: wantsPath)
    var panels = names.isEmpty ? [] : experiment.figure(names, axes).panels
    if wantsPath {
      guard let path = try experiment.pathFigure() else {
        throw DiagnosticError(.pathNotPlane(at: command.span))
      }
      panels += path.panels
    }
    try draw(Figure(title: experiment.title, panels: panels), statement, command)
  }

  /// What the clauses of a plot say of its axes. Throws R0254 for what no axis can be.
  private func axes(
    _ statement: PlotStatement, _ command: CheckedCommand, wantsPath: Bool
  ) throws(DiagnosticError) -> PlotAxes {
    var axes = PlotAxes()
    var said: Set<String> = []
    for clause in statement.axes {
      guard said.insert(clause.name.key).inserted else {
        throw DiagnosticError(
          .badAxis("the axis `\(clause.name.text)` is said twice", at: clause.span))
      }
      if wantsPath {
        throw DiagnosticError(
          .badAxis("a path has the axes of the plane that it goes through", at: clause.span))
      }
      var axis = PlotAxes.Axis()
      axis.scale = clause.scale.map { $0.text == "log" ? .log : .linear }
      if let (low, high) = clause.limits {
        let ends = (try number(low, command.tree), try number(high, command.tree))
        guard ends.0 < ends.1, ends.0.isFinite, ends.1.isFinite, (ends.1 - ends.0).isFinite else {
          throw DiagnosticError(
            .badAxis("limits are two finite numbers, the lower one first", at: clause.span))
        }
        if axis.scale == .log, ends.0 <= 0 {
          throw DiagnosticError(
            .badAxis(
              "a logarithmic axis has no place for \(NumberText.short(ends.0))",
              at: span(low, command.tree)))
        }
        axis.limits = ends.0...ends.1
      }
      if clause.name.key == "x" { axes.x = axis } else { axes.y = axis }
    }
    return axes
  }

  private func names(
    _ statement: PlotStatement, _ command: CheckedCommand, among series: [String], hasPath: Bool
  ) throws(DiagnosticError) -> (names: [String], wantsPath: Bool) {
    let tree = compiler.program[command.tree]
    var names: [String] = []
    var wantsPath = false
    for id in statement.series {
      guard case .name(let name) = tree[id] else {
        throw DiagnosticError(.notASeries(at: tree.span(id)))
      }
      if name.key == "path" {
        wantsPath = true
      } else if series.contains(name.text) {
        names.append(name.text)
      } else {
        throw DiagnosticError(.unknownSeries(name, among: series + (hasPath ? ["path"] : [])))
      }
    }
    return (names, wantsPath)
  }

  /// The file that a plot goes to; nil for the terminal.
  private func file(
    _ statement: PlotStatement, _ command: CheckedCommand
  ) throws(DiagnosticError) -> String? {
    guard let target = statement.path else { return nil }
    guard case .string(let path) = compiler.program[command.tree][target] else {
      throw DiagnosticError(.plotFileNotText(at: span(target, command.tree)))
    }
    guard path.hasSuffix(".svg") || path.hasSuffix(".png") else {
      throw DiagnosticError(.notAPlotFile(at: span(target, command.tree)))
    }
    return written(path)
  }

  private func draw(
    _ figure: Figure, _ statement: PlotStatement, _ command: CheckedCommand
  ) throws(DiagnosticError) {
    guard let path = try file(statement, command) else {
      if let draw {
        output(try draw(figure))
        return
      }
      output(
        figure.braille(
          width: options.width, height: 20, colour: options.usesColour,
          unicode: options.usesUnicode))
      return
    }
    try writeWhole(
      path: path, bytes: path.hasSuffix(".png") ? figure.png() : Array(figure.svg().utf8),
      at: command.span)
    written.append(path)
    progress("wrote \(path)\n")
  }

  // MARK: Before anything runs

  /// What is wrong with the commands of the script that was added last and can be seen before the first
  /// of them runs: clauses, files of data, what plots name and where they go.
  package func problems() -> [Diagnostic] {
    var found: [Diagnostic] = []
    func note(_ look: () throws(DiagnosticError) -> Void) {
      do throws(DiagnosticError) { try look() } catch { found += error.diagnostics }
    }
    for item in compiler.script?.items ?? [] {
      guard case .data(let name, _) = item.kind, let data = compiler.program.data[name.key] else {
        continue
      }
      note { () throws(DiagnosticError) in
        try DataLoader(compiler: compiler, folder: options.folder).requireFiles(data)
      }
    }
    for item in compiler.script?.items ?? [] {
      guard case .task(let task) = item.kind else { continue }
      note { () throws(DiagnosticError) in try requireTask(named: task.name.text) }
    }
    var last: LastExperiment?
    var saved: Set<String> = []
    func requireFree(_ path: String, at span: Span) throws(DiagnosticError) {
      guard saved.insert(path).inserted else {
        throw DiagnosticError(.savedTwice(path, at: span))
      }
    }
    func requireClauses(
      _ clauses: [Clause], _ command: CheckedCommand, _ objective: ExprID, on data: Name? = nil
    ) {
      note { () throws(DiagnosticError) in
        let settings = try settings(Clauses(clauses, command, self), command)
        last?.runs *= settings.seeds.count
        // What this script writes before is not there yet.
        if let file = settings.start?.file, found.isEmpty, !saved.contains(file.path) {
          _ = try begun(
            settings, compiler.objective(objective, in: command.tree),
            data.map { name throws(DiagnosticError) in
              try dataset(name.key, from: command.tree)
            })
        }
        if let saving = settings.saving { try requireFree(saving.path, at: saving.span) }
      }
    }
    for command in compiler.commands {
      switch command.kind {
      case .train(let statement):
        if let series = try? seriesNames(command),
          let objective = try? compiler.objective(statement.objective, in: command.tree)
        {
          last = LastExperiment(
            series: series + recorded(statement.clauses, command), rules: statement.rules,
            command: command, hasPath: false, parameters: objective.parameters.map(\.name))
        }
        requireClauses(statement.clauses, command, statement.objective, on: statement.data)
      case .minimize(let statement):
        if let objective = try? compiler.objective(statement.objective, in: command.tree) {
          last = LastExperiment(
            series: objective.series + recorded(statement.clauses, command),
            rules: statement.rules, command: command, hasPath: objective.mayBePlane,
            parameters: objective.parameters.map(\.name))
        }
        requireClauses(statement.clauses, command, statement.objective)
      case .save(let statement):
        note { () throws(DiagnosticError) in
          let file = try file(statement, command)
          guard let last else { throw DiagnosticError(.nothingToKeep(at: command.span)) }
          guard last.runs == 1 else {
            throw DiagnosticError(.severalRuns(last.runs, at: command.span))
          }
          try parameters(statement, among: last.parameters)
          let span = span(statement.path, command.tree)
          try requireFree(file.path, at: span)
          try WholeFile(path: file.path, span: span).requirePlace(ofPicture: false)
        }
      case .plot(let statement):
        note { () throws(DiagnosticError) in
          guard let last else { throw DiagnosticError(.nothingToPlot(at: command.span)) }
          let loop = LoopSeries.names(
            of: (try? rules(last.rules, last.command)) ?? [], besides: last.series)
          let wanted = try names(
            statement, command, among: last.series + loop, hasPath: last.hasPath)
          _ = try axes(statement, command, wantsPath: wanted.wantsPath)
          if wanted.wantsPath, !last.hasPath {
            throw DiagnosticError(.pathNotPlane(at: command.span))
          }
          if let path = try file(statement, command) {
            try WholeFile(path: path, span: command.span).requirePlace(ofPicture: true)
          }
        }
      case .search(let statement):
        note { () throws(DiagnosticError) in
          let plan = try plan(of: statement, command)
          do throws(DiagnosticError) {
            try requireSound(plan)
          } catch {
            throw error.placed(at: plan.place)
          }
        }
      default: break
      }
    }
    return found
  }
}

/// Of the `train` or `minimize` above a statement, what is known before it runs.
private struct LastExperiment {
  var series: [String]
  var rules: [ExprID]
  var command: CheckedCommand
  var hasPath: Bool
  /// Names of what it trains.
  var parameters: [String]
  var runs: Int

  init(
    series: [String], rules: [ExprID], command: CheckedCommand, hasPath: Bool, parameters: [String]
  ) {
    self.series = series
    self.rules = rules
    self.command = command
    self.hasPath = hasPath
    self.parameters = parameters
    runs = rules.count
  }
}

extension Script {
  /// What a clause `record` adds to the series.
  private func recorded(_ clauses: [Clause], _ command: CheckedCommand) -> [String] {
    guard let clauses = try? Clauses(clauses, command, self),
      (try? clauses.recordsSharpness()) == true
    else { return [] }
    return [ObjectiveModule.sharpness, ObjectiveModule.stableBelow]
  }
}

extension ObjectiveModule {
  /// Whether its parameters are two numbers, as far as their declared lengths say.
  fileprivate var mayBePlane: Bool {
    let shapes = parameters.map(\.shape)
    return !shapes.allSatisfy(\.isConcrete)
      || shapes.reduce(0) { $0 + $1.elementCount } == 2
  }
}
