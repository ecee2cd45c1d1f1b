import Basics

/// Names of the language as identifiers of a target.
struct Identifier {
  private let target: ExportTarget

  init(_ target: ExportTarget) { self.target = target }

  /// ASCII, with what a target's words collide with marked by `_`.
  func spelled(_ name: String) -> String {
    var text = ""
    for character in Greek.ascii(name).replacing("²", with: "2") {
      let isPlain = character.isASCII && (character.isLetter || character.isNumber)
      if isPlain {
        text.append(character)
      } else if character != "]" && character != "'" && text.last != "_" {
        text.append("_")
      }
    }
    if text.isEmpty || text.first!.isNumber { text = "x" + text }
    return Self.words(target).contains(text) ? text + "_" : text
  }

  /// A name that nothing has yet: as wanted, else by the longer name, else with a number.
  func unique(_ name: String, fallback: String? = nil, _ taken: inout Set<String>) -> String {
    let first = spelled(name)
    if taken.insert(first).inserted { return first }
    if let fallback {
      let second = spelled(fallback)
      if taken.insert(second).inserted { return second }
    }
    var number = 2
    while !taken.insert("\(first)_\(number)").inserted { number += 1 }
    return "\(first)_\(number)"
  }

  /// `AdamW` as the name of a function: `adamw`; `ScheduleFreeAdamW`: `schedule_free_adamw`.
  static func snake(_ name: String) -> String {
    var result = ""
    let letters = Array(Greek.ascii(name))
    for (i, letter) in letters.enumerated() {
      let startsWord =
        letter.isUppercase && i > 0 && letters[i - 1].isLowercase
        && i + 1 < letters.count && letters[i + 1].isLowercase
      if startsWord { result += "_" }
      result += letter.lowercased()
    }
    return result
  }

  static func words(_ target: ExportTarget) -> Set<String> {
    target == .c ? c : python
  }

  private static let python: Set<String> = [
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue",
    "def", "del", "elif", "else", "except", "finally", "for", "from", "global", "if", "import",
    "in", "is", "lambda", "nonlocal", "not", "or", "pass", "raise", "return", "try", "while",
    "with", "yield", "abs", "max", "min", "sum", "len", "zip", "range", "list", "dict", "float",
    "int", "round",
  ]

  private static let c: Set<String> = [
    "auto", "break", "case", "char", "const", "continue", "default", "do", "double", "else", "enum",
    "extern", "float", "for", "goto", "if", "inline", "int", "long", "register", "restrict",
    "return", "short", "signed", "sizeof", "static", "struct", "switch", "typedef", "union",
    "unsigned", "void", "volatile", "while", "gamma", "y0", "y1", "yn", "j0", "j1", "jn", "step",
    "size_t", "signgam", "div", "abs", "exp", "log", "sqrt", "pow", "round", "floor", "ceil",
    "time", "index", "pow", "fmod", "rint", "cbrt", "sin", "cos", "tan", "tanh", "sinh", "cosh",
    "exp2", "log2", "log10", "log1p", "expm1", "erf", "malloc", "calloc", "free", "isnan",
    "isfinite",
  ]
}
