import Diagnostics
import IR

/// Reductions, matrices, selections and draws.
extension PythonWriter {
  // MARK: Forms that a reader expects

  /// `x**2`, `np.mean(x)`, `np.linalg.norm(x)`.
  func idiom(_ id: ValueID) throws(DiagnosticError) -> Notation? {
    let i = function[id]
    switch i.operation {
    case .multiply where i.a == i.b:
      return .apply(.power, [try notation(i.a), .number(2)])
    case .divide:
      guard let mean = meanOperand(i) else { return nil }
      return .verbatim(
        language.fold("mean", try numbersText(mean), axis: axis(function[i.a].attribute)))
    case .squareRoot:
      let inner = function[i.a]
      guard inner.operation == .sum, isPrivate(i.a) else { return nil }
      let square = function[inner.a]
      guard square.operation == .multiply, square.a == square.b, isPrivate(inner.a),
        inner.type.shape.axes.isEmpty, function.type(inner.a).kind == .real,
        kinds[square.a.index] == .tensor
      else { return nil }
      return .verbatim(
        language.fold("norm", try text(square.a), axis: axis(inner.attribute)))
    case .add:
      guard let items = function.listItems(id) else { return nil }
      return .list(try notations(items))
    case .placeSlice:
      guard let items = function.listItems(id) else { return nil }
      return .list(try notations(items))
    default: return nil
    }
  }

  private func isPrivate(_ id: ValueID) -> Bool {
    names[id] == nil && leaves.given[id] == nil && (uses.isEmpty || uses[id.index] <= 1)
  }

  private func axis(_ scope: Int32) -> Int? {
    switch Scope(rawValue: scope) {
    case .perRow: 1
    case .perColumn: 0
    default: nil
    }
  }

  /// The x of `sum(x) / numel`, along whatever axis.
  private func meanOperand(_ i: Instruction) -> ValueID? {
    let sum = function[i.a]
    let count = function[i.b]
    guard sum.operation == .sum, isPrivate(i.a), count.operation == .extent,
      function.type(sum.a).shape.axes.isEmpty, sum.type.shape.axes.isEmpty
    else { return nil }
    let expected: (ExtentKind, ExtentKind)
    switch Scope(rawValue: sum.attribute) {
    case .all: expected = (.numel, .elementsOf)
    case .perRow: expected = (.cols, .colsOf)
    case .perColumn: expected = (.rows, .rowsOf)
    default: return nil
    }
    let isLike = function.type(sum.a).shape.isLike
    return isLike && count.attribute == expected.0.rawValue
      || count.attribute == expected.1.rawValue && count.a == sum.a ? sum.a : nil
  }

  /// The text of a value that is to be numbers: PyTorch takes no mean of conditions.
  private func numbersText(_ id: ValueID) throws(DiagnosticError) -> String {
    guard function.type(id).kind == .boolean else { return try text(id) }
    return language.numbers(try text(id, in: .postfix), like: leaves.parameter)
  }

  // MARK: Reductions

  func reduction(_ i: Instruction, _ id: ValueID) throws(DiagnosticError) -> String {
    let scope = Scope(rawValue: i.attribute)
    if scope?.axis != nil || scope == .leading || !function.type(i.a).shape.axes.isEmpty {
      throw refuse("a reduction over a named axis", id)
    }
    if kinds[i.a.index] != .tensor { return try text(i.a) }
    var operand = try text(i.a)
    if function.type(i.a).kind == .boolean, i.operation == .sum {
      operand = try numbersText(i.a)
    }
    switch i.operation {
    case .sum: return language.fold("sum", operand, axis: axis(i.attribute))
    case .maximumOf: return language.fold("max", operand, axis: axis(i.attribute))
    case .minimumOf: return language.fold("min", operand, axis: axis(i.attribute))
    default: throw refuse(i.operation.construct, id)
    }
  }

  // MARK: Matrices and selections

  /// `iota` and `eye`, which are made and not computed.
  func matrixWord(
    _ word: String, _ arguments: [String], _ id: ValueID
  ) throws(DiagnosticError) -> String {
    let p = leaves.parameter
    switch (word, Language.module) {
    case ("eye", "torch"):
      return "torch.eye(\(arguments[0]), \(arguments[1]), dtype=\(p).dtype, device=\(p).device)"
    case ("eye", let module):
      return arguments[0] == arguments[1]
        ? "\(module).eye(\(arguments[0]), dtype=\(p).dtype)"
        : "\(module).eye(\(arguments[0]), \(arguments[1]), dtype=\(p).dtype)"
    case (_, "torch"):
      let row = "torch.arange(\(arguments[0]), device=\(p).device)"
      return arguments[1].isEmpty ? row : row + "[:, None]"
    case (_, let module):
      let row = "\(module).arange(\(arguments[0]))"
      return arguments[1].isEmpty ? row : row + "[:, None]"
    }
  }

  func matrixCall(_ i: Instruction, _ id: ValueID) throws(DiagnosticError) -> String {
    let module = Language.module
    let isTorch = module == "torch"
    let x = i.a.isSome ? try text(i.a) : ""
    switch i.operation {
    case .solve: return "\(module).linalg.solve(\(x), \(try text(i.b)))"
    case .cholesky: return "\(module).linalg.cholesky(\(x))"
    case .diagonal:
      let from = function.type(i.a).shape.extents
      let isVector = from.count == 1 || from[0].isOne || from[1].isOne
      if isVector {
        return "\(module).diag(\(isTorch ? "torch" : module).ravel(\(x)))"
      }
      let row = i.type.shape.extents.first?.isOne ?? false
      return "\(module).diag(\(x))\(row ? "[None, :]" : "[:, None]")"
    case .qr, .eigh, .svd:
      let name = i.operation == .svd && i.attribute == 1 ? "lapack_svd" : i.operation.info.name
      needs.use("_\(name)")
      return "_\(name)(\(x))"
    case .gather:
      let index = try text(i.b)
      let rows =
        isTorch
        ? "torch.ravel(\(index)).long()"
        : "\(module).ravel(\(index)).astype(int)"
      let place = function[i.b].operation == .broadcast ? function[i.b].a : i.b
      if kinds[place.index] != .tensor {
        let index = try text(place)
        let place =
          isTorch || module == "np" ? "int(\(index))" : "jnp.asarray(\(index), int)"
        return "\(try text(i.a, in: .postfix))[\(place)][None, :]"
      }
      return "\(try text(i.a, in: .postfix))[\(rows)]"
    case .argSort, .sort:
      let name = i.operation == .sort ? "sort" : "argsort"
      let shape = try shapeText(i.type.shape, id)
      let flat = "\(module).ravel(\(x))"
      let sorted =
        isTorch
        ? (name == "sort"
          ? "torch.sort(\(flat), stable=True).values" : "torch.argsort(\(flat), stable=True)")
        : "\(module).\(name)(\(flat)\(module == "np" ? ", kind=\"stable\"" : ""))"
      return language.reshaped(sorted, shape)
    case .quantile:
      let q = try text(i.b)
      if Scope(rawValue: i.attribute) != .all { throw refuse("a quantile along an axis", id) }
      return "\(module).quantile(\(x), \(q))"
    case .topKMask:
      needs.use("_topk_mask")
      return "_topk_mask(\(x), \(try text(i.b)))"
    case .softmax:
      if isTorch { return "torch.softmax(\(x), dim=-1)" }
      if module == "jnp" { return "jax.nn.softmax(\(x), axis=-1)" }
      throw refuse("`softmax`", id)
    default: throw refuse(i.operation.construct, id)
    }
  }

  // MARK: Draws

  func draw(_ id: ValueID) throws(DiagnosticError) -> String {
    let i = function[id]
    let draw = function.draws[Int(i.attribute)]
    let shape = draw.isGlobal || i.type.shape.isScalar ? "()" : try shapeText(i.type.shape, id)
    let share = i.a.isSome ? try text(i.a) : ""
    switch Language.module {
    case "np":
      needs.draws = true
      switch draw.distribution {
      case .normal: return "self.rng.standard_normal(\(shape))"
      case .uniform: return "self.rng.random(\(shape))"
      case .exponential: return "self.rng.standard_exponential(\(shape))"
      case .rademacher: return "self.rng.choice((-1.0, 1.0), \(shape))"
      case .bernoulli: return "self.rng.random(\(shape)) < \(share)"
      }
    case "torch":
      let p = leaves.parameter
      let options = "\(shape == "()" ? "()" : shape), dtype=\(p).dtype, device=\(p).device"
      switch draw.distribution {
      case .normal: return "torch.randn(\(options))"
      case .uniform: return "torch.rand(\(options))"
      case .exponential: return "-torch.log1p(-torch.rand(\(options)))"
      case .rademacher: return "2.0 * torch.randint(2, \(shape), device=\(p).device) - 1.0"
      case .bernoulli: return "torch.rand(\(options)) < \(share)"
      }
    default:
      needs.draws = true
      let key = "next(keys)"
      let options = "\(key), \(shape)\(shape == "()" ? "" : ", \(leaves.parameter).dtype")"
      switch draw.distribution {
      case .normal: return "jax.random.normal(\(options))"
      case .uniform: return "jax.random.uniform(\(options))"
      case .exponential: return "jax.random.exponential(\(options))"
      case .rademacher: return "jax.random.rademacher(\(options))"
      case .bernoulli: return "jax.random.bernoulli(\(key), \(share), \(shape))"
      }
    }
  }
}

/// What the text of a file turned out to need.
final class PythonNeeds {
  var math = false
  var draws = false
  private(set) var helpers: [String] = []

  func use(_ helper: String) {
    if !helpers.contains(helper) { helpers.append(helper) }
  }

  /// The functions that the text calls, each for the library.
  func definitions(_ module: String) -> [String] {
    helpers.sorted().compactMap { PythonHelpers.text($0, module) }
  }
}

/// Small functions that files carry where the library has none of the meaning.
enum PythonHelpers {
  static func text(_ name: String, _ module: String) -> String? {
    let isTorch = module == "torch"
    let peak =
      isTorch
      ? "x.gather(0, x.abs().argmax(dim=0, keepdim=True))"
      : "\(module).take_along_axis(x, \(module).argmax(\(module).abs(x), axis=0)[None], 0)"
    switch name {
    case "_eigh":
      return """
        def _eigh(a):
            \"\"\"Eigenvalues and eigenvectors, whose largest entries are positive.\"\"\"
            values, x = \(module).linalg.eigh((a + a.T) / 2)
            peak = \(peak)
            return values, \(module).where(peak < 0, -x, x)
        """
    case "_svd":
      return """
        def _svd(a):
            \"\"\"U, s, V with a = (U * s) @ V.T; the largest entry of each column of U is positive.\"\"\"
            x, s, vt = \(module).linalg.svd(a, full_matrices=False)
            peak = \(peak)
            return \(module).where(peak < 0, -x, x), s, \(module).where(peak < 0, -vt.T, vt.T)
        """
    case "_lapack_svd":
      return """
        def _lapack_svd(a):
            \"\"\"U, s, V with a = (U * s) @ V.T.\"\"\"
            u, s, vt = \(module).linalg.svd(a, full_matrices=False)
            return u, s, vt.T
        """
    case "_qr":
      return """
        def _qr(a):
            \"\"\"Q and R, whose diagonal is not negative.\"\"\"
            q, r = \(module).linalg.qr(a)
            flip = \(module).diag(r) < 0
            return \(module).where(flip, -q, q), \(module).where(flip[:, None], -r, r)
        """
    case "_topk_mask":
      let count =
        module == "np"
        ? "math.ceil(share * x.size)"
        : isTorch ? "math.ceil(share * x.numel())" : "math.ceil(share * x.size)"
      let body =
        isTorch
        ? """
            order = torch.argsort(x.ravel(), descending=True, stable=True)
            mask = torch.zeros(x.numel(), dtype=torch.bool, device=x.device)
            mask[order[:\(count)]] = True
        """
        : module == "np"
          ? """
              order = np.argsort(-x.ravel(), kind="stable")
              mask = np.zeros(x.size, bool)
              mask[order[: \(count)]] = True
          """
          : """
              order = jnp.argsort(-x.ravel())
              rank = jnp.argsort(order)
              mask = rank < jnp.ceil(share * x.size)
          """
      return """
        def _topk_mask(x, share):
            \"\"\"Where the largest elements of x are, this share of them.\"\"\"
        \(body)
            return mask.reshape(x.shape)
        """
    case "_bfloat16":
      return """
        def _bfloat16(x):
            \"\"\"The nearest numbers with 8 significant bits.\"\"\"
            fraction, exponent = np.frexp(x)
            return np.ldexp(np.round(np.ldexp(fraction, 8)), exponent - 8)
        """
    case "_erf": return "_erf = np.vectorize(math.erf, otypes=[float])"
    default: return nil
    }
  }
}
