import Diagnostics
import IR
import Syntax

// Kinds, shapes and indices: R04xx.
extension Diagnostic {
  // MARK: Conditions and numbers

  /// `word` decides by a condition such as `example`.
  static func needsCondition(_ word: String, for example: String, at span: Span) -> Diagnostic {
    Diagnostic(
      .needsCondition, "`\(word)` needs a condition such as `\(example)`, not a number", at: span)
  }

  static func needsCondition(reduction name: String, at span: Span) -> Diagnostic {
    Diagnostic(.needsCondition, "`\(name)` needs a condition such as `x > 0`", at: span)
  }

  static func countOfNumbers(at span: Span) -> Diagnostic {
    Diagnostic(
      .needsCondition, "`count` counts where a condition holds, such as `count(x > 0)`", at: span)
  }

  static func combinesConditions(_ op: BinaryOperator, at span: Span) -> Diagnostic {
    Diagnostic(
      .needsCondition, "`\(op.rawValue)` combines conditions, and this is a number", at: span)
  }

  static func kindChanges(_ name: Name, from before: ElementKind) -> Diagnostic {
    let (first, then) =
      before == .boolean ? ("condition", "number") : ("number", "condition")
    return Diagnostic(
      .needsCondition,
      "`\(name.text)` is a \(first) before the loop and a \(then) after an iteration",
      at: name.span)
  }

  static func severalValues(at span: Span) -> Diagnostic {
    Diagnostic(.needsNumber, "several values stand where one is needed", at: span)
  }

  static func severalValuesUnnamed(at span: Span) -> Diagnostic {
    Diagnostic(
      .needsNumber, "several values stand where one is needed: name them `Q, R = …`", at: span)
  }

  static func textForNumber(at span: Span) -> Diagnostic {
    Diagnostic(.needsNumber, "a text stands where a number is needed", at: span)
  }

  static func needsOneNumber(_ word: String, of noun: String, at span: Span) -> Diagnostic {
    Diagnostic(.needsOneNumber, "`\(word)` needs one number of \(noun)", at: span)
  }

  static func differsInWhen(at span: Span) -> Diagnostic {
    Diagnostic(
      .needsOneNumber,
      "`when` decides for the whole tensor, and this differs from element to element", at: span,
      notes: [Note("use `if … then … else …`, which chooses per element")])
  }

  static func lossNotOneNumber(_ shape: Shape, at span: Span) -> Diagnostic {
    Diagnostic(
      .lossNotOneNumber, "the loss is one number, and this is \(shape.described)", at: span,
      notes: [Note("reduce it: `loss = mean(…)`")])
  }

  static func metricNotOneNumber(_ name: Name, _ shape: Shape, at span: Span) -> Diagnostic {
    Diagnostic(
      .lossNotOneNumber, "the metric `\(name.text)` is one number, and this is \(shape.described)",
      at: span)
  }

  static func badRepeatCount(_ count: Double, at span: Span) -> Diagnostic {
    Diagnostic(
      .badRepeatCount,
      "`repeat` takes a whole number from 0 to 1,000,000, and this is "
        + OptDialect.text(count), at: span)
  }

  // MARK: Shapes

  static func notAShape(_ kind: Name) -> Diagnostic {
    Diagnostic(
      .notAShape, "`\(kind.text)` is not a shape", at: kind.span,
      notes: [
        Note(
          "shapes are scalar, vector(n), matrix(m, n), tensor(…) and global; named axes are "
            + "stack(list), window(n), batch, groups and workers")
      ],
      fixIts: FixIt.didYouMean(
        Suggestion.nearest(
          to: kind.text,
          among: ["scalar", "vector", "matrix", "tensor", "global"] + AxisName.allCases.map(\.word)),
        at: kind.span))
  }

  static func lengthsOfShape(_ type: TypeExpr, takes count: ClosedRange<Int>) -> Diagnostic {
    Diagnostic(
      .lengthsOfShape,
      "`\(type.kind.text)` takes \(count.lowerBound) length\(count.upperBound == 1 ? "" : "s"), "
        + "and \(type.extents.count) are given", at: type.span)
  }

  static func lengthNotOneNumber(at span: Span) -> Diagnostic {
    Diagnostic(.needsOneNumber, "a length is one number", at: span)
  }

  static func unknownLength(at span: Span) -> Diagnostic {
    Diagnostic(
      .unknownLength,
      "a length must be known before the rule runs: use numbers, rows, cols, numel and "
        + "hyperparameters", at: span)
  }

  static func lengthFollowsStep(_ name: String, at span: Span) -> Diagnostic {
    Diagnostic(
      .unknownLength,
      "a length is made of `\(name)`, which differs from step to step", at: span)
  }

  static func fixedFollowsStep(_ name: String, at span: Span) -> Diagnostic {
    Diagnostic(
      .unknownLength,
      "`\(name)` is fixed when the rule is bound, since lengths or counts are made of it, and this differs from step to step",
      at: span)
  }

  static func badLength(_ x: Double, at span: Span) -> Diagnostic {
    Diagnostic(
      .badLength,
      "a length must be a whole number from 0 to 2,000,000,000, and this is "
        + OptDialect.text(x), at: span)
  }

  static func doesNotFit(
    _ what: String, _ shape: Shape, _ own: Shape, declared: Span?, at span: Span
  ) -> Diagnostic {
    Diagnostic(
      .doesNotFit, "\(what) is \(shape.described), and this is \(own.described)", at: span,
      notes: declared.map { [Note("declared here", at: $0)] } ?? [])
  }

  static func parameterWithoutShape(_ binding: Binding) -> Diagnostic {
    let name = binding.name.text
    return Diagnostic(
      .parameterWithoutShape,
      "the parameter `\(name)` needs a shape: `\(name): matrix(64, 10) = …`", at: binding.span)
  }

  static func outerOfVectors(at span: Span) -> Diagnostic {
    Diagnostic(.needsMatrix, "`outer` needs two vectors", at: span)
  }

  // MARK: Patches

  static func kernelShape(_ shape: Shape, at span: Span) -> Diagnostic {
    Diagnostic(
      .badWindow,
      "the kernel of `conv2d` is rows × cols × channels × outputs, and this is a \(shape)",
      at: span,
      notes: [
        Note("one that is a matrix already multiplies what `unfold` gives, as `unfold(x, …) @ K`")
      ])
  }

  static func kernelChannels(_ own: Extent, _ kernel: Extent, at span: Span) -> Diagnostic {
    Diagnostic(
      .badWindow, "these images have \(own) channels, and the kernel is for \(kernel)", at: span)
  }

  static func unknownImages(_ shape: Shape, at span: Span) -> Diagnostic {
    Diagnostic(
      .unknownLength, "the height and the width of a \(shape) are not known here", at: span,
      notes: [Note("`reshape(x, batch, height, width, channels)` says them")])
  }

  static func productOfNumber(at span: Span) -> Diagnostic {
    Diagnostic(.needsMatrix, "`@` multiplies matrices; for a number write `*`", at: span)
  }

  /// `own`: what stands in the place of the whole at `span`.
  static func unknownMember(_ name: Name, _ own: String?, at span: Span) -> Diagnostic {
    Diagnostic(
      .unknownMember,
      "`.\(name.text)` has no meaning here: the one postfix of a value is `.T`", at: name.span,
      fixIts: own.map { [FixIt("write `\($0)`", at: span, replacement: $0)] } ?? [])
  }

  static func examplesInPairs(at span: Span) -> Diagnostic {
    Diagnostic(
      .examplesInPairs, .warning,
      "a vector of the batch meets a column of the batch: the result has a number for each pair of examples",
      at: span,
      notes: [
        Note("make both of one shape: leave out `flatten`, or `flatten` both"),
        Note("where pairs are meant, say so: `reshape(x, batch, 1)` is a column"),
      ])
  }

  // MARK: Lists

  static func listTooLong(at span: Span) -> Diagnostic {
    Diagnostic(.listTooLong, "a list of more than 1,024 numbers belongs in a file", at: span)
  }

  static func raggedList(at span: Span) -> Diagnostic {
    Diagnostic(.needsOneNumber, "a list is made of numbers, or of rows of one length", at: span)
  }

  static func emptyList(at span: Span) -> Diagnostic {
    Diagnostic(.emptyList, "an empty list has no meaning here", at: span)
  }

  // MARK: Indices

  static func indices(_ count: Int, of shape: Shape, at span: Span) -> Diagnostic {
    Diagnostic(.indexOutOfRange, "\(count) indices for \(shape.described)", at: span)
  }

  static func backwardRange(_ start: Int, _ end: Int, at span: Span) -> Diagnostic {
    Diagnostic(
      .indexOutOfRange, "this range ends at \(end), before its start \(start)", at: span)
  }

  static func indexFromUnknownEnd(at span: Span) -> Diagnostic {
    Diagnostic(
      .indexOutOfRange, "an index from the end needs an axis whose length is known", at: span)
  }

  static func indexOfWorker(at span: Span) -> Diagnostic {
    Diagnostic(
      .indexOutOfRange, "a worker sees its own value only: reduce over workers", at: span)
  }

  static func unknownIndex(at span: Span) -> Diagnostic {
    Diagnostic(
      .unknownIndex,
      "an index must be known before the rule runs: use numbers, hyperparameters and lengths",
      at: span)
  }

  static func indexOfManyAxes(at span: Span) -> Diagnostic {
    Diagnostic(
      .unknownIndex,
      "in a tensor of more than two axes an index must be a number known beforehand", at: span)
  }
}

extension Shape {
  /// With an article, for messages.
  var described: String {
    let text = description
    return text.hasPrefix("like") ? "a tensor \(text)" : "a \(text)"
  }
}
