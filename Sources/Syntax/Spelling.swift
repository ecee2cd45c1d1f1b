import Basics
import Diagnostics

/// The text of each token in a `FormatStyle`. Signs that become calls, and calls that become signs,
/// add and drop parentheses.
struct Spelling {
  private let bytes: [UInt8]
  private let tokens: [Token]
  private let style: FormatStyle
  private var overrides: [Int: String] = [:]

  init(_ parser: Parser, _ style: FormatStyle) {
    bytes = parser.file.bytes
    tokens = parser.tokens
    self.style = style
    switch style {
    case .asWritten: break
    case .ascii: spellOut(parser.roots)
    case .unicode: drawSigns()
    }
  }

  func text(_ i: Int) -> String {
    if !overrides.isEmpty, let text = overrides[i] { return text }
    return plain(i)
  }

  private func written(_ i: Int) -> String {
    String(decoding: bytes[Int(tokens[i].start)..<Int(tokens[i].end)], as: UTF8.self)
  }

  private func plain(_ i: Int) -> String {
    let token = tokens[i]
    switch style {
    case .asWritten: return written(i)
    case .ascii:
      switch token.kind {
      case .word: return token.word == .inf ? "inf" : Greek.ascii(written(i))
      case .prime: return "'"
      case .minus: return "-"
      case .star: return "*"
      case .lessOrEqual: return "<="
      case .greaterOrEqual: return ">="
      case .notEqual: return "!="
      case .arrow: return "->"
      case .squared: return "^2"
      case .cubed: return "^3"
      case .norm: return token.role == .normOpen ? "norm(" : ")"
      default: return written(i)
      }
    case .unicode:
      switch token.kind {
      case .word: return token.word == .inf ? "∞" : Greek.unicode(written(i))
      case .star: return "·"
      case .lessOrEqual: return "≤"
      case .greaterOrEqual: return "≥"
      case .notEqual: return "≠"
      default: return written(i)
      }
    }
  }

  // MARK: Signs to calls

  /// `√x` becomes `sqrt(x)`.
  private mutating func spellOut(_ roots: [(root: Int, last: Int)]) {
    if roots.isEmpty { return }
    let closings = closings()
    for (root, last) in roots {
      if closings[root + 1] == last {
        overrides[root] = "sqrt"
      } else {
        overrides[root] = "sqrt("
        overrides[last] = (overrides[last] ?? plain(last)) + ")"
      }
    }
  }

  /// For each opening parenthesis its closing one.
  private func closings() -> [Int: Int] {
    var open: [Int] = []
    var closings: [Int: Int] = [:]
    for i in tokens.indices {
      if tokens[i].kind == .leftParenthesis { open.append(i) }
      if tokens[i].kind == .rightParenthesis, let opening = open.popLast() { closings[opening] = i }
    }
    return closings
  }

  // MARK: Calls to signs

  private mutating func drawSigns() {
    var open: [(role: TokenRole, index: Int)] = []
    for i in tokens.indices {
      switch tokens[i].kind {
      case .leftParenthesis, .leftBracket:
        let role = i > 0 && tokens[i].role == .attached ? tokens[i - 1].role : .none
        open.append((role, i))
      case .rightParenthesis, .rightBracket:
        guard let (role, opening) = open.popLast() else { break }
        if role == .normCall {
          overrides[opening - 1] = ""
          overrides[opening] = "‖"
          overrides[i] = "‖"
        } else if role == .rootCall {
          overrides[opening - 1] = "√"
          if isOneName(opening + 1, i) {
            overrides[opening] = ""
            overrides[i] = ""
          }
        }
      case .caret: drawPower(i)
      default: break
      }
    }
  }

  /// A name, a primed name or a number: what a root needs no parentheses for.
  private func isOneName(_ low: Int, _ high: Int) -> Bool {
    guard !tokens[low].startsLine, !tokens[high].startsLine else { return false }
    switch tokens[low].kind {
    case .number: return high == low + 1
    case .word: return high == low + 1 || (high == low + 2 && tokens[low + 1].kind == .prime)
    default: return false
    }
  }

  /// `x^2` becomes `x²` where nothing binds to the exponent.
  private mutating func drawPower(_ i: Int) {
    guard i + 2 < tokens.count, tokens[i + 1].kind == .number, !tokens[i].startsLine,
      !tokens[i + 1].startsLine
    else { return }
    let digit = written(i + 1)
    guard digit == "2" || digit == "3" else { return }
    switch tokens[i + 2].kind {
    case .caret, .squared, .cubed, .dot, .prime: return
    case .leftBracket, .leftParenthesis:
      if tokens[i + 2].role == .attached { return }
    default: break
    }
    overrides[i] = ""
    overrides[i + 1] = digit == "2" ? "²" : "³"
  }
}
