import Diagnostics
import Platform
import Syntax

/// A text parsed, with what was said about it.
struct Parsed {
  var map = SourceMap()
  var file: SourceFile
  var tree: SyntaxTree
  var bag = DiagnosticBag()

  init(_ bytes: [UInt8]) {
    // A file before it: spans are global, and must stay right when the base is not 1.
    _ = map.add(name: "before.opt", text: "x = 1\n")
    file = map.add(name: "test.opt", bytes: bytes)
    tree = parse(file, into: &bag)
  }

  init(_ text: String) { self.init(Array(text.utf8)) }

  /// `R0120 @ text` of each diagnostic, in the order of the source.
  var findings: [String] {
    bag.sorted.map { "\($0.code) @ \(map.text($0.span))" }
  }
}

/// The S-expression of one expression, or the codes that it raises.
func expression(_ text: String) -> String {
  var map = SourceMap()
  let file = map.add(name: "expression", text: text)
  var bag = DiagnosticBag()
  let (tree, root) = parseExpression(file, into: &bag)
  if !bag.all.isEmpty { return bag.sorted.map(\.code.description).joined(separator: " ") }
  return dump(tree, root)
}

func formatted(_ text: String, _ style: FormatStyle = .asWritten) -> String? {
  var map = SourceMap()
  let file = map.add(name: "format", text: text)
  var bag = DiagnosticBag()
  return format(file, style: style, into: &bag)
}

/// A file of the repository.
func repositoryFile(_ path: String) throws -> String {
  var root = #filePath.split(separator: "/", omittingEmptySubsequences: false)
  root.removeLast(3)
  let full = root.joined(separator: "/") + "/" + path
  struct Unreadable: Error { var path: String }
  guard let handle = fopen(full, "r") else { throw Unreadable(path: full) }
  defer { fclose(handle) }
  var bytes: [UInt8] = []
  var buffer = [UInt8](repeating: 0, count: 1 << 16)
  while case let count = fread(&buffer, 1, buffer.count, handle), count > 0 {
    bytes += buffer[0..<count]
  }
  return String(decoding: bytes, as: UTF8.self)
}

/// A small generator: the tests must be repeatable.
struct SplitMix: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

/// The examples of the language's design: every construct once.
let tour = """
  ## Lion: evolved sign momentum.
  ## Chen et al. 2023, "Symbolic Discovery of Optimization Algorithms", arXiv:2302.06675
  rule Lion(lr = 1e-4, β1 = 0.9 in [0, 1), β2 = 0.99 in [0, 1), λ = 0 in [0, inf)) {
      state m
      update = sign(ema(m, g, β1))
      w' = w - lr * (update + λ * w)
      m' = ema(m, g, β2)
  }

  fn ema(x, y, β) = β * x + (1 - β) * y
  fn debias(x, β) = x / (1 - β^t)

  fn newton_schulz(G, steps = 5) {
      X = G / (norm(G) + 1e-7)
      repeat steps {                      # X' is the next iteration's value
          A  = X @ X.T
          X' = 3.4445 * X + (-4.7750 * A + 2.0315 * A @ A) @ X
      }
      X
  }

  rule Cautious(base: rule) {
      step = w - base(w, g)               # what the base rule would subtract
      keep = step * g > 0
      w' = w - step * keep * (numel / (count(keep) + 1))
  }
  rule CLion = Cautious(Lion)

  rule Lookahead(base: rule, k = 5, α = 0.5) {
      state slow = w
      fast = base(w, g)
      when t mod k == 0 { slow' = slow + α * (fast - slow)   w' = slow' } else { w' = fast }
  }

  rule MuonAdamW(lr = 0.02) = route {
      rank == 2 and name !~ "embed|head" -> Muon(lr = lr)
      otherwise                          -> AdamW(lr = 3e-4, λ = 0.1)
  }

  rule Everything(φ: fn = sign, betas = [0, 0.9, 0.99]) {
      state v as int8(block = 256) round stochastic, s: scalar = 1, d: global = 1e-6
      state L: matrix(rows, rows) = eye(rows), h: window(10), b: stack(betas)
      input G: batch, a: vector(cols)
      guard finite
      matrices over trailing
      view eval = (1 - s) * w + s * v
      every 10 { L' = L + mean over batch G @ G.T }
      b' = ema(b, √(v²) + ‖g‖ * global norm(g), betas)
      Q, R = qr(a[1:, 0] + h[0])
      w' = if s ≤ 1 and not d == 2 then w - φ(g) / 2^-3 else w
  }

  objective rosenbrock(x: vector(2) = [-1.2, 1]) = 100 * (x[1] - x[0]^2)^2 + (1 - x[0])^2

  data digits = csv("Examples/data/digits.csv", target = "digit", test = 0.2)

  objective mlp(hidden = 32; x, y) {
      param W1: matrix(64, hidden) = normal() * sqrt(2 / 64)
      param b1: vector(hidden) = 0
      h = relu(x @ W1 + b1)
      loss = cross_entropy(h, y)
      metric accuracy = mean(argmax(h) == y)
  }

  minimize rosenbrock with Lion(lr = 1e-3), AdamW(lr = 1e-2) for 2000 steps
  train mlp(hidden = 64) on digits with Lion(lr = 3e-4), AdamW,
      MuonAdamW for 20 epochs
      batch 64 seeds 5
  plot loss, accuracy to "digits.svg"
  plot loss x in [0, 20] y in [1e-3, 1] log to "digits.png"
  save W1, b1 to "digits.npz"
  assert Lion(β1 = β, β2 = β) == Signum(μ = β)
  lr0 = 1e-3
  lr0 * 2

  """
