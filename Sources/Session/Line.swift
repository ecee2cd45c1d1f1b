import Diagnostics
import Driver
import IR
import Laboratory
import Symbolic
import Syntax

/// The text that is being answered, as a file among the sources.
struct Line {
  let file: SourceFile
  let compiler: Compiler

  /// All of it, without blanks around it.
  var whole: Span { span(Fragment(String(decoding: file.bytes, as: UTF8.self)).trimmed) }

  func span(_ fragment: Fragment) -> Span {
    let low = file.base + UInt32(clamping: fragment.offset)
    return Span(low, low + UInt32(clamping: fragment.count))
  }

  /// What an expression of a text was read from.
  func fragment(_ id: ExprID, _ tree: SyntaxTree, at offset: Int = 0) -> Fragment {
    let span = tree.span(id)
    return Fragment(
      compiler.sources.text(span), at: Int(span.start) - Int(tree.file.base) + offset)
  }

  /// Runs `body` on the text of a fragment; what it finds wrong is shown in the line that was typed.
  func asking<T>(_ fragments: [Fragment], body: () throws -> T) throws -> T {
    let known = compiler.sources.files.count
    do {
      return try body()
    } catch let error as DiagnosticError {
      throw DiagnosticError(relocated(error.diagnostics, fragments, known))
    } catch let error as SymbolicError {
      let low = fragments.map(\.offset).min() ?? 0
      let high = fragments.map { $0.offset + $0.count }.max() ?? 0
      let limit = file.bytes.count
      let place = Span(file.base + UInt32(min(low, limit)), file.base + UInt32(min(high, limit)))
      throw DiagnosticError(.noAnswer(error, at: place))
    }
  }

  /// Spans in texts that were made of fragments, as spans of the line.
  private func relocated(
    _ diagnostics: [Diagnostic], _ fragments: [Fragment], _ known: Int
  ) -> [Diagnostic] {
    let own = file.bytes
    func moved(_ span: Span) -> Span {
      guard let file = compiler.sources.file(of: span),
        let index = compiler.sources.files.lastIndex(where: { $0.base == file.base }),
        index >= known
      else { return span }
      for fragment in fragments {
        let text = Array(fragment.text.utf8)
        guard file.bytes == text, fragment.offset + text.count <= own.count,
          own[fragment.offset..<fragment.offset + text.count].elementsEqual(text)
        else { continue }
        let low = Int(span.start - file.base)
        let high = min(max(low, Int(span.end - file.base)), text.count)
        let base = self.file.base + UInt32(fragment.offset)
        return Span(base + UInt32(min(low, text.count)), base + UInt32(high))
      }
      return span
    }
    var result: [Diagnostic] = []
    for diagnostic in diagnostics {
      var here = diagnostic
      here.span = moved(here.span)
      for k in here.notes.indices { here.notes[k].span = moved(here.notes[k].span) }
      for k in here.fixIts.indices { here.fixIts[k].span = moved(here.fixIts[k].span) }
      if !result.contains(here) { result.append(here) }
    }
    return result
  }

  /// A diagnostic that has no place is given one.
  func placing<T>(
    at fragment: Fragment, _ body: () throws(DiagnosticError) -> T
  ) throws(DiagnosticError) -> T {
    do throws(DiagnosticError) {
      return try body()
    } catch {
      throw DiagnosticError(
        error.diagnostics.map { diagnostic in
          var here = diagnostic
          if here.span.isNone { here.span = span(fragment) }
          return here
        })
    }
  }
}

/// What stands around the answer to a line: what is declared, and where the answer goes.
struct Question {
  let line: Line
  let definitions: Definitions
  let output: Presentation
}

/// What answers questions of one kind.
protocol Answering {
  var question: Question { get }
}

extension Answering {
  var line: Line { question.line }
  var definitions: Definitions { question.definitions }
  var output: Presentation { question.output }
  var compiler: Compiler { definitions.compiler }

  func write(_ text: String) { output.write(text) }
  func say(_ text: String) { output.say(text) }
  func report(_ diagnostics: [Diagnostic]) {
    output.report(diagnostics, in: compiler.sources)
  }
  func span(_ fragment: Fragment) -> Span { line.span(fragment) }
  func asking<T>(_ fragments: Fragment..., body: () throws -> T) throws -> T {
    try line.asking(fragments, body: body)
  }

  /// The name that a text calls or is: `Lion` of `Lion(lr = 1)`.
  func head(_ fragment: Fragment) -> Name {
    guard let (tree, root) = try? compiler.parsed(fragment.text) else {
      return Name(fragment.text)
    }
    switch tree[root] {
    case .name(let name), .call(let name, _): return name
    default: return Name(fragment.text)
    }
  }

  /// A rule; free names in its arguments stand for any number.
  func rule(_ fragment: Fragment) throws -> Rule {
    try compiler.rule(fragment.text, allowsFreeNames: true)
  }

  /// A rule under the algebra.
  func algebra(
    of rule: Fragment, generality: Generality = .withoutSwitches
  ) throws -> RuleAlgebra {
    try RuleAlgebra(self.rule(rule), generality: generality)
  }

  /// The algebra with what `:assume` has said.
  var algebra: ExpressionAlgebra {
    var algebra = ExpressionAlgebra(compiler)
    for (name, domain) in definitions.assumptions {
      algebra.domains[Setting.shown(name)] = domain
    }
    return algebra
  }

  /// Two rules: `A B`, `A, B`, `A and B`, `A == B`.
  func pair(
    _ rest: Fragment, _ command: CommandName
  ) throws(DiagnosticError) -> (Fragment, Fragment) {
    for mark in ["==", "->", "→", ",", "and", "with"] {
      if let (a, b) = rest.split(on: mark), !a.isEmpty, !b.isEmpty { return (a, b) }
    }
    let words = rest.words
    guard words.count == 2 else {
      throw DiagnosticError(
        .usage("`:\(command.rawValue)` takes two rules", of: command, at: span(rest)))
    }
    return (words[0], words[1])
  }

  func parts(
    _ rest: Fragment, around mark: String, _ command: CommandName
  ) throws(DiagnosticError) -> (left: Fragment, right: Fragment) {
    guard let parts = rest.split(on: mark), !parts.left.isEmpty, !parts.right.isEmpty else {
      throw DiagnosticError(
        .usage("`:\(command.rawValue)` needs a `\(mark)`", of: command, at: span(rest)))
    }
    return parts
  }
}
