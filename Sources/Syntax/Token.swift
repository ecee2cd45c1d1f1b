/// What a token is. The Unicode twins of an operator share its kind.
enum TokenKind: UInt8 {
  case end
  case word, number, string
  case prime
  case plus, minus, star, slash, at, caret
  case squared, cubed, root, norm
  case less, lessOrEqual, greater, greaterOrEqual, equalEqual, notEqual, matches, matchesNot
  case equal, arrow, comma, semicolon, colon, dot
  case leftParenthesis, rightParenthesis, leftBracket, rightBracket, leftBrace, rightBrace
  /// `+=`, `-=`, `*=`, `/=`: of other languages, kept for the message.
  case compoundAssign
  /// `:=`
  case colonEqual
  /// `||`: an `or` or a norm of other languages.
  case doubleBar
  /// `?` of other languages.
  case question
  /// Bytes that no token starts with; the lexer has reported them.
  case invalid
}

/// Words with a meaning of their own. Only the reserved ones can never be names.
enum Word: String, CaseIterable {
  case none = ""
  case `if`, then, `else`, and, or, not, mod, inf, pi
  case state, input, param, view, metric, when, every, `repeat`, `guard`, matrices
  case rule, fn, objective, data, task, minimize, maximize, train, plot, assert, search
  case route, otherwise, global, over, `in`, `as`, round, ascend
  case with, on, `for`, to, batch, seeds, seed, from, workers, delay, until, record, save, steps,
    step,
    epochs, epoch, command, using, validate, test, against, population, tournament, restarts,
    longest, programs, minutes

  var isReserved: Bool {
    switch self {
    case .if, .then, .else, .and, .or, .not, .mod, .inf, .pi: true
    default: false
    }
  }
}

/// What the parser found a token to be, where the token alone does not say it. For the formatter.
enum TokenRole: UInt8 {
  case none
  /// A unary minus or a root.
  case prefix
  /// The parenthesis or bracket of a call, an index or a parameter list: no space before it.
  case attached
  case normOpen, normClose
  /// The colon of a slice: no spaces around it.
  case slice
  /// The name of a one-argument call of `sqrt` or `norm` that has a sign of its own.
  case rootCall, normCall
}

/// A token: plain data, with offsets local to its file.
struct Token {
  var start: UInt32
  var end: UInt32
  var kind: TokenKind
  var word: Word = .none
  /// No token stands before it on its line.
  var startsLine: Bool
  var role: TokenRole = .none
  /// A statement, an item or an arm of a route begins here.
  var startsStatement = false

  var isName: Bool { kind == .word && !word.isReserved }
}

/// A comment with its mark, without its line break.
struct Comment {
  var start: UInt32
  var end: UInt32
  /// The index of the token that follows it.
  var before: Int32
  /// `##`
  var isDocumentation: Bool
  /// No token stands before it on its line.
  var ownsLine: Bool
}

/// Finds the `Word` of a spelling without hashing strings.
struct WordTable {
  private var keys = [UInt64](repeating: 0, count: 256)
  private var words = [Word](repeating: .none, count: 256)
  private var lengths = [Int](repeating: 0, count: 256)
  /// The letters behind the eighth.
  private var rests = [UInt16](repeating: 0, count: 256)

  init() {
    for word in Word.allCases where word != .none {
      let bytes = Array(word.rawValue.utf8)
      let key = bytes.withUnsafeBufferPointer { Self.key($0) }
      var slot = Self.slot(key)
      while keys[slot] != 0 { slot = (slot + 1) & 255 }
      keys[slot] = key
      words[slot] = word
      lengths[slot] = bytes.count
      rests[slot] = bytes.withUnsafeBufferPointer { Self.rest($0) }
    }
  }

  /// The spellings have at most ten letters.
  func lookUp(_ bytes: UnsafeBufferPointer<UInt8>) -> Word {
    let count = bytes.count
    guard count >= 2, count <= 10 else { return .none }
    let key = Self.key(bytes)
    var slot = Self.slot(key)
    while keys[slot] != 0 {
      if keys[slot] == key {
        return count == lengths[slot] && Self.rest(bytes) == rests[slot] ? words[slot] : .none
      }
      slot = (slot + 1) & 255
    }
    return .none
  }

  private static func key(_ bytes: UnsafeBufferPointer<UInt8>) -> UInt64 {
    var key: UInt64 = 0
    for i in 0..<min(bytes.count, 8) { key |= UInt64(bytes[i]) << UInt64(8 * i) }
    return key
  }

  private static func rest(_ bytes: UnsafeBufferPointer<UInt8>) -> UInt16 {
    (bytes.count > 8 ? UInt16(bytes[8]) : 0) | (bytes.count > 9 ? UInt16(bytes[9]) << 8 : 0)
  }

  private static func slot(_ key: UInt64) -> Int {
    Int(truncatingIfNeeded: (key &* 0x9E37_79B9_7F4A_7C15) >> 56)
  }
}
