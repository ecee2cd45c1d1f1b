import Basics
import Diagnostics
import Files
import IR
import Lowering
import Runtime
import Semantics
import Syntax
import Training
import Zoo

/// Reads what a `data` statement names.
package struct DataLoader {
  package let compiler: Compiler
  /// The folder of the script: paths are tried from the current folder, then from here.
  package let folder: String?
  /// Whether runs compute in float64; else large files are kept in float32.
  private let isDouble: Bool

  package init(compiler: Compiler, folder: String?, isDouble: Bool = true) {
    self.compiler = compiler
    self.folder = folder
    self.isDouble = isDouble
  }

  /// What a `data` statement states besides its source.
  private struct Settings {
    var targets: [String] = []
    var test = 0.0
    var validate: Double?
    var seed = 0.0
    var scale = 1.0
    var standardise = false
    var isInOrder = false
    var csv = CSVOptions()
    var x: String?
    var y: String?
    var path: String?
  }

  /// What is wrong with a `data` statement, before any file is opened.
  package func problems(_ data: CheckedData) -> [Diagnostic] {
    do throws(DiagnosticError) {
      let (reader, settings) = try statement(data, isChecking: true)
      try checkSource(reader, settings)
      return []
    } catch {
      return error.diagnostics
    }
  }

  /// The reader and what it is told. When checking, numbers that need a function are not computed.
  private func statement(
    _ data: CheckedData, isChecking: Bool = false
  ) throws(DiagnosticError) -> (reader: Name, settings: Settings) {
    let tree = compiler.program[data.tree]
    guard case .call(let reader, let arguments) = tree[data.source],
      Builtins.readers.contains(reader.key)
    else {
      throw DiagnosticError(.notAReader(at: tree.span(data.source)))
    }
    return (reader, try settings(arguments, reader.key, data, tree, isChecking: isChecking))
  }

  /// The examples to learn from and to measure by; without a test share both are all of them.
  package func load(_ data: CheckedData) throws(DiagnosticError) -> DataSplit {
    let (reader, settings) = try statement(data)
    let all = try read(reader, settings, data)
    var split: DataSplit
    // Nobody else has these examples: what is done with them is done in their place.
    if settings.test != 0 || settings.validate != nil {
      let seed = UInt64(settings.seed)
      split = try all.split(
        test: settings.test == 0 ? nil : settings.test, validate: settings.validate,
        isInOrder: settings.isInOrder, isOwned: true, at: data.span
      ) { RandomOrder.uniform(Int($0), seed: seed) }
    } else {
      split = all.whole(isOwned: true)
    }
    split = try split.filled(isOwned: true, at: data.span)
    if settings.standardise { split = split.standardised(isOwned: true) }
    if settings.scale != 1 {
      split = try split.scaled(by: settings.scale, isOwned: true, at: data.span)
    }
    if !isDouble { try split.requireFloat(at: data.span) }
    return split
  }

  /// Whether a `data` statement keeps rows for choosing.
  package func keepsValidation(_ data: CheckedData) -> Bool {
    guard case .call(_, let arguments) = compiler.program[data.tree][data.source] else {
      return false
    }
    return arguments.contains { $0.label?.key == "validate" }
  }

  /// Throws R0701 where a file that is named does not exist.
  package func requireFiles(_ data: CheckedData) throws(DiagnosticError) {
    let settings = try statement(data).settings
    for path in [settings.path, settings.x, settings.y].compactMap({ $0 }) {
      let isInside = settings.path != nil && path != settings.path
      if isInside || FileSystem.exists(resolved(path)) { continue }
      throw DataFile.notFound(resolved(path), at: data.span)
    }
  }

  private func read(
    _ reader: Name, _ settings: Settings, _ data: CheckedData
  ) throws(DiagnosticError) -> Dataset {
    switch reader.key {
    case "csv":
      guard let path = settings.path, !settings.targets.isEmpty else {
        throw missing(settings.path == nil ? "a path" : "target = \"…\"", reader)
      }
      let table =
        if compiler.program.isLibrary(data.tree), let bytes = Library.dataFile(path) {
          try Table.csv(bytes: bytes, path: path, settings.csv, at: data.span)
        } else {
          try Table.csv(path: resolved(path), settings.csv, isDouble: isDouble, at: data.span)
        }
      return try Dataset(table, targets: settings.targets, isOwned: true, at: data.span)
    case "npy":
      guard let x = settings.x, let y = settings.y else {
        throw missing("x = \"…\" and y = \"…\"", reader)
      }
      return try Dataset(
        features: NumericArray.npy(path: resolved(x), at: data.span),
        targets: NumericArray.npy(path: resolved(y), at: data.span), source: x,
        targetSource: y, at: data.span)
    default:
      guard let path = settings.path else { throw missing("a path", reader) }
      let archive = try ArrayArchive(path: resolved(path), at: data.span)
      return try Dataset(
        features: archive.array(settings.x ?? "x", at: data.span),
        targets: archive.array(settings.y ?? "y", at: data.span), source: path, at: data.span)
    }
  }

  /// Throws R0746 where a reader is not told what to read.
  private func checkSource(_ reader: Name, _ settings: Settings) throws(DiagnosticError) {
    if reader.key == "npy" {
      if settings.x == nil || settings.y == nil { throw missing("x = \"…\" and y = \"…\"", reader) }
      return
    }
    if settings.path == nil { throw missing("a path", reader) }
    if reader.key == "csv", settings.targets.isEmpty { throw missing("target = \"…\"", reader) }
  }

  private func missing(_ what: String, _ reader: Name) -> DiagnosticError {
    DiagnosticError(.missingPart(what, of: reader))
  }

  /// Where a file is that a script names: from the current folder, then beside the script.
  package func resolved(_ path: String) -> String {
    guard !path.hasPrefix("/"), let folder, !FileSystem.exists(path) else { return path }
    let beside = folder.isEmpty ? path : folder + "/" + path
    return FileSystem.exists(beside) ? beside : path
  }

  private func settings(
    _ arguments: [Argument], _ reader: String, _ data: CheckedData, _ tree: SyntaxTree,
    isChecking: Bool
  ) throws(DiagnosticError) -> Settings {
    var settings = Settings()
    func number(_ value: ExprID, _ id: TreeID) throws(DiagnosticError) -> Double? {
      if isChecking, !isArithmetic(value, tree) { return nil }
      return try self.number(value, id)
    }
    var known = [
      "target", "test", "validate", "seed", "scale", "standardise", "order", "x", "y", "path",
    ]
    if reader == "csv" {
      known += ["separator", "decimal", "thousands", "header", "drop", "missing"]
    }
    for (position, argument) in arguments.enumerated() {
      let span = tree.span(argument.value)
      guard let label = argument.label?.key ?? (position == 0 ? "path" : nil) else {
        throw DiagnosticError(.onePath(reader, at: span))
      }
      func text(_ value: ExprID? = nil) throws(DiagnosticError) -> String {
        guard case .string(let text) = tree[value ?? argument.value] else {
          throw DiagnosticError(.needsText(label, at: tree.span(value ?? argument.value)))
        }
        return text
      }
      /// The entries of a list, or the one that stands without brackets.
      var texts: [ExprID] {
        if case .list(let entries) = tree[argument.value] { return entries }
        return [argument.value]
      }
      /// One of these texts.
      func choice(_ choices: [String]) throws(DiagnosticError) -> String {
        let text = try text()
        guard choices.contains(text) else {
          throw DiagnosticError(.notAChoice(label, text, among: choices, at: span))
        }
        return text
      }
      func sign(_ signs: [String]) throws(DiagnosticError) -> Character {
        Character(try choice(signs))
      }
      guard known.contains(label) else {
        let near = Suggestion.nearest(to: argument.label!.text, among: known)
        throw DiagnosticError(.unknownLabel(argument.label!, of: reader, suggestion: near))
      }
      switch label {
      case "path": settings.path = try text()
      case "target":
        for name in texts {
          let target = try text(name)
          guard !settings.targets.contains(target) else {
            throw DiagnosticError(.targetTwice(target, at: tree.span(name)))
          }
          settings.targets.append(target)
        }
      case "x": settings.x = try text()
      case "y": settings.y = try text()
      case "test": settings.test = try number(argument.value, data.tree) ?? settings.test
      case "validate": settings.validate = try number(argument.value, data.tree)
      case "seed":
        settings.seed = try number(argument.value, data.tree) ?? settings.seed
        guard settings.seed >= 0, settings.seed < 1e15, settings.seed == settings.seed.rounded()
        else {
          throw DiagnosticError(.notASeed(at: span))
        }
      case "scale": settings.scale = try number(argument.value, data.tree) ?? settings.scale
      case "standardise":
        settings.standardise = try number(argument.value, data.tree).map { $0 != 0 } ?? false
      case "order":
        settings.isInOrder = try choice(["time", "random"]) == "time"
      case "separator": settings.csv.separator = try sign([",", ";", "\t", "|", " "])
      case "decimal": settings.csv.decimal = try sign([".", ","])
      case "thousands":
        settings.csv.thousands = try sign([",", ".", "'", " ", "_"])
      case "header":
        settings.csv.hasHeader = try number(argument.value, data.tree).map { $0 != 0 } ?? true
      case "missing":
        settings.csv.missing = try choice(["mean", "drop"]) == "mean" ? .mean : .drop
      case "drop":
        for name in texts { settings.csv.dropped.insert(try text(name)) }
      default: preconditionFailure("every known argument has a case")
      }
    }
    // Of point and comma the other one stands before the decimals.
    if settings.csv.decimal == nil, let sign = settings.csv.thousands {
      if sign == "." { settings.csv.decimal = "," }
      if sign == "," { settings.csv.decimal = "." }
    }
    for target in settings.targets where settings.csv.dropped.contains(target) {
      throw DiagnosticError(.targetDropped(target, at: data.span))
    }
    if settings.csv.thousands == settings.csv.decimal ?? ".", settings.csv.thousands != nil {
      throw DiagnosticError(.sameSigns(at: data.span))
    }
    return settings
  }

  /// Whether an expression is made of numbers alone and so computed at once.
  private func isArithmetic(_ expression: ExprID, _ tree: SyntaxTree) -> Bool {
    switch tree[expression] {
    case .number: true
    case .unary(_, let a): isArithmetic(a, tree)
    case .binary(_, let a, let b): isArithmetic(a, tree) && isArithmetic(b, tree)
    default: false
    }
  }

  /// The number that a closed expression is.
  package func number(_ expression: ExprID, _ tree: TreeID) throws(DiagnosticError) -> Double {
    let function = try Lowering.expression(expression, in: tree, of: compiler.program).function
    try function.requireSetting(at: compiler.program[tree].span(expression))
    let span = compiler.program[tree].span(expression)
    guard let output = function.outputs.first, function.type(output.value).shape.isScalar else {
      throw DiagnosticError(.needsOneNumber(at: span))
    }
    let concrete = try function.specialised(BindContext(dims: [], hypers: []))
      .checkedForEvaluation()
    let result = try ReferenceProgram(concrete).evaluate(ReferenceEnvironment())
    return result.outputs[0][0].value.values[0]
  }
}

extension Function {
  /// Throws R0214 where a setting that is read once is made of t or T.
  package func requireSetting(at span: Span) throws(DiagnosticError) {
    for operation in [Operation.step, .horizon]
    where instructions.contains(where: { $0.operation == operation }) {
      throw DiagnosticError(.settingFollowsStep(operation.info.name, at: span))
    }
  }
}
