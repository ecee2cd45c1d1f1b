import Basics
import Diagnostics

/// Cuts a source text into tokens. Any bytes are accepted: what no token starts with becomes an
/// `.invalid` token and a diagnostic, one for each run.
struct Lexer {
  private let file: SourceFile
  private let words: WordTable
  private(set) var tokens: [Token] = []
  private(set) var comments: [Comment] = []
  private(set) var diagnostics: [Diagnostic] = []
  /// Too much of the text was wrong; the rest was not read.
  private(set) var gaveUp = false
  private var startsLine = true

  /// The size of a source text that is still read.
  static let sizeLimit = 16 << 20
  /// More diagnostics than this say nothing new about a file.
  static let diagnosticLimit = 40

  static func lex(_ file: SourceFile) -> Lexer {
    var lexer = Lexer(file: file, words: WordTable())
    lexer.run()
    return lexer
  }

  private init(file: SourceFile, words: WordTable) {
    self.file = file
    self.words = words
  }

  /// Hands the tokens over without a copy.
  mutating func takeTokens() -> [Token] {
    defer { tokens = [] }
    return tokens
  }

  private mutating func run() {
    guard file.bytes.count <= Self.sizeLimit else {
      diagnostics.append(.sourceTooLarge(file, limit: Self.sizeLimit))
      gaveUp = true
      add(.end, 0, 0)
      return
    }
    tokens.reserveCapacity(file.bytes.count / 4 + 1)
    file.bytes.withUnsafeBufferPointer { scan($0) }
    if gaveUp, let last = diagnostics.last {
      diagnostics.append(.tooManyErrors(last.span.after, limit: Self.diagnosticLimit))
    }
    startsLine = true
    add(.end, file.bytes.count, file.bytes.count)
  }

  // MARK: Scanning

  private mutating func scan(_ bytes: UnsafeBufferPointer<UInt8>) {
    var i = 0
    // A byte order mark at the start says nothing.
    if bytes.count >= 3, bytes[0] == 0xEF, bytes[1] == 0xBB, bytes[2] == 0xBF { i = 3 }
    while i < bytes.count, !gaveUp {
      let byte = bytes[i]
      switch byte {
      case 0x0A:
        startsLine = true
        i += 1
      case 0x20, 0x09, 0x0D, 0x0C:
        i += 1
      case UInt8(ascii: "#"):
        i = scanComment(bytes, i)
      case UInt8(ascii: "0")...UInt8(ascii: "9"):
        i = scanNumber(bytes, i)
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "_"):
        i = scanWord(bytes, i)
      case UInt8(ascii: "\""):
        i = scanString(bytes, i)
      case UInt8(ascii: "'"):
        i = scanPrime(bytes, i, width: 1)
      default:
        i = byte < 0x80 ? scanOperator(bytes, i) : scanUnicode(bytes, i)
      }
    }
  }

  private mutating func add(_ kind: TokenKind, _ start: Int, _ end: Int, word: Word = .none) {
    tokens.append(
      Token(start: UInt32(start), end: UInt32(end), kind: kind, word: word, startsLine: startsLine))
    startsLine = false
  }

  private mutating func report(_ diagnostic: Diagnostic) {
    diagnostics.append(diagnostic)
    gaveUp = diagnostics.count >= Self.diagnosticLimit
  }

  private func span(_ start: Int, _ end: Int) -> Span {
    Span(file.base + UInt32(start), file.base + UInt32(end))
  }

  /// No space stands between the last token and offset `i`.
  private func isGlued(_ i: Int) -> Bool { tokens.last.map { Int($0.end) == i } ?? false }

  private mutating func scanComment(_ bytes: UnsafeBufferPointer<UInt8>, _ start: Int) -> Int {
    var i = start
    while i < bytes.count, bytes[i] != 0x0A, !gaveUp {
      let byte = bytes[i]
      if byte < 0x80 {
        i += 1
        continue
      }
      let (_, width) = UTF8Scalar.decode(bytes, i)
      if width == 0 {
        let badStart = i
        while i < bytes.count, bytes[i] >= 0x80, UTF8Scalar.decode(bytes, i).width == 0 { i += 1 }
        let badEnd = i
        report(.invalidUTF8(span(badStart, badEnd)))
      } else {
        i += width
      }
    }
    var end = i
    while end > start, bytes[end - 1] == 0x0D || bytes[end - 1] == 0x20 || bytes[end - 1] == 0x09 {
      end -= 1
    }
    comments.append(
      Comment(
        start: UInt32(start), end: UInt32(end), before: Int32(tokens.count),
        isDocumentation: start + 1 < bytes.count && bytes[start + 1] == UInt8(ascii: "#"),
        ownsLine: startsLine))
    return i
  }

  // MARK: Words

  private static func isWordByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
      true
    default: false
    }
  }

  /// A name may hold Greek letters and subscript digits.
  private static func isWordScalar(_ scalar: UInt32, atStart: Bool) -> Bool {
    if scalar < 0x80 || scalar > 0x2206 { return false }
    return Greek.letter(scalar) != nil || (!atStart && Greek.subscriptDigit(scalar) != nil)
  }

  private func endOfWord(_ bytes: UnsafeBufferPointer<UInt8>, _ start: Int) -> Int {
    var i = start
    while i < bytes.count {
      if Self.isWordByte(bytes[i]) {
        i += 1
      } else if bytes[i] >= 0x80 {
        let (scalar, width) = UTF8Scalar.decode(bytes, i)
        guard width > 0, Self.isWordScalar(scalar, atStart: i == start) else { break }
        i += width
      } else {
        break
      }
    }
    return i
  }

  private mutating func scanWord(_ bytes: UnsafeBufferPointer<UInt8>, _ start: Int) -> Int {
    let end = endOfWord(bytes, start)
    let word = words.lookUp(UnsafeBufferPointer(rebasing: bytes[start..<end]))
    add(.word, start, end, word: word)
    return end
  }

  // MARK: Numbers

  private mutating func scanNumber(_ bytes: UnsafeBufferPointer<UInt8>, _ start: Int) -> Int {
    func isDigit(_ i: Int) -> Bool {
      i < bytes.count && bytes[i] >= UInt8(ascii: "0") && bytes[i] <= UInt8(ascii: "9")
    }
    func digits(_ from: Int) -> Int {
      var i = from
      while isDigit(i) || (i < bytes.count && bytes[i] == UInt8(ascii: "_") && isDigit(i + 1)) {
        i += 1
      }
      return i
    }
    func byte(_ i: Int) -> UInt8 { i < bytes.count ? bytes[i] : 0 }
    var i = digits(start)
    var isBroken = false
    if byte(i) == UInt8(ascii: ".") {
      if isDigit(i + 1) {
        i = digits(i + 1)
      } else if !Self.isWordByte(byte(i + 1)), byte(i + 1) < 0x80 {
        report(
          .malformedNumber(
            span(start, i + 1), "a digit must follow the decimal point",
            replacement: String(decoding: bytes[start...i], as: UTF8.self) + "0"))
        i += 1
        isBroken = true
      }
    }
    if byte(i) | 0x20 == UInt8(ascii: "e") {
      let sign = byte(i + 1) == UInt8(ascii: "+") || byte(i + 1) == UInt8(ascii: "-") ? 1 : 0
      if isDigit(i + 1 + sign) {
        i = digits(i + 1 + sign)
      } else if sign == 1 || !Self.isWordByte(byte(i + 1)) {
        i += 1 + sign
        if !isBroken { report(.malformedNumber(span(start, i), "the exponent has no digits")) }
        isBroken = true
      }
    }
    let end = endOfWord(bytes, i)
    if end > i {
      let number = String(decoding: bytes[start..<min(i, start + 64)], as: UTF8.self)
      let letters = String(decoding: bytes[i..<min(end, i + 64)], as: UTF8.self)
      let startsName = bytes[i] >= 0x80 || !isDigit(i) && bytes[i] != UInt8(ascii: "_")
      if !isBroken, Self.isMachineSuffix(letters, of: number) {
        report(
          .malformedNumber(
            span(start, end), "numbers are written without a type", replacement: number))
      } else if !isBroken {
        report(
          .malformedNumber(
            span(start, end), "a number runs into a name; a product is written with `*`",
            replacement: startsName && end - start < 64 && number != "0"
              ? "\(number) * \(letters)" : nil))
      }
      i = end
    } else if !isBroken, byte(i) == UInt8(ascii: "."), isDigit(i + 1) {
      i = digits(i + 1)
      while byte(i) == UInt8(ascii: "."), isDigit(i + 1) { i = digits(i + 1) }
      report(.malformedNumber(span(start, i), "a number has one decimal point"))
    }
    add(.number, start, i)
    return i
  }

  /// `1e-3f`, `10L`: letters by which other languages say how a number is stored.
  private static func isMachineSuffix(_ letters: String, of number: String) -> Bool {
    switch letters {
    case "f", "F", "d", "D": number.contains { ".eE".contains($0) }
    case "L", "f32", "f64", "i32", "i64", "u32", "u64": true
    default: false
    }
  }

  // MARK: Strings and primes

  private mutating func scanString(_ bytes: UnsafeBufferPointer<UInt8>, _ start: Int) -> Int {
    var i = start + 1
    while i < bytes.count, bytes[i] != 0x0A, !gaveUp {
      switch bytes[i] {
      case UInt8(ascii: "\""):
        add(.string, start, i + 1)
        return i + 1
      case UInt8(ascii: "\\"):
        let next = i + 1 < bytes.count ? bytes[i + 1] : 0x0A
        if next == 0x0A || next == 0x0D {
          i += 1
        } else if [UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "n"), UInt8(ascii: "t")]
          .contains(next)
        {
          i += 2
        } else {
          let width = max(1, UTF8Scalar.decode(bytes, i + 1).width)
          report(.unknownEscape(span(i, i + 1 + width)))
          i += 1 + width
        }
      case 0..<0x80:
        i += 1
      default:
        let width = UTF8Scalar.decode(bytes, i).width
        if width == 0 {
          let bad = i
          while i < bytes.count, bytes[i] >= 0x80, UTF8Scalar.decode(bytes, i).width == 0 { i += 1 }
          report(.invalidUTF8(span(bad, i)))
        } else {
          i += width
        }
      }
    }
    var end = i
    while end > start + 1, bytes[end - 1] == 0x0D { end -= 1 }
    report(.unterminatedString(span(start, end)))
    add(.string, start, end)
    return i
  }

  /// `'` after a name is a prime; elsewhere it may open a string of another language.
  private mutating func scanPrime(
    _ bytes: UnsafeBufferPointer<UInt8>, _ start: Int, width: Int
  ) -> Int {
    if isGlued(start), let last = tokens.last {
      switch last.kind {
      case .word, .prime, .rightParenthesis, .rightBracket, .squared, .cubed:
        add(.prime, start, start + width)
        return start + width
      default: break
      }
    }
    var i = start + width
    // `m ' = …`: a prime that lost its name.
    while i < bytes.count, bytes[i] == 0x20, i < start + 256 { i += 1 }
    if !startsLine, let last = tokens.last, last.kind == .word, i < bytes.count,
      bytes[i] == UInt8(ascii: "=")
    {
      report(.strayPrime(span(start, start + width), gap: span(Int(last.end), start)))
      add(.prime, start, start + width)
      return start + width
    }
    while i < bytes.count, bytes[i] != 0x0A, bytes[i] != UInt8(ascii: "'"), i < start + 256 {
      i += 1
    }
    if width == 1, i < bytes.count, bytes[i] == UInt8(ascii: "'") {
      report(
        .singleQuotedString(
          span(start, i + 1), String(decoding: bytes[(start + 1)..<i], as: UTF8.self)))
      add(.string, start, i + 1)
      return i + 1
    }
    report(.strayPrime(span(start, start + width)))
    add(.invalid, start, start + width)
    return start + width
  }

  // MARK: Operators

  private mutating func scanOperator(_ bytes: UnsafeBufferPointer<UInt8>, _ i: Int) -> Int {
    let next = i + 1 < bytes.count ? bytes[i + 1] : 0
    func one(_ kind: TokenKind) -> Int {
      add(kind, i, i + 1)
      return i + 1
    }
    func two(_ kind: TokenKind) -> Int {
      add(kind, i, i + 2)
      return i + 2
    }
    func foreign(_ kind: TokenKind, _ length: Int, _ right: String, word: Word = .none) -> Int {
      let written = String(decoding: bytes[i..<(i + length)], as: UTF8.self)
      let padsBefore = kind == .word && i > 0 && bytes[i - 1] > 0x20 && written != "!"
      let padsAfter = kind == .word && i + length < bytes.count && bytes[i + length] > 0x20
      report(
        .foreignOperator(
          span(i, i + length), written, right,
          replacement: (padsBefore ? " " : "") + right + (padsAfter ? " " : "")))
      add(kind, i, i + length, word: word)
      return i + length
    }
    let equals = UInt8(ascii: "=")
    switch bytes[i] {
    case UInt8(ascii: "+"): return next == equals ? two(.compoundAssign) : one(.plus)
    case UInt8(ascii: "-"):
      if next == UInt8(ascii: ">") { return two(.arrow) }
      return next == equals ? two(.compoundAssign) : one(.minus)
    case UInt8(ascii: "*"):
      if next == UInt8(ascii: "*") { return foreign(.caret, 2, "^") }
      return next == equals ? two(.compoundAssign) : one(.star)
    case UInt8(ascii: "/"):
      if next == UInt8(ascii: "/") {
        // A comment, likely: what follows is no program.
        report(.foreignComment(span(i, i + 2)))
        var end = i + 2
        while end < bytes.count, bytes[end] != 0x0A, bytes[end] != 0x0D { end += 1 }
        return end
      }
      return next == equals ? two(.compoundAssign) : one(.slash)
    case UInt8(ascii: "@"): return one(.at)
    case UInt8(ascii: "^"): return one(.caret)
    case UInt8(ascii: "("): return one(.leftParenthesis)
    case UInt8(ascii: ")"): return one(.rightParenthesis)
    case UInt8(ascii: "["): return one(.leftBracket)
    case UInt8(ascii: "]"): return one(.rightBracket)
    case UInt8(ascii: "{"): return one(.leftBrace)
    case UInt8(ascii: "}"): return one(.rightBrace)
    case UInt8(ascii: ","): return one(.comma)
    case UInt8(ascii: ";"): return one(.semicolon)
    case UInt8(ascii: ":"): return next == equals ? two(.colonEqual) : one(.colon)
    case UInt8(ascii: "<"):
      if next == UInt8(ascii: ">") { return foreign(.notEqual, 2, "!=") }
      return next == equals ? two(.lessOrEqual) : one(.less)
    case UInt8(ascii: ">"): return next == equals ? two(.greaterOrEqual) : one(.greater)
    case UInt8(ascii: "="):
      if next == equals {
        if i + 2 < bytes.count, bytes[i + 2] == equals { return foreign(.equalEqual, 3, "==") }
        return two(.equalEqual)
      }
      if next == UInt8(ascii: "<") { return foreign(.lessOrEqual, 2, "<=") }
      return next == UInt8(ascii: "~") ? two(.matches) : one(.equal)
    case UInt8(ascii: "!"):
      if next == equals {
        if i + 2 < bytes.count, bytes[i + 2] == equals { return foreign(.notEqual, 3, "!=") }
        return two(.notEqual)
      }
      if next == UInt8(ascii: "~") { return two(.matchesNot) }
      return foreign(.word, 1, "not", word: .not)
    case UInt8(ascii: "&"):
      if next == UInt8(ascii: "&") { return foreign(.word, 2, "and", word: .and) }
    case UInt8(ascii: "|"):
      if next == UInt8(ascii: "|") { return two(.doubleBar) }
    case UInt8(ascii: "%"):
      if let end = scanPercentage(bytes, i) { return end }
      return foreign(.word, 1, "mod", word: .mod)
    case UInt8(ascii: "?"): return one(.question)
    case UInt8(ascii: "."):
      if next >= UInt8(ascii: "0"), next <= UInt8(ascii: "9"), !followsOperand(i) {
        return scanBareFraction(bytes, i)
      }
      return one(.dot)
    default: break
    }
    return scanInvalid(bytes, i)
  }

  /// `10%`, behind which no operand stands: a share. Nil where it is a remainder.
  private mutating func scanPercentage(_ bytes: UnsafeBufferPointer<UInt8>, _ i: Int) -> Int? {
    guard isGlued(i), let number = tokens.last, number.kind == .number else { return nil }
    var next = i + 1
    while next < bytes.count, bytes[next] == 0x20 || bytes[next] == 0x09 { next += 1 }
    if next < bytes.count, !"\n\r,;)]}#+-*/<>=".utf8.contains(bytes[next]) { return nil }
    // The remainder by a negative number.
    if next == i + 1, next < bytes.count, bytes[next] == UInt8(ascii: "-") { return nil }
    let start = Int(number.start)
    let written = String(decoding: bytes[start..<i], as: UTF8.self).filter { $0 != "_" }
    report(.percentage(span(start, i + 1), written))
    return i + 1
  }

  private func followsOperand(_ i: Int) -> Bool {
    guard isGlued(i), let last = tokens.last else { return false }
    switch last.kind {
    case .word, .number, .string, .prime, .rightParenthesis, .rightBracket: return true
    default: return false
    }
  }

  /// `.5`
  private mutating func scanBareFraction(
    _ bytes: UnsafeBufferPointer<UInt8>, _ start: Int
  ) -> Int {
    let before = tokens.count
    let known = diagnostics.count
    let end = scanNumber(bytes, start + 1)
    if diagnostics.count == known {
      let text = String(decoding: bytes[start..<min(end, start + 64)], as: UTF8.self)
      report(
        .malformedNumber(
          span(start, end), "a digit must stand before the decimal point", replacement: "0" + text))
    }
    tokens[before].start = UInt32(start)
    return end
  }

  private mutating func scanUnicode(_ bytes: UnsafeBufferPointer<UInt8>, _ i: Int) -> Int {
    let (scalar, width) = UTF8Scalar.decode(bytes, i)
    func one(_ kind: TokenKind, word: Word = .none) -> Int {
      add(kind, i, i + width, word: word)
      return i + width
    }
    guard width > 0 else { return scanInvalid(bytes, i) }
    switch scalar {
    case 0xA0, 0x2009, 0x202F, 0x2002, 0x2003: return i + width  // Spaces of typeset text.
    case 0xB2: return one(.squared)
    case 0xB3: return one(.cubed)
    case 0xB7, 0x22C5, 0xD7, 0x2217: return one(.star)
    case 0x2212: return one(.minus)
    case 0x221A: return one(.root)
    case 0x221E: return one(.word, word: .inf)
    case 0x2264: return one(.lessOrEqual)
    case 0x2265: return one(.greaterOrEqual)
    case 0x2260: return one(.notEqual)
    case 0x2192: return one(.arrow)
    case 0x2016, 0x2225: return one(.norm)
    case 0x2032, 0x2019: return scanPrime(bytes, i, width: width)
    default: break
    }
    guard Self.isWordScalar(scalar, atStart: true) else { return scanInvalid(bytes, i) }
    let end = endOfWord(bytes, i)
    add(.word, i, end, word: end == i + width && scalar == 0x3C0 ? .pi : .none)
    return end
  }

  // MARK: What is no token

  /// Nothing starts with these bytes; a run of them is one token and one diagnostic.
  private mutating func scanInvalid(_ bytes: UnsafeBufferPointer<UInt8>, _ start: Int) -> Int {
    let isText = UTF8Scalar.decode(bytes, start).width > 0
    let first = UTF8Scalar.decode(bytes, start).scalar
    var i = start
    while i < bytes.count {
      let (scalar, width) = UTF8Scalar.decode(bytes, i)
      guard (width > 0) == isText else { break }
      if width > 0, !Self.isStray(scalar) { break }
      i += max(width, 1)
      // The first is stray by its neighbours (a lone `&`), whatever `isStray` says of it.
      if i == start + max(width, 1), !Self.isStray(first) { break }
    }
    if i == start { i += 1 }
    report(
      isText ? .strayCharacters(span(start, i), first) : .invalidUTF8(span(start, i)))
    add(.invalid, start, i)
    return i
  }

  /// No token starts with this scalar, whatever follows.
  private static func isStray(_ scalar: UInt32) -> Bool {
    switch scalar {
    case 0x09, 0x0A, 0x0C, 0x0D: return false
    case 0..<0x20, 0x7F: return true
    case 0x20..<0x7F:
      return scalar == 0x24 || scalar == 0x3F || scalar == 0x5C || scalar == 0x60 || scalar == 0x7E
    case 0xA0, 0xB2, 0xB3, 0xB7, 0xD7, 0x2002, 0x2003, 0x2009, 0x2016, 0x2019, 0x202F, 0x2032,
      0x2192, 0x2212, 0x2217, 0x221A, 0x221E, 0x2225, 0x2260, 0x2264, 0x2265, 0x22C5:
      return false
    default: return !isWordScalar(scalar, atStart: true)
    }
  }
}
