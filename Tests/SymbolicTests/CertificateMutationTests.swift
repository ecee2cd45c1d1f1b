import Basics
import Certificates
import Diagnostics
import Driver
import Laboratory
import Testing

/// Certificates that were changed: what is accepted says what it said, or something else that is so.
@Suite struct CertificateMutationTests {
  /// Unoptimised code gets fewer.
  #if DEBUG
    static let count = 160
  #else
    static let count = 1_200
  #endif
  static let parts = 8

  /// Short ones are checked sooner.
  static let originals = CertificateTests.recorded.filter { $0.text.utf8.count < 1_200 }

  /// What a certificate says, without its proof.
  static func statement(_ certificate: Certificate) -> [[String]] {
    [
      [certificate.a, certificate.b], certificate.source.map { $0.filter { $0 != " " } },
      certificate.free.map(\.text), certificate.fixed.map(\.text),
      certificate.conditions.map(\.text),
    ]
  }

  @Test(arguments: 0..<parts) func noOtherClaimIsAccepted(_ part: Int) throws {
    var mutator = Mutator(random: SplitMix64(UInt64(part) + 77))
    var counts: [String: Int] = [:]
    for trial in 0..<(Self.count / Self.parts) {
      let original = Self.originals[(trial * Self.parts + part) % Self.originals.count]
      var text = original.text
      for _ in 0..<20 where text == original.text { text = mutator.mutant(text) }
      guard text != original.text else {
        counts["same", default: 0] += 1
        continue
      }
      do {
        _ = try CertificateTests.check(text)
      } catch let error as DiagnosticError {
        #expect(!error.diagnostics.isEmpty)
        counts["refused", default: 0] += 1
        continue
      }
      let mutant = try Certificate(text)
      if try Self.statement(mutant) == Self.statement(Certificate(original.text)) {
        counts["another proof", default: 0] += 1
        continue
      }
      // Another claim: the other prover must not refute it.
      counts["another claim", default: 0] += 1
      let compiler = Compiler()
      let source = mutant.source.joined(separator: "\n") + "\n"
      _ = compiler.add(name: "c.opt", bytes: Array(source.utf8))
      let verdict = try compiler.compare(mutant.a, mutant.b)
      #expect(verdict.isEqual, "\(original.name): accepted\n\(text)\(ComparisonText.text(verdict))")
    }
    let tried = counts.values.reduce(0, +) - counts["same", default: 0]
    #expect(tried * 10 >= Self.count / Self.parts * 9)
    #expect(counts["refused", default: 0] * 10 > tried * 6, "\(counts)")
    if CertificateTests.isTold { print("mutants \(part): \(counts.sorted { $0.key < $1.key })") }
  }

  /// Each certificate with one line less, each of its lines.
  @Test func linesAreNeeded() throws {
    var refused = 0
    var needless: [String] = []
    for (name, text) in Self.originals.prefix(Self.count > 1_000 ? 30 : 3) {
      let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
      for k in lines.indices where !lines[k].hasPrefix("|") && !lines[k].isEmpty {
        var other = lines
        other.remove(at: k)
        if (try? CertificateTests.check(other.joined(separator: "\n"))) == nil {
          refused += 1
        } else {
          needless.append("\(name): \(lines[k])")
        }
      }
    }
    // A step may be needless, what is said of the rules and the goals may not.
    #expect(needless.allSatisfy { $0.contains(":   ") }, "\(needless)")
    #expect(needless.count * 10 < refused, "\(needless)")
    #expect(refused > 20)
  }
}

/// Changes a text at one place.
struct Mutator {
  var random: SplitMix64

  mutating func pick(_ count: Int) -> Int { Int(random.next() % UInt64(count)) }

  mutating func mutant(_ text: String) -> String {
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    // Half of the changes are to what is said of the rules.
    let isClaim = pick(2) == 0
    let candidates = lines.indices.dropFirst().filter { k in
      let isHead = ["a =", "b =", "|", "free", "fixed", "where", "state", "keeps", "ways"].contains
      {
        lines[k].hasPrefix($0)
      }
      return !lines[k].isEmpty && isHead == isClaim
    }
    guard !candidates.isEmpty else { return text }
    let k = candidates[pick(candidates.count)]
    switch pick(10) {
    case 0: lines.remove(at: k)
    case 1: lines.insert(lines[k], at: k)
    case 2: lines.swapAt(k, candidates[pick(candidates.count)])
    case 3, 4: lines[k] = changed(lines[k], "0123456789", to: "0123456789")
    case 5: lines[k] = changed(lines[k], "+-*/^", to: "+-*/^")
    case 6: lines[k] = changed(lines[k], "()[]{};,=<>!", to: "()[]{};,=<>!")
    case 7: lines[k] = changed(lines[k], "wgtxylbemvkacs", to: "wgtxylbemvkacs")
    case 8:
      var characters = Array(lines[k])
      characters.remove(at: pick(characters.count))
      lines[k] = String(characters)
    default:
      var characters = Array(lines[k])
      characters.insert(Array("-2*(g0w")[pick(7)], at: pick(characters.count + 1))
      lines[k] = String(characters)
    }
    return lines.joined(separator: "\n")
  }

  /// A line with one of these characters replaced by another.
  private mutating func changed(_ line: String, _ from: String, to: String) -> String {
    var characters = Array(line)
    let places = characters.indices.filter { from.contains(characters[$0]) }
    guard !places.isEmpty else { return line }
    characters[places[pick(places.count)]] = Array(to)[pick(to.count)]
    return String(characters)
  }
}

/// Certificates that were written to deceive.
extension CertificateMutationTests {
  struct Trick: Sendable, CustomStringConvertible {
    var description: String
    var left: String
    var right: String
    var head: [String] = []
    var steps: [String] = []
    /// What the refusal says.
    var says: String
  }

  static let tricks = [
    Trick(
      description: "a length that is a gradient", left: "w' = w - lr * abs(g)",
      right: "w' = w - lr * g",
      steps: [
        "product x = sum{all;g;}(1); y = 1", "linear sum{all;g;}(1)", "abs-nonnegative x = g",
      ], says: "is no operation"),
    Trick(
      description: "a length below 0", left: "w' = w - lr * abs(g)", right: "w' = w - lr * g",
      steps: ["product x = sum{all;-3;}(1); y = 1", "linear sum{all;-3;}(1)", "absurd"],
      says: "is no operation"),
    Trick(
      description: "a length of 0", left: "w' = w - lr * abs(g)", right: "w' = w - lr * g",
      steps: ["product x = sum{all;0;}(1); y = 1", "linear sum{all;0;}(1)", "absurd"],
      says: "is no operation"),
    Trick(
      description: "an element that has shapes", left: "w' = w - lr * sum(g) * (g / g)",
      right: "w' = w - lr * numel * g * (g / g)", steps: ["inverse x = inv{;;}(g)"],
      says: "is no operation"),
    Trick(
      description: "a transpose that is one number", left: "w' = w - lr * sum(w) * g",
      right: "w' = w - lr * sum(g) * w",
      steps: ["transpose-twice transpose{0;;like}(transpose{0;like;}(g))"],
      says: "is no operation"),
    Trick(
      description: "a transpose that turns nothing", left: "w' = w - lr * g @ g.T @ g",
      right: "w' = w - lr * g",
      steps: ["transpose-twice transpose{0;like;like}(transpose{0;like;like}(g))"],
      says: "is no operation"),
    Trick(
      description: "shapes of a product that do not fit", left: "w' = w - lr * g @ g.T @ g",
      right: "w' = w - lr * g",
      steps: ["product-associates matmul{0;like,like;like}(matmul{0;like,like;like}(g, g), g)"],
      says: "is no operation"),
    Trick(
      description: "a softmax of what is negative",
      left: "w' = w - lr * (if softmax(-g^2) > 0 then g else 0)",
      right: "w' = w - lr * (if -g^2 > 0 then g else 0)",
      steps: ["positive-false x = -g^2", "positive-false x = softmax{0;like;like}(-g^2)"],
      says: "is not known to hold"),
    Trick(
      description: "the draw of the last step", left: "w' = w - lr * g * bernoulli(0.5)",
      right:
        "state m  w' = w - lr * g * (if t == 1 then bernoulli(0.5) else m)  m' = bernoulli(0.5)",
      head: ["state b.m = bernoulli{bernoulli#0;;like}(1/2)"], says: "another thing at each step"),
    Trick(
      description: "conditions that nothing satisfies", left: "w' = w - lr * abs(g)",
      right: "w' = w - lr * g", head: ["where w > 0", "where -w > 0"], steps: ["absurd"],
      says: "no numbers are found"),
    Trick(
      description: "a condition that is no more than the claim", left: "w' = w - lr * abs(g)",
      right: "w' = w - lr * g", head: ["where -1 - g^2 > 0"], steps: ["absurd"],
      says: "no numbers are found"),
    Trick(
      description: "a case about one element in a sum", left: "w' = w - lr * sum(abs(g))",
      right: "w' = w - lr * (if g > 0 then sum(g) else sum(abs(g)))",
      steps: ["cases positive(g)", "abs-nonnegative x = g", "otherwise", "done"],
      says: "not shown by its steps"),
    Trick(
      description: "the first step alone", left: "w' = w - lr * (if t == 1 then g else 2 * g)",
      right: "w' = w - lr * g", says: "not shown by its steps"),
    Trick(
      description: "all steps but the first", left: "w' = w - lr * (if t == 1 then 2 * g else g)",
      right: "w' = w - lr * g", says: "not shown by its steps"),
    Trick(
      description: "a divisor that is not 0 without reason", left: "w' = w - lr * w * (g / w)",
      right: "w' = w - lr * g", steps: ["inverse x = w"], says: "not shown by its steps"),
    Trick(
      description: "a root of what may be negative", left: "w' = w - lr * sqrt(w)^2 * g",
      right: "w' = w - lr * w * g", steps: ["root-square x = w"], says: "not shown by its steps"),
    Trick(
      description: "0 to be cleared", left: "w' = w - lr * g * w", right: "w' = w - lr * g",
      steps: ["clear w"], says: "the divisor may be 0"),
    Trick(
      description: "a power of a power of a negative", left: "w' = w - lr * abs(g)",
      right: "w' = w - lr * g", steps: ["power-power x = g; y = 2; z = 1/2"],
      says: "is not known to hold"),
    Trick(
      description: "a loop of negative depth", left: "w' = w - lr * abs(g)",
      right: "w' = w - lr * g", steps: ["linear repeat{-1;1;like}(g)"],
      says: "is no operation"),
    Trick(
      description: "an exponent without bound", left: "w' = w - lr * abs(g)",
      right: "w' = w - lr * g",
      steps: ["zero-times x = ((((((((((g^64)^64)^64)^64)^64)^64)^64)^64)^64)^64)^64"],
      says: "too large"),
  ]

  @Test(arguments: tricks) func aTrickIsRefused(_ trick: Trick) throws {
    let steps = trick.steps.map { "  " + $0 }
    var lines = [
      "ravine certificate 1", "a = A", "b = B", "| rule A(lr = 0.1 in [0, inf)) { \(trick.left) }",
      "| rule B(lr = 0.1 in [0, inf)) { \(trick.right) }", "free lr in [0, inf)",
    ]
    lines += trick.head.filter { $0.hasPrefix("where") } + ["ways 0 0"]
    lines += trick.head.filter { $0.hasPrefix("state") }
    lines += ["goal first w"] + steps + ["goal later w"] + steps + ["end"]
    do {
      _ = try CertificateTests.check(lines.joined(separator: "\n"))
      Issue.record("accepted")
    } catch let error as DiagnosticError {
      #expect(error.diagnostics.map(\.code) == [.refusedStep])
      let message = error.diagnostics[0].message
      let isCounted = message.contains("goals and not")
      #expect(message.contains(trick.says) || isCounted, "\(message)")
    }
  }
}
