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
    var panels = names.isEmpty ? [] : experiment.figure(names).panels
    if wantsPath {
      guard let path = try experiment.pathFigure() else {
        throw DiagnosticError(.pathNotPlane(at: command.span))
      }
      panels += path.panels
    }
    try draw(Figure(title: experiment.title, panels: panels), statement, command)
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
    guard path.hasSuffix(".svg") else {
      throw DiagnosticError(.plotFileNotSVG(at: span(target, command.tree)))
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
    try writeWhole(path: path, bytes: Array(figure.svg().utf8), at: command.span)
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
    var last: (series: [String], rules: [ExprID], command: CheckedCommand, hasPath: Bool)?
    var saved: Set<String> = []
    func requireClauses(_ clauses: [Clause], _ command: CheckedCommand) {
      note { () throws(DiagnosticError) in
        let settings = try settings(Clauses(clauses, command, self), command)
        if let saving = settings.saving, !saved.insert(saving.path).inserted {
          throw DiagnosticError(.savedTwice(saving.path, at: saving.span))
        }
      }
    }
    for command in compiler.commands {
      switch command.kind {
      case .train(let statement):
        requireClauses(statement.clauses, command)
        if let series = try? seriesNames(command) {
          last = (
            series + recorded(statement.clauses, command), statement.rules, command, false
          )
        }
      case .minimize(let statement):
        requireClauses(statement.clauses, command)
        if let objective = try? compiler.objective(statement.objective, in: command.tree) {
          last = (
            objective.series + recorded(statement.clauses, command), statement.rules, command,
            objective.mayBePlane
          )
        }
      case .plot(let statement):
        note { () throws(DiagnosticError) in
          guard let last else { throw DiagnosticError(.nothingToPlot(at: command.span)) }
          let loop = LoopSeries.names(
            of: (try? rules(last.rules, last.command)) ?? [], besides: last.series)
          let wanted = try names(
            statement, command, among: last.series + loop, hasPath: last.hasPath)
          if wanted.wantsPath, !last.hasPath {
            throw DiagnosticError(.pathNotPlane(at: command.span))
          }
          if let path = try file(statement, command) {
            try WholeFile(path: path, span: command.span).requirePlace(ofPicture: true)
          }
        }
      default: break
      }
    }
    return found
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
