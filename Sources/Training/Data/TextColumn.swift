import Diagnostics
import Files

/// What was seen of one column of a table: how many numbers and texts, and which texts.
struct TextColumn {
  let isDropped: Bool
  /// Every cell is a text, whatever it looks like.
  var isText = false
  /// A dash among its numbers is a missing value.
  var hasDashes = false
  var numbers = 0
  private(set) var texts = 0
  private(set) var classes: [String: Int] = [:]
  private(set) var firstText: (offset: Int, text: String)?

  /// What stands for a missing value, in small letters.
  static let gaps: Set<String> = [
    "", "na", "n/a", "null", "none", "?", "#n/a", "#na", "<na>", "\\n", "(null)", "<null>",
  ]
  /// What does so among numbers; among texts it may be one.
  static let dashes: Set<String> = ["-", "--", "---", "–", "—", "."]

  /// The most texts that are told apart.
  static let mostClasses = 1_000

  init(isDropped: Bool) { self.isDropped = isDropped }

  /// The number of a text, in the order in which they came.
  mutating func place(of text: String, at offset: Int) -> Int {
    texts += 1
    if firstText == nil { firstText = (offset, text) }
    if let known = classes[text] { return known }
    if classes.count > Self.mostClasses { return 0 }
    classes[text] = classes.count
    return classes.count - 1
  }

  /// R0713 where the texts are too many, are dates, or look like numbers with units.
  func problem(named name: String, _ path: String, at span: Span) -> DiagnosticError? {
    guard classes.count <= Self.mostClasses else {
      return DataProblem.manyTexts(path, column: name, at: span)
    }
    let dates = classes.keys.filter(DateText.matches)
    if dates.count * 2 > classes.count {
      return DataProblem.dates(path, column: name, example: dates.min() ?? "", at: span)
    }
    let like = classes.keys.filter {
      $0.first { $0 != "(" }.map { $0.isNumber || "+-−.$€£".contains($0) } ?? false
    }
    // Classes such as `18-25` come again; measures do not.
    guard classes.count > 12 || classes.count == texts && texts > 2,
      like.count * 10 > classes.count * 9
    else { return nil }
    return DataProblem.textsLikeNumbers(path, column: name, example: like.min() ?? "", at: span)
  }
}
