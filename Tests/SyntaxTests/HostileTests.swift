import Diagnostics
import Syntax
import Testing

/// Any bytes give a tree and diagnostics, in bounded time.
@Suite struct HostileTests {
  private func codes(_ text: String) -> Set<Int> { Set(Parsed(text).bag.all.map(\.code.number)) }

  @Test func nothing() {
    #expect(Parsed("").findings == [])
    #expect(Parsed("\n \t\r\n").findings == [])
    #expect(Parsed([0xEF, 0xBB, 0xBF]).findings == [])
  }

  @Test(arguments: [
    "(", "[", "-", "not ", "√", "‖", "a^", "f(", "x[", "if ", "if a then ", "mean over b ",
    "if a then b else ", "global f(", "a + (", "f(a, k = [", "-(", "not (",
  ])
  func deepNesting(_ opening: String) {
    let text = "x = " + String(repeating: opening, count: 1 << 20 / opening.utf8.count)
    #expect(codes(text) == [110])
  }

  @Test func deepBlocks() {
    #expect(codes("rule X " + String(repeating: "{", count: 1 << 20)).contains(120))
    #expect(codes("rule X {" + String(repeating: "when a { ", count: 100_000)) == [110])
    #expect(
      codes("rule X {" + String(repeating: "when a { } else ", count: 100_000)) == [110])
    #expect(codes(String(repeating: "}", count: 100_000)).contains(112))
  }

  @Test func longChains() {
    #expect(codes("x = " + String(repeating: "a + ", count: 200_000)) == [113])
    #expect(codes("x = a" + String(repeating: ".b", count: 200_000)) == [113])
    #expect(codes("x = a" + String(repeating: "[0]", count: 200_000)) == [113])
    #expect(codes("x = a" + String(repeating: " + b", count: 400)) == [])
    #expect(codes("x = f(" + String(repeating: "a, ", count: 100_000) + "a)") == [])
    #expect(codes(String(repeating: "a, ", count: 100_000)) == [125])
  }

  @Test func longWords() {
    #expect(codes(String(repeating: "β", count: 500_000) + " = 1") == [])
    #expect(codes("x = " + String(repeating: "9", count: 1_000_000)) == [105])
    #expect(codes("x = \"" + String(repeating: "y", count: 1_000_000)) == [103])
    #expect(codes(String(repeating: "##\n", count: 300_000) + "fn f(x) = x") == [])
    #expect(codes("x" + String(repeating: "'", count: 300_000) + " = 1").isSubset(of: [131, 149]))
  }

  @Test func garbage() {
    var random = SplitMix(state: 7)
    let bytes = (0..<1_000_000).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    let parsed = Parsed(bytes)
    #expect(parsed.bag.hasErrors)
    #expect(parsed.bag.all.count <= DiagnosticBag.limit)
    #expect(Parsed([UInt8](repeating: 0xFF, count: 1_000_000)).bag.all.map(\.code.number) == [101])
    #expect(Parsed([UInt8](repeating: 0, count: 1_000_000)).bag.all.map(\.code.number) == [102])
  }

  @Test func tooLarge() {
    let parsed = Parsed([UInt8](repeating: 0x20, count: 16 << 20 | 1))
    #expect(parsed.bag.all.map(\.code.number) == [111])
  }

  /// Mutations of a program: no crash, spans inside the text, formatting only of what is right.
  @Test func mutations() {
    var random = SplitMix(state: 42)
    let seed = Array(tour.utf8)
    let pieces = [
      "(", ")", "{", "}", "[", "]", "'", "\"", "=", "==", ",", ";", "\n", "\n\n", "#", "##", "->",
      "if", " then ", " else ", "not ", " and ", "√", "‖", "²", "^", ".", ":", "rule X {",
      "when a {",
      "state ", "global ", " over ", "β", "1e", "0.", "\0", "\u{FFFD}", "||", "**", ":=", "<-",
      "in ",
    ].map { Array($0.utf8) }
    var clean = 0
    for round in 0..<3_000 {
      let from = Int.random(in: 0..<seed.count, using: &random)
      let length = Int.random(in: 0...min(400, seed.count - from), using: &random)
      var bytes = Array(seed[from..<(from + length)])
      for _ in 0..<Int.random(in: 1...6, using: &random) {
        let at = Int.random(in: 0...bytes.count, using: &random)
        switch random.next() % 4 {
        case 0: bytes.insert(contentsOf: pieces.randomElement(using: &random)!, at: at)
        case 1: if at < bytes.count { bytes.remove(at: at) }
        case 2: if at < bytes.count { bytes[at] = UInt8(truncatingIfNeeded: random.next()) }
        default:
          let end = min(bytes.count, at + Int(random.next() % 20))
          bytes.insert(contentsOf: bytes[at..<end], at: at)
        }
      }
      if check(bytes, round) { clean += 1 }
    }
    #expect(clean > 30, "\(clean)")
  }

  /// Whether nothing is wrong with the text, so that it was formatted.
  private func check(_ bytes: [UInt8], _ round: Int) -> Bool {
    let parsed = Parsed(bytes)
    let low = parsed.file.base
    let high = low + UInt32(bytes.count)
    for diagnostic in parsed.bag.all {
      // What a note says may be of no place.
      let notes = diagnostic.notes.map(\.span).filter { $0 != .none }
      for span in [diagnostic.span] + notes + diagnostic.fixIts.map(\.span) {
        guard span.start >= low, span.start <= span.end, span.end <= high else {
          Issue.record("round \(round): a span outside of the text: \(diagnostic)")
          return false
        }
      }
    }
    let page = DiagnosticRenderer(sources: parsed.map).text(parsed.bag.sorted)
    #expect(page.isEmpty == parsed.bag.all.isEmpty)
    _ = isIncomplete(parsed.file)
    guard parsed.bag.all.isEmpty else { return false }
    let text = String(decoding: bytes, as: UTF8.self)
    for style in [FormatStyle.asWritten, .ascii, .unicode] {
      guard let once = formatted(text, style), dump(Parsed(once).tree) == dump(parsed.tree),
        formatted(once, style) == once
      else {
        Issue.record("round \(round), \(style):\n\(text)\n---\n\(formatted(text, style) ?? "nil")")
        return false
      }
    }
    return true
  }
}
