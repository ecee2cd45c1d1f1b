import Basics
import IR

/// A value made from parameters, of which a test takes the gradient.
struct GradientCase {
  var shapes: [[Int]]
  /// Where the parameters are drawn from.
  var range: ClosedRange<Double> = 0.2...0.9
  var build: (inout FunctionBuilder, [ValueID]) throws -> ValueID
}

func shape(_ numbers: [Int]) -> Shape { Shape(numbers.map { Extent.fixed($0) }) }
func real(_ numbers: [Int]) -> ValueType { ValueType(.real, shape(numbers)) }

/// Every operation with the shapes at which its derivative is checked.
enum GradientCases {
  /// Shapes of two operands that stretch to each other in every way.
  static let pairs: [([Int], [Int])] = [
    ([], []), ([4], [4]), ([3, 4], [3, 4]), ([3, 4], []), ([], [3, 4]), ([3, 4], [3, 1]),
    ([1, 4], [3, 4]), ([1, 4], [3, 1]), ([3, 4], [4]), ([1, 1], [3, 2]), ([2, 3, 4], [3, 1]),
    ([2, 1, 4], [2, 3, 1]), ([2, 3, 2], [2, 1, 2]), ([2, 1, 3, 1, 2], [1, 4, 1, 2, 2]),
    ([0, 3], [3]),
  ]

  private static func one(
    _ operation: Operation, _ range: ClosedRange<Double> = 0.2...0.9,
    shapes: [[Int]] = [[], [3], [3, 4], [2, 3, 2]]
  ) -> [GradientCase] {
    shapes.map { shape in
      GradientCase(shapes: [shape], range: range) { try $0.make(operation, $1[0]) }
    }
  }

  private static func two(
    _ operation: Operation, _ range: ClosedRange<Double> = 0.2...0.9
  ) -> [GradientCase] {
    pairs.map { a, b in
      GradientCase(shapes: [a, b], range: range) { try $0.make(operation, $1[0], $1[1]) }
    } + [GradientCase(shapes: [[3]], range: range) { try $0.make(operation, $1[0], $1[0]) }]
  }

  /// Images under windows: overlapping, apart, beyond the image, with padding.
  private static func patches(
    _ build: @escaping (inout FunctionBuilder, ValueID, PatchWindow) throws -> ValueID
  ) -> [GradientCase] {
    [
      ([2, 3, 4, 2], [2, 3, 1, 0]), ([4, 3, 1], [2, 2, 2, 1]), ([2, 2, 2], [1, 1, 3, 0]),
      ([1, 2, 3, 1], [3, 4, 1, 4]), ([0, 3, 3, 1], [2, 2, 1, 0]), ([1, 2, 2, 2, 1], [2, 2, 1, 0]),
    ].map { (shape: [Int], w: [Int]) in
      let e = w.map { Extent.fixed($0) }
      let window = PatchWindow(rows: e[0], cols: e[1], stride: e[2], pad: e[3])
      return GradientCase(shapes: [shape]) { try build(&$0, $1[0], window) }
    }
  }

  /// A condition made from parameters: no slope, and none through it.
  private static func truth(_ operation: Operation) -> [GradientCase] {
    [
      GradientCase(shapes: [[3, 2], [3, 2]]) { b, p in
        let zero = b.constant(0.5)
        let x = try b.make(.greater, p[0], zero)
        let y = try b.make(.greater, p[1], zero)
        let truth =
          operation == .logicalNot ? try b.make(.logicalNot, x) : try b.make(operation, x, y)
        return try b.make(.multiply, truth, p[0])
      }
    ]
  }

  private static func reductions(_ operation: Operation) -> [GradientCase] {
    var cases: [GradientCase] = []
    for scope in [Scope.all, .perRow, .perColumn, .leading] {
      for shape in [[], [4], [3, 4], [1, 4], [2, 3, 4]] {
        if scope == .leading && shape.isEmpty { continue }
        if shape.count > 2 && (scope == .perRow || scope == .perColumn) { continue }
        cases.append(
          GradientCase(shapes: [shape]) {
            try $0.make(operation, $1[0], attribute: scope.rawValue)
          })
      }
    }
    return cases
  }

  private static func source(
    _ make: @escaping (inout FunctionBuilder) throws -> ValueID
  ) -> [GradientCase] {
    [GradientCase(shapes: [[2, 2]]) { try $0.make(.multiply, make(&$0), $1[0]) }]
  }

  /// A matrix far from singular: p + size · 1.
  private static func regular(
    _ b: inout FunctionBuilder, _ p: ValueID, _ n: Int
  ) throws -> ValueID {
    let eye = b.source(.identity, real([n, n]))
    return try b.make(.add, p, b.make(.multiply, b.constant(Double(n)), eye))
  }

  private static func parts(
    _ operation: Operation, _ sizes: [[Int]], _ range: ClosedRange<Double> = -1...1
  ) -> [GradientCase] {
    sizes.flatMap { size in
      let types = ShapeRules.results(of: operation, real(size))
      return types.indices.map { k in
        GradientCase(shapes: [size], range: range) { b, p in
          let tuple = try b.make(operation, p[0])
          return b.project(tuple, k, type: types[k])
        }
      } + [
        // All parts together, so that what they share is added up.
        GradientCase(shapes: [size], range: range) { b, p in
          let tuple = try b.make(operation, p[0])
          var total = b.constant(0)
          for k in types.indices {
            let part = b.project(tuple, k, type: types[k])
            let squares = try b.make(.multiply, part, b.make(.sine, part))
            total = try b.make(.add, total, b.make(.sum, squares))
          }
          return total
        }
      ]
    }
  }

  private static func loops() -> [GradientCase] {
    [
      GradientCase(shapes: [[2, 2], [2, 2]]) { b, p in
        var body = FunctionBuilder(name: "body")
        let x = body.source(.argument, real([2, 2]), attribute: 0)
        let y = body.source(.argument, real([2, 2]), attribute: 1)
        let c = body.source(.argument, real([2, 2]), attribute: 2)
        body.output(.result(0), try body.make(.add, body.make(.matrixProduct, x, c), y))
        body.output(.result(1), try body.make(.sine, x))
        let loop = b.loop(
          b.constant(3), Loop(initial: [p[0], p[1]], captured: [p[1]], body: body.finish()))
        return try b.make(
          .add, b.project(loop, 0, type: real([2, 2])), b.project(loop, 1, type: real([2, 2])))
      }
    ]
  }

  static func cases(_ operation: Operation) -> [GradientCase] {
    let dropped = AxisSlice(start: 1, end: 2, isDropped: true)
    let tail = AxisSlice(start: 1, end: nil, isDropped: false)
    let middle = AxisSlice(start: 1, end: 3, isDropped: false)
    switch operation {
    case .constant: return source { $0.constant(3) }
    case .free: return []
    case .hyper, .step, .horizon, .loss: return source { $0.source(operation, .scalar) }
    case .gradient, .state: return source { $0.source(operation, real([2, 2])) }
    case .input: return source { $0.source(.input, real([2, 2]), attribute: 1) }
    case .parameter: return [GradientCase(shapes: [[3, 2]]) { $1[0] }]
    case .extent: return [GradientCase(shapes: [[3, 2]]) { $0.extent(.rowsOf, of: $1[0]) }]
    case .argument: return loops()
    case .draw:
      return source {
        $0.draw(Draw(distribution: .normal, name: "z", isGlobal: false, site: 1), real([2, 2]))
      }
    case .iota: return source { $0.source(.iota, real([2, 2]), attribute: 1) }
    case .identity: return source { $0.source(.identity, real([2, 2])) }
    case .negate, .absolute, .sign, .exponential, .expm1, .tanh, .sinh, .cosh, .sine, .cosine,
      .tangent, .arcsine, .arccosine, .arctangent, .errorFunction, .floor, .ceiling, .round,
      .isFinite, .exp2, .arcsinh, .arctanh:
      return one(operation, -0.9...0.8)
    case .arccosh: return one(operation, 1.2...3)
    // Between two steps.
    case .bfloat16, .float16: return one(operation, 0.5001...0.5002)
    case .squareRoot, .cubeRoot, .logarithm, .log1p, .log2, .log10, .reciprocal:
      return one(operation)
    case .logicalNot, .logicalAnd, .logicalOr: return truth(operation)
    case .add, .subtract, .multiply, .minimum, .maximum, .copySign: return two(operation, -1...1)
    case .divide, .modulo, .arctangent2: return two(operation)
    case .power:
      return two(operation)
        + [-1, 0, 0.5, 1, 2, 3, 4, 2.5].map { n in
          GradientCase(shapes: [[3]]) { try $0.make(.power, $1[0], $0.constant(n)) }
        }
    case .less, .lessOrEqual, .greater, .greaterOrEqual, .equal, .notEqual:
      return two(operation).dropLast()
    case .select:
      return pairs.filter { $0.0 != [] }.map { a, b in
        GradientCase(shapes: [a, b], range: -1...1) { f, p in
          try f.make(.select, f.make(.greater, p[0], p[1]), p[0], p[1])
        }
      }
        + [true, false].map { taken in
          GradientCase(shapes: [[2, 2], [2]], range: -1...1) { f, p in
            let condition = try f.make(
              taken ? .less : .greater, f.source(.step, .scalar), f.constant(100))
            let mixed = try f.make(.multiply, p[0], p[1])
            return try f.make(.select, condition, f.make(.sine, mixed), f.make(.add, mixed, p[1]))
          }
        }
    case .clip:
      return [
        GradientCase(shapes: [[4, 5]], range: -1...1) {
          try $0.make(.clip, $1[0], $0.constant(-0.3), $0.constant(0.4))
        },
        GradientCase(shapes: [[4, 5], [4, 1], []], range: -1...1) {
          try $0.make(.clip, $1[0], $1[1], $1[2])
        },
      ]
    case .sum, .maximumOf, .minimumOf, .argMaximum, .argMinimum: return reductions(operation)
    case .softmax, .logSoftmax: return one(operation, -1...1)
    case .matrixProduct:
      return [
        GradientCase(shapes: [[3, 4], [4, 2]]) { try $0.make(.matrixProduct, $1[0], $1[1]) },
        GradientCase(shapes: [[3, 4]]) {
          try $0.make(.matrixProduct, $1[0], $0.make(.transpose, $1[0]))
        },
        GradientCase(shapes: [[0, 4], [4, 2]]) { try $0.make(.matrixProduct, $1[0], $1[1]) },
        GradientCase(shapes: [[2, 3, 4], [2, 4, 2]]) { try $0.make(.matrixProduct, $1[0], $1[1]) },
        GradientCase(shapes: [[3, 4], [2, 4, 2]]) { try $0.make(.matrixProduct, $1[0], $1[1]) },
        GradientCase(shapes: [[2, 1, 3, 2], [3, 2, 1]]) {
          try $0.make(.matrixProduct, $1[0], $1[1])
        },
        GradientCase(shapes: [[2, 3, 4]]) {
          try $0.make(.matrixProduct, $1[0], $0.make(.transpose, $1[0]))
        },
      ]
    case .transpose: return one(operation, shapes: [[3, 4], [1, 3], [2, 3, 4], [2, 2, 1, 3]])
    case .unfold: return patches { try $0.patches(.unfold, $1, $2) }
    case .fold:
      return patches { b, x, window in
        let patches = try b.patches(.unfold, x, window)
        let crooked = try b.make(.multiply, patches, patches)
        return try b.patches(.fold, crooked, window, declared: b.type(x))
      }
    case .diagonal: return one(operation, shapes: [[3], [3, 1], [1, 3], [3, 3], [1, 1]])
    case .solve:
      return [
        GradientCase(shapes: [[3, 3], [3, 2]], range: -1...1) {
          try $0.make(.solve, regular(&$0, $1[0], 3), $1[1])
        }
      ]
    case .cholesky:
      return [
        GradientCase(shapes: [[4, 4]], range: -1...1) {
          try $0.make(.cholesky, regular(&$0, $1[0], 4))
        }
      ]
    case .qr: return parts(.qr, [[3, 3], [4, 2], [2, 4], [1, 1]])
    case .eigh: return parts(.eigh, [[4, 4], [1, 1]])
    case .svd: return parts(.svd, [[3, 3], [4, 2], [2, 4], [1, 1]])
    case .reshape:
      return [
        GradientCase(shapes: [[3, 4]]) { try $0.make(.reshape, $1[0], declared: real([2, 6])) }
      ]
    case .broadcast:
      return [
        GradientCase(shapes: [[3, 1]]) {
          try $0.make(.broadcast, $1[0], declared: real([2, 3, 4]))
        }
      ]
    case .slice:
      return [
        GradientCase(shapes: [[3, 4]]) { try $0.slice($1[0], [dropped, tail]) },
        GradientCase(shapes: [[2, 4, 3]]) { try $0.slice($1[0], [.full, middle]) },
        GradientCase(shapes: [[4]]) { try $0.slice($1[0], [dropped]) },
      ]
    case .placeSlice:
      return [
        GradientCase(shapes: [[2, 2]]) {
          try $0.placeSlice($1[0], [tail, middle], type: real([3, 4]))
        },
        GradientCase(shapes: [[4]]) { try $0.placeSlice($1[0], [dropped], type: real([3, 4])) },
      ]
    case .gather:
      return [
        GradientCase(shapes: [[3, 2]]) { b, p in
          let rows = try b.make(.modulo, b.source(.iota, real([5, 1])), b.constant(3))
          return try b.make(.gather, p[0], rows)
        }
      ]
    case .scatterAdd:
      return [
        GradientCase(shapes: [[5, 2]]) { b, p in
          let rows = try b.make(.modulo, b.source(.iota, real([5, 1])), b.constant(3))
          return try b.make(.scatterAdd, rows, p[0], declared: real([4, 2]))
        }
      ]
    case .takeAlong:
      return [
        GradientCase(shapes: [[4, 3]]) { b, p in
          let index = try b.make(.modulo, b.source(.iota, real([4, 1])), b.constant(3))
          return try b.make(.takeAlong, p[0], index)
        },
        GradientCase(shapes: [[4, 3]], range: -1...1) { b, p in
          let index = try b.make(.modulo, b.source(.iota, real([4, 1])), b.constant(3))
          let entries = try b.make(.takeAlong, b.make(.logSoftmax, p[0]), index)
          return try b.make(.divide, b.make(.sum, entries), b.constant(-4))
        },
      ]
    case .placeAlong:
      return [
        GradientCase(shapes: [[4, 1]]) { b, p in
          let index = try b.make(.modulo, b.source(.iota, real([4, 1])), b.constant(3))
          return try b.make(.placeAlong, p[0], index, declared: real([4, 3]))
        }
      ]
    case .sort, .argSort: return one(operation, -1...1)
    case .topKMask:
      return [
        GradientCase(shapes: [[3, 4]]) { b, p in
          try b.make(.multiply, p[0], b.make(.topKMask, p[0], b.constant(0.4)))
        }
      ]
    case .quantile:
      return [[], [1], [7], [3, 4]].map { size in
        GradientCase(shapes: [size, []]) { try $0.make(.quantile, $1[0], $1[1]) }
      }
    case .loop, .project: return loops()
    case .globalSum, .globalMaximum, .globalMinimum, .lossAt, .gradientAt, .hessianProduct, .push:
      return []
    }
  }
}
