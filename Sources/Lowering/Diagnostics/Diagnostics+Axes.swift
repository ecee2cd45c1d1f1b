import Diagnostics
import IR
import Syntax

// Named axes, reductions over all tensors and draws: R042x, R043x.
extension Diagnostic {
  // MARK: Types

  static func axisOutsideRule(_ axis: AxisName, at span: Span) -> Diagnostic {
    Diagnostic(.badAxisType, "the named axis `\(axis.word)` belongs in a rule", at: span)
  }

  static func argumentsOfAxis(_ axis: AxisName, at span: Span) -> Diagnostic {
    let (takes, example) =
      switch axis {
      case .stack: ("a list, or the number of its entries", "stack(betas, scalar)")
      case .window: ("the number of its entries", "window(10, vector(rows))")
      default: ("no length", "\(axis.word)(scalar)")
      }
    return Diagnostic(
      .badAxisType, "`\(axis.word)` takes \(takes)", at: span,
      notes: [Note("a shape may follow: `\(example)`")])
  }

  static func axisTwice(_ axis: AxisName, at span: Span) -> Diagnostic {
    Diagnostic(.badAxisType, "the axis `\(axis.word)` is named twice", at: span)
  }

  static func axisWithoutEntries(_ axis: AxisName, at span: Span) -> Diagnostic {
    Diagnostic(.badAxisType, "`\(axis.word)` has at least one entry", at: span)
  }

  static func needsList(at span: Span) -> Diagnostic {
    Diagnostic(
      .badAxisType, "here stands a list: `stack([0, 0.9])` or `groups([0.5, 0.5])`", at: span)
  }

  static func listForAxis(_ axis: AxisName, at span: Span) -> Diagnostic {
    Diagnostic(.needsOneNumber, "`\(axis.word)` takes a list of numbers", at: span)
  }

  static func tooManyAxes(at span: Span) -> Diagnostic {
    Diagnostic(
      .tooManyAxes, "a tensor has at most \(Shape.maximumRank) axes, the named ones included",
      at: span)
  }

  static func rankTooHigh(at span: Span) -> Diagnostic {
    Diagnostic(.tooManyAxes, "a tensor has at most \(Shape.maximumRank) axes", at: span)
  }

  // MARK: Values

  static func unknownAxis(_ axis: Name) -> Diagnostic {
    Diagnostic(
      .unknownAxis, "there is no axis `\(axis.text)`", at: axis.span,
      notes: [Note("the named axes are batch, stack, groups, window and workers")],
      fixIts: FixIt.didYouMean(
        Suggestion.nearest(to: axis.text, among: AxisName.allCases.map(\.word)), at: axis.span))
  }

  static func notAxisReduction(
    _ reduction: Name, over axis: Name, among reductions: [String]
  ) -> Diagnostic {
    Diagnostic(
      .unknownFunction, "`\(reduction.text)` does not reduce over an axis", at: reduction.span,
      notes: [
        Note(
          reduction.key == "dot"
            ? "write `sum over \(axis.text) (x * y)`"
            : "these do: \(reductions.joined(separator: ", "))")
      ])
  }

  static func noSuchAxis(_ axis: AxisName, in own: Shape, at span: Span) -> Diagnostic {
    let bringsIt =
      switch axis {
      case .batch: "an input brings it: `input G: batch`"
      case .groups: "an input brings it: `input G: groups`"
      case .stack: "a state has it: `state b: stack(betas)`"
      case .window: "a state has it: `state h: window(10)`"
      case .workers: "the gradient has it"
      }
    return Diagnostic(
      .noSuchAxis,
      own.axes.isEmpty
        ? "this value has no axis `\(axis.word)`: it is \(own.described)"
        : "this value has no axis `\(axis.word)`, but `\(own.axes.description)`", at: span,
      notes: [Note(bringsIt)])
  }

  /// A value that has a named axis where there must be none.
  static func axisLeft(
    _ own: Shape, in target: Shape, _ what: String, at span: Span
  ) -> Diagnostic {
    let extra = AxisSet(raw: own.axes.raw & ~target.axes.raw)
    let name = extra.names[0].word
    if extra.contains(.workers) {
      return Diagnostic(
        .axisLeft, "\(what) differs between workers: take `mean over workers`", at: span,
        notes: [Note("reducing over workers is how they meet; w is the same on all of them")])
    }
    return Diagnostic(
      .axisLeft, "\(what) is \(target.described), and this has the axis `\(name)`", at: span,
      notes: [Note("reduce it: `mean over \(name) …` or `sum over \(name) …`")])
  }

  static func lengthOfAxis(_ axis: AxisName, at span: Span) -> Diagnostic {
    Diagnostic(
      .unknownLength, "the length of `\(axis.word)` is not known here before the rule runs",
      at: span)
  }

  static func indicesOfAxes(_ count: Int, of shape: Shape, at span: Span) -> Diagnostic {
    Diagnostic(
      .indexOutOfRange,
      count == 1
        ? "a worker sees its own value only: reduce over workers"
        : "\(count) indices for \(shape.described)", at: span,
      notes: [
        Note(
          "one index counts along `\(shape.axes.names.last!.word)`; \(shape.extents.count) count "
            + "along all axes, the named ones first")
      ])
  }

  // MARK: All tensors

  static func globalAlone(at span: Span) -> Diagnostic {
    Diagnostic(
      .notGlobal,
      "`global` stands before a reduction such as `norm(g)` or a draw such as `normal()`", at: span)
  }

  static func globalBefore(_ name: Name, at span: Span) -> Diagnostic {
    Diagnostic(
      .notGlobal, "`global` stands before a reduction, and `\(name.text)` is none", at: span)
  }

  // MARK: Draws

  static func drawInRepeat(at span: Span) -> Diagnostic {
    Diagnostic(.drawInRepeat, "a random draw cannot stand inside `repeat`", at: span)
  }

  static func drawArguments(_ name: String, at span: Span) -> Diagnostic {
    Diagnostic(
      .drawArguments, "the argument of `\(name)` is a shape such as `scalar` or `vector(rows)`",
      at: span, notes: [Note("scale and shift outside: `mean + deviation * normal()`")])
  }
}
