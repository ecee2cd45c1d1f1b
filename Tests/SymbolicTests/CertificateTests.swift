import Basics
import Certificates
import Certifier
import Diagnostics
import Driver
import Foundation
import IR
import Laboratory
import Testing

/// Certificates: the kernel takes those that hold and no others.
@Suite struct CertificateTests {
  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("Certificates")

  /// The recorded certificates of the theorems.
  static let recorded: [(name: String, text: String)] = {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return names.filter { $0.hasSuffix(".txt") }.sorted().map { name in
      let data = (try? Data(contentsOf: folder.appendingPathComponent(name))) ?? Data()
      return (name, String(decoding: data, as: UTF8.self))
    }
  }()

  /// Of the recorded certificates so many are skipped for each that is tried.
  #if DEBUG
    static let stride = 12
  #else
    static let stride = 4
  #endif

  /// Whether counts are printed.
  static let isTold = SoundnessTests.variable("RAVINE_TOLD") != nil

  static func check(_ text: String) throws -> CertificateCheck.Result {
    let certificate = try Certificate(text)
    let compiler = Compiler()
    if !certificate.source.isEmpty {
      let source = certificate.source.joined(separator: "\n") + "\n"
      let found = compiler.add(name: "c.txt", bytes: Array(source.utf8))
      let errors = found.filter { $0.severity == .error }
      if !errors.isEmpty { throw DiagnosticError(errors) }
    }
    let rules = try [certificate.a, certificate.b].map {
      try compiler.rule($0, allowsFreeNames: true)
    }
    return try CertificateCheck.check(certificate, rules)
  }

  /// Every theorem has a certificate.
  @Test func theoremsAreCertified() throws {
    var certified: Set<Set<String>> = []
    var steps = 0
    for (name, text) in Self.recorded {
      let certificate = try Certificate(text)
      do { steps += try Self.check(text).steps } catch let error as DiagnosticError {
        Issue.record("\(name): \(error.diagnostics.map(\.message))")
        continue
      }
      certified.insert([certificate.a, certificate.b])
    }
    let claims = TheoremTests.claims.filter(\.isEqual)
    let missing = claims.filter { !certified.contains([$0.left, $0.right]) }
    #expect(claims.count - missing.count >= leastCertified, "missing: \(missing)")
    #expect(certified.count == Self.recorded.count)
    #expect(steps > 300)
  }

  /// What must be trusted is small: terms, axioms, steps and induction, and in a folder of its own what
  /// reads rules and texts.
  @Test func theKernelIsSmall() throws {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("Sources/Certificates")
    func lines(_ folder: URL) throws -> Int {
      let files = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter {
        $0.hasSuffix(".swift")
      }
      return try files.reduce(0) { count, file in
        let text = try String(contentsOf: folder.appendingPathComponent(file), encoding: .utf8)
        return count
          + text.split(separator: "\n").count { line in
            let code = line.drop { $0 == " " }
            return !code.isEmpty && !code.hasPrefix("//")
          }
      }
    }
    let (kernel, reading) = try (lines(folder), lines(folder.appendingPathComponent("Reading")))
    #expect(kernel > 1_400 && kernel < 1_500, "\(kernel)")
    #expect(reading > 1_200 && kernel + reading < 3_000, "\(reading)")
  }

  /// What is found anew holds as well, and is written as it is read.
  @Test(arguments: [
    ("Adam", "AdamW(λ = 0)", ["λ"]), ("HeavyBall(μ = 0, damping = 0)", "SGD", []),
    ("Lion(β1 = β, β2 = β)", "Signum(μ = β)", []), ("ClipCoordinates(SignSGD)", "SignSGD", ["c"]),
  ])
  func aCertificateIsFound(_ left: String, _ right: String, _ fixed: [String]) throws {
    let compiler = Compiler()
    let rules = try [left, right].map { try compiler.rule($0, allowsFreeNames: true) }
    let found = try Certifier().certificate(
      rules, names: [left, right], source: [], fixed: fixed)
    #expect(try Certificate(found.text).text == found.text)
    #expect(try Self.check(found.text).goals > 1)
  }

  /// Bodies of two rules of which one is the other in other words, and what is found for them.
  static let rewritten = [
    // What stands before states where they are read says how many times one is the other.
    (
      "state m  m' = β * m + sqrt(abs(g)) * β  w' = w - lr * (m^2 + g)",
      "state q  m = q / (1 - β)  q' = (1 - β) * (β * m + abs(β) * sign(β) * sqrt(abs(g)))  "
        + "w' = w - lr * (m * m + g)"
    ),
    (
      "state m  m' = β * m + (2 * w) * (g + w)  w' = w - lr * g * (sign(m) + 1)",
      "state q  m = q / (-3)  q' = (-3) * (β * m + (abs(w) * sign(w) + w) * (w + abs(g) * sign(g)))  "
        + "w' = w - lr * (g * sign(m) + g)"
    ),
    // A state that could be written in t need not be.
    (
      "state m  m' = β * m + lr  w' = w - lr * sqrt(abs(w + m + β - 1))",
      "state q  m = q / 2  q' = 2 * (β * m + lr)  w' = w - lr * sqrt(sqrt((w + m + β - 1)^2))"
    ),
    // The question that an arm asks comes first.
    (
      "w' = w - lr * w / (abs(if g > β then β + t else sqrt(abs(g))) + 0.5)",
      "w' = w - lr * w / (0.5 + sqrt((if g > β then β + t else sqrt(abs(g))) "
        + "* (if g <= β then sqrt(abs(g)) else t + β)))"
    ),
    // The sign of what keeps it, and of a sum times its divisor.
    (
      "w' = w - lr * sign(sqrt(abs(sign(w)))) - 0 * β",
      "w' = w - lr * sign(sqrt(sqrt(sign(w) * tanh(w)))) - 0 * β"
    ),
    (
      "w' = w - lr * abs(β * β / (abs(β + 3) + 0.5))",
      "w' = w - lr * sqrt((β^2 / (abs(β + 3) + 0.5)) * (β^2 / (0.5 + sqrt((β + 3)^2))))"
    ),
    ("w' = w - lr * g * cbrt(3 * g) - 0 * β", "w' = w - lr * cbrt(abs(3) * g) * g - 0 * β"),
    // A sum of squares, before it is taken apart.
    (
      "w' = w - lr * norm(sign(g) + g) - 0 * β",
      "w' = w - lr * norm(sign(3 * g) + abs(g) * sign(g)) - 0 * β"
    ),
    ("w' = w + lr * (g - sqrt(0.1)) - 0 * β", "w' = w - lr * (sqrt(0.1) - g) - 0 * β"),
    // Choices in what is folded, the other way round, and in what drives a state in another unit.
    (
      "w' = w - lr * norm(if w < 1 then β else g)",
      "w' = w - lr * norm(if w >= 1 then g else β)"
    ),
    (
      "state m  m' = β * m + tanh(if lr > w then w else lr)  w' = w - lr * cbrt(m * β + g)",
      "state q  m = q / (1 - β)  q' = (1 - β) * (β * m + tanh(if lr <= w then lr else w))  "
        + "w' = w - lr * cbrt(g + β * m)"
    ),
    // A state that could be written in t, in what is longer then.
    (
      "state m  m' = β * m + sqrt(0.9)  w' = w - lr * (sqrt(abs(sqrt(abs(m)))) + w)",
      "state q  m = q / (1 - β)  q' = (1 - β) * (β * m + sqrt(0.9))  "
        + "w' = w - lr * (w + sqrt(abs(sqrt(sqrt(m * m)))))"
    ),
    // Roots of squares of sums that have roots.
    (
      "w' = w - lr * (sqrt(abs(w)) + 0.1) - 0 * β",
      "w' = w - lr * sqrt((sqrt(abs(w)) + 0.1)^2) - 0 * β"
    ),
    (
      "w' = w - lr * abs(sqrt(w^2 + β) + g)",
      "w' = w - lr * sqrt((g + sqrt(β + w * w))^2)"
    ),
    (
      "w' = w - lr * g * (1 + sqrt(2)) - 0 * β", "w' = w - lr * g * sqrt(3 + 2 * sqrt(2)) - 0 * β"
    ),
    // Exponentials, logarithms and powers.
    ("w' = w - lr * exp(g + 2 * w) - 0 * β", "w' = w - lr * exp(g) * exp(w)^2 - 0 * β"),
    ("w' = w - lr * sqrt(exp(g)) - 0 * β", "w' = w - lr * exp(g / 2) - 0 * β"),
    ("w' = w - lr * (abs(g) + 1)^2 - 0 * β", "w' = w - lr * exp(2 * log(abs(g) + 1)) - 0 * β"),
    ("w' = w - lr * log(6) * g - 0 * β", "w' = w - lr * (log(2) + log(3)) * g - 0 * β"),
    ("w' = w - lr * abs(g)^3 - 0 * β", "w' = w - lr * (g^2)^1.5 - 0 * β"),
    ("w' = w - lr * abs(g)^(2 * β)", "w' = w - lr * (abs(g)^β)^2"),
    ("w' = w - lr * (g mod 1) - 0 * β", "w' = w - lr * ((g + 3) mod 1) - 0 * β"),
    ("w' = w - lr * ceil(g) - 0 * β", "w' = w + lr * floor(-g) - 0 * β"),
    ("w' = w - lr * tan(-g) - 0 * β", "w' = w + lr * tan(g) - 0 * β"),
    ("w' = w - lr * sign(sinh(g)) - 0 * β", "w' = w - lr * sign(arctan(3 * g)) - 0 * β"),
    // Cube roots of numbers and of products.
    ("w' = w - lr * g * cbrt(16) - 0 * β", "w' = w - 2 * lr * g * cbrt(2) - 0 * β"),
    ("w' = w - lr * g * cbrt(0.5) - 0 * β", "w' = w - lr * g * cbrt(4) / 2 - 0 * β"),
    ("w' = w - lr * g * cbrt(54) - 0 * β", "w' = w - 3 * lr * g * 2^(1/3) - 0 * β"),
    ("w' = w - lr * cbrt(g * w) - 0 * β", "w' = w - lr * cbrt(g) * cbrt(w) - 0 * β"),
    ("w' = w - lr * cbrt(abs(g)) - 0 * β", "w' = w - lr * abs(cbrt(g)) - 0 * β"),
  ]

  @Test(arguments: rewritten) func otherWordsAreCertified(_ left: String, _ right: String) throws {
    let compiler = Compiler()
    let head = "(lr = 0.1 in [0, inf), β = 0.9 in [0, 1))"
    let text = "rule A\(head) { \(left) }\nrule B\(head) { \(right) }\n"
    _ = compiler.add(name: "r.opt", bytes: Array(text.utf8))
    let compared = try compiler.compare("A", "B")
    #expect(compared.isEqual, "\(ComparisonText.text(compared))")
    let rules = try ["A", "B"].map { try compiler.rule($0, allowsFreeNames: true) }
    let found = try Certifier(work: 1_000_000).certificate(
      rules, names: ["A", "B"], source: text.split(separator: "\n").map(String.init), fixed: [])
    #expect(try Self.check(found.text).goals > 1)
  }

  /// Steps that are one where both are numbers, or always by what folds are of.
  static let underConditions = [
    ("log(w / g)", "log(w) - log(g)"), ("log((1 - β) * g * w)", "log((1 - β) * g) + log(w)"),
    ("sqrt(g * w)", "sqrt(g) * sqrt(w)"), ("(w * g)^1.5", "w^1.5 * g^1.5"),
    ("sqrt(g * w)", "sqrt(-g) * sqrt(-w)"), ("sin(arcsin(g))", "g"), ("cos(arccos(g))", "g"),
    ("tan(arctan(g))", "g"), ("sinh(arcsinh(g))", "g"), ("cosh(arccosh(g))", "g"),
    ("tanh(arctanh(g))", "g"), ("2 * sigmoid(2 * g) - 1", "tanh(g)"),
    ("sinh(g) / cosh(g)", "tanh(g)"), ("g * (norm(g) > 0)", "g"),
    ("g * any(g != 0)", "g"), ("g * (max(abs(g)) > 0)", "g"), ("g * ((global norm(g)) > 0)", "g"),
    ("if row_norm(g) > 0 then g / norm(g) * norm(g) else g", "g"),
    ("if sum(abs(g)) == 0 then 0 else g / norm(g) * norm(g)", "g"),
    ("g * (sum(g^2 + w^2) > 0)", "g"), ("g * (col_norm(g) > 0)", "g"),
  ]

  @Test(arguments: underConditions)
  func whereBothAreNumbersIsCertified(_ left: String, _ right: String) throws {
    let compiler = Compiler()
    let head = "(lr = 0.1 in [0, inf), β = 0.9 in [0, 1))"
    let text =
      "rule A\(head) { w' = w - lr * (\(left)) - 0 * β }\n"
      + "rule B\(head) { w' = w - lr * (\(right)) - 0 * β }\n"
    _ = compiler.add(name: "r.opt", bytes: Array(text.utf8))
    let rules = try ["A", "B"].map { try compiler.rule($0, allowsFreeNames: true) }
    let conditions: [String]
    switch rules[0].compared(with: rules[1]).verdict {
    case .equal: conditions = []
    case .equalWhere(let all): conditions = all
    default: throw Refusal("they are not proved equal")
    }
    let found = try Certifier(work: 4_000_000).certificate(
      rules, names: ["A", "B"], source: text.split(separator: "\n").map(String.init), fixed: [],
      conditions: conditions)
    #expect(try Self.check(found.text).goals > 1)
  }

  /// Certificates that say something else are refused, whatever they say it of.
  @Test func whatIsNotSoIsRefused() throws {
    var random = SplitMix64(2)
    var refused = 0
    var harmless = 0
    for (k, (name, text)) in Self.recorded.enumerated() where k % Self.stride == 0 {
      let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
      for trial in 0..<8 {
        var other = lines
        let isStatement: Bool
        switch trial {
        case 0:
          // Another rule.
          let k = other.firstIndex { $0.hasPrefix("b = ") }!
          other[k] = other[k].contains("SignSGD") ? "b = AdaGrad" : "b = SignSGD"
          isStatement = true
        case 1:
          // A wider domain.
          let k = other.firstIndex { $0.hasPrefix("free ") && !$0.hasSuffix("(-inf, inf)") }
          guard let k else { continue }
          other[k] = other[k].prefix { $0 != "[" && $0 != "(" } + "(-inf, inf)"
          isStatement = true
        case 2:
          // One goal less.
          let k = other.lastIndex { $0.hasPrefix("goal ") }!
          other.remove(at: k)
          isStatement = true
        case 3:
          // A state that is something else.
          guard let k = other.firstIndex(where: { $0.hasPrefix("state ") }) else { continue }
          other[k] += " + 1"
          isStatement = true
        case 4:
          // Nothing is at a default.
          guard let k = other.firstIndex(where: { $0.hasPrefix("fixed ") }) else { continue }
          other.remove(at: k)
          isStatement = true
        default:
          let steps = other.indices.filter { other[$0].hasPrefix("  ") }
          guard let k = steps.isEmpty ? nil : steps[Int(random.next() % UInt64(steps.count))] else {
            continue
          }
          isStatement = false
          if trial == 5 {
            other.remove(at: k)
          } else if trial == 6 {
            other[k] = other[k].replacingOccurrences(of: " = ", with: " = 2 + ")
          } else {
            other[k] = "  sign-positive x = g"
          }
        }
        do {
          _ = try Self.check(other.joined(separator: "\n"))
          // The rules are the same, and so is what is said of them: another proof of it.
          if isStatement { Issue.record("\(name): accepted after change \(trial)") }
          harmless += 1
        } catch let error as DiagnosticError {
          let codes = error.diagnostics.map(\.code)
          #expect(codes.allSatisfy { [.badCertificate, .refusedStep].contains($0) }, "\(codes)")
          refused += 1
        }
      }
    }
    #expect(refused * Self.stride >= leastRefused)
    #expect(harmless * 4 < refused, "\(harmless) changes left a proof")
  }

  /// The codes of R0850 and R0851, and which line is to blame.
  @Test func theLineIsNamed() throws {
    let text = """
      ravine certificate 1
      a = Plain
      b = SGD(λ = 0)
      | rule Plain(lr = 0.1 in [0, inf)) { w' = w - lr * sqrt(g^2) * sign(g) }
      free lr in [0, inf)
      ways 0 0
      goal first w
        square-root x = g
        abs-sign-product x = w
      goal later w
        square-root x = g
        abs-sign-product x = g
      end
      """
    do {
      _ = try Self.check(text)
      Issue.record("accepted")
    } catch let error as DiagnosticError {
      #expect(error.diagnostics.map(\.code.number) == [851])
      #expect(
        error.diagnostics[0].message.hasPrefix("line 10: `later w`")
          || error.diagnostics[0].message.hasPrefix("line 7: `first w`"))
    }
    let mended = text.replacingOccurrences(of: "x = w", with: "x = g")
    #expect(try Self.check(mended).steps == 4)
  }
}

extension CertificateTests {
  /// Rules that differ somewhere, or are defined elsewhere.
  static let unequal = [
    ("w' = w - lr * w * (g / w)", "w' = w - lr * g"),
    ("w' = w - lr * ((1 - a) * g + a * g * norm(w) / norm(g)) * 0^a", "w' = w - lr * g * 0^a"),
    ("w' = w - lr * g * sign(1 / w)", "w' = w - lr * g * sign(w)"),
    ("w' = w - lr * g * floor(bf16(a))", "w' = w - lr * g * bf16(a)"),
    ("w' = w - lr * g * sqrt(a)^2", "w' = w - lr * g * a"),
    ("w' = w - lr * g * sqrt(a^2)", "w' = w - lr * g * a"),
    ("w' = w - lr * g * (a^0.25)^4", "w' = w - lr * g * a"),
    ("w' = w - 0 * sum(g / w)", "w' = w + 0 * lr * a"),
    ("w' = w - lr * (if t == 1 then g else a * g)", "w' = w - lr * g"),
    ("w' = w - lr * sum(abs(g)) * g", "w' = w - lr * abs(sum(g)) * g"),
    ("w' = w - lr * sum(if g > 0 then g else 0)", "w' = w - lr * (if g > 0 then sum(g) else 0)"),
    (
      "w' = w - lr * g * (if 1 / w > 0 then 1 else 0)", "w' = w - lr * g * (if w > 0 then 1 else 0)"
    ),
    ("w' = w - lr * g * exp(log(a))", "w' = w - lr * g * a"),
    ("w' = w - lr * max(a * g, a * w)", "w' = w - lr * a * max(g, w)"),
    ("w' = w - lr * norm(g + w)", "w' = w - lr * (norm(g) + norm(w))"),
    ("w' = w - lr * (g @ g.T) @ g", "w' = w - lr * g @ (g @ g.T)"),
  ]

  @Test(arguments: unequal) func falseStatementsHaveNone(_ left: String, _ right: String) throws {
    let compiler = Compiler()
    func text(_ name: String, _ body: String) -> String {
      "rule \(name)(lr = 0.1 in [0, inf), a = 1) { \(body) }\n"
    }
    _ = compiler.add(name: "r.opt", bytes: Array((text("A", left) + text("B", right)).utf8))
    guard let rules = try? ["A", "B"].map({ try compiler.rule($0, allowsFreeNames: true) }) else {
      // A rule that is refused is no rule; the last one may be.
      #expect(left.contains("@"))
      return
    }
    #expect(throws: Refusal.self) {
      try Certifier(work: 2_000_000).certificate(
        rules, names: ["A", "B"], source: [], fixed: [])
    }
  }

  /// A condition is part of what is certified, and needed.
  @Test func aConditionIsNeeded() throws {
    let text = """
      ravine certificate 1
      a = Guarded
      b = Plain
      | rule Plain(lr = 0.1 in [0, inf)) { w' = w - lr * g }
      | rule Guarded(lr = 0.1 in [0, inf)) { w' = w - lr * w * (g / w) }
      free lr in [0, inf)
      where w != 0
      ways 0 0
      goal first w
        inverse x = w
      goal first a defined 1
      goal later w
        inverse x = w
      goal later a defined 1
      end
      """
    #expect(try Self.check(text).goals == 4)
    #expect(throws: DiagnosticError.self) {
      try Self.check(text.replacingOccurrences(of: "where w != 0\n", with: ""))
    }
    #expect(throws: DiagnosticError.self) {
      try Self.check(text.replacingOccurrences(of: "w != 0", with: "g != 0"))
    }
  }

  /// As long as a is a number, b is the same number: b may go on where a is none, and not the other way round.
  @Test func aRuleMayBeDefinedFurther() throws {
    let lines = [
      "| rule Plain(lr = 0.1 in [0, inf)) { w' = w - lr * sign(g) }",
      "| rule Guarded(lr = 0.1 in [0, inf)) { w' = w - lr * g / abs(g) }",
      "| rule Never(lr = 0.1 in [0, inf)) { w' = w - lr * sign(g) * sqrt(-1 - g^2) }",
    ]
    func text(_ a: String, _ b: String, _ step: String) -> String {
      """
      ravine certificate 1
      a = \(a)
      b = \(b)
      \(lines.joined(separator: "\n"))
      free lr in [0, inf)
      where a is defined
      ways 0 0
      goal first w
        \(step)
      goal later w
        \(step)
      end
      """
    }
    let compiler = Compiler()
    let source = lines.map { String($0.dropFirst(2)) }
    _ = compiler.add(name: "<test>", bytes: Array(source.joined(separator: "\n").utf8))
    func rules(_ names: [String]) throws -> [Rule] { try names.map { try compiler.rule($0) } }
    let found = try Certifier().certificate(
      rules(["Guarded", "Plain"]), names: ["Guarded", "Plain"], source: source, fixed: [],
      whereFirstIsDefined: true)
    #expect(found.isWhereAIsDefined && found.parts[0].goals.count == 2)
    #expect(try Certificate(found.text).text == found.text)
    #expect(try Self.check(found.text).goals == 2)
    // Without the line there is more to be shown; the other way round there is, too.
    #expect(throws: DiagnosticError.self) {
      try Self.check(found.text.replacingOccurrences(of: "where a is defined\n", with: ""))
    }
    for (a, b) in [("Plain", "Guarded"), ("Never", "Plain")] {
      #expect(throws: Refusal.self) {
        try Certifier().certificate(
          rules([a, b]), names: [a, b], source: source, fixed: [], whereFirstIsDefined: true)
      }
      #expect(throws: DiagnosticError.self) { try Self.check(text(a, b, "sign-sign x = g")) }
    }
  }

  /// A case about one element says nothing of a sum, and none is about what a loop carries.
  @Test func casesReachNoFurther() throws {
    let text = """
      ravine certificate 1
      a = A
      b = B
      | rule A(lr = 0.1 in [0, inf)) { w' = w - lr * sum(abs(g)) }
      | rule B(lr = 0.1 in [0, inf)) { w' = w - lr * (if g > 0 then sum(g) else sum(abs(g))) }
      free lr in [0, inf)
      ways 0 0
      goal first w
        cases positive(g)
          abs-nonnegative x = g
        otherwise
        done
      goal later w
        cases positive(g)
          abs-nonnegative x = g
        otherwise
        done
      end
      """
    #expect(throws: DiagnosticError.self) { try Self.check(text) }
  }
}

/// How many of the theorems have certificates.
private let leastCertified = 168
private let leastRefused = 700

/// The axioms, at edges, by numbers.
@Suite struct AxiomTests {
  static let edges: [Double] = [
    0, 1e-3, -1e-3, 0.5, -0.5, 1, -1, 2, -2, 2.5, -3, 7, 40, -40,
  ]

  static func value(_ expression: Certificates.Expression, _ known: [String: Double]) -> Double {
    switch expression {
    case .number(let x): x.approximation
    case .name(let name): known[name]!
    case .sum(let x, let y): value(x, known) + value(y, known)
    case .product(let x, let y): value(x, known) * value(y, known)
    case .negative(let x): -value(x, known)
    case .power(let x, let n): pow(value(x, known), Double(n))
    case .apply(let name, _, let operands):
      Sampling.apply(name, operands.map { value($0, known) }) ?? .nan
    }
  }

  static func holds(_ kind: Clause.Kind, _ x: Double) -> Bool {
    switch kind {
    case .nonzero: x != 0
    case .nonnegative: x >= 0
    case .positive: x > 0
    case .whole: x == x.rounded()
    case .opaque: false
    }
  }

  @Test func axiomsHoldAtEdges() {
    #expect(Axiom.all.count + TensorAxiom.allCases.count <= 150)
    for axiom in Axiom.all {
      var count = 0
      var needed = axiom.conditions.isEmpty
      for x in Self.edges {
        for y in axiom.variables.contains("y") ? Self.edges : [1] {
          for z in axiom.variables.contains("z") ? Self.edges : [1] {
            let known = ["x": x, "y": y, "z": z, "e": 2.718281828459045]
            let (left, right) = (Self.value(axiom.left, known), Self.value(axiom.right, known))
            let isNear =
              abs(left - right) <= 1e-9 * max(1e-9, abs(left), abs(right)) || left == right
            guard axiom.conditions.allSatisfy({ Self.holds($0.kind, Self.value($0.of, known)) })
            else {
              if !isNear { needed = true }
              continue
            }
            // What overflows, or is a rounding of 0, says nothing.
            let largest = max(abs(left), abs(right))
            guard largest < 1e200, largest > 1e-12 || left == right, Self.isPlain(axiom, known)
            else { continue }
            count += 1
            #expect(isNear, "\(axiom.name) at \(known): \(left) and \(right)")
          }
        }
      }
      #expect(count >= 1, "\(axiom.name) was not tried")
      #expect(needed, "\(axiom.name): its condition is not needed")
    }
  }

  /// Exponentials of large numbers lose all digits where they are subtracted.
  private static func isPlain(_ axiom: Axiom, _ known: [String: Double]) -> Bool {
    !["exponential", "logarithm", "tanh", "sinh", "cosh", "power", "erf", "sin", "cos", "tan"]
      .contains { axiom.name.hasPrefix($0) } || known.values.allSatisfy { abs($0) < 8 }
  }
}
