import CKernels
import Diagnostics
import IR

/// A place in a slot: the base of a contiguous operand of a step.
struct SlotAddress: Hashable {
  var slot: Int32
  /// Bytes.
  var offset: Int
  static let none = SlotAddress(slot: -1, offset: 0)
}

/// One step of a plan. Plain data: operands by slot, sizes, scalar registers.
struct PlanStep {
  /// Scalar register that says whether the step runs, or -1.
  var predicateRegister: Int32 = -1
  /// What it computes and where that is written, for errors.
  var operation: Operation
  var origin: Span = .none
  var work: Work

  init(_ work: Work, _ operation: Operation = .constant) {
    self.work = work
    self.operation = operation
  }

  enum Work {
    /// Runs these instructions of the scalar program.
    case scalars(Range<Int>)
    /// Runs a pass, by its number.
    case segment(Int)
    /// Runs a loop, by its number.
    case loop(Int)
    case contribute(Contribution)
    case query(OracleQuery)
    case product(MatrixProduct)
    case softmax(Rowwise, isLogarithm: Bool)
    case diagonal(from: SlotAddress, into: SlotAddress, count: Int)
    case placeSlice(SlicePlacement)
    case gather(IndexedMove)
    case scatterAdd(IndexedMove)
    case takeAlong(IndexedMove)
    case placeAlong(IndexedMove)
    case unfold(Patches)
    case fold(Patches)
    case sort(Selection, givesIndices: Bool)
    /// A share or a quantile stands in the register.
    case topKMask(Selection, share: Int32)
    case quantile(Selection, share: Int32, result: Int32)
    case argExtreme(ArgExtreme, isLargest: Bool)
    case decomposition(Decomposition)
  }

  /// Gives a number to the reduction over all tensors at a site; all take the result.
  struct Contribution {
    var fold: OperationClass.Fold
    var site: Int
    var value: Int32
    var result: Int32
  }

  /// Offers a point to the oracle at a site.
  struct OracleQuery {
    var site: Int
    var point: SlotAddress
    /// Where the gradient goes; nowhere where the loss is asked for.
    var gradient = SlotAddress.none
    var loss: Int32 = -1
  }

  /// `result` [rows, columns] = `a` [rows, depth] · `b` [depth, columns], each with the length of its
  /// rows in memory, or of its columns where it lies transposed; `count` such products.
  struct MatrixProduct {
    struct Operand {
      var address: SlotAddress
      var isTransposed: Bool
      var leading: Int
      /// Elements from one matrix to the next; 0 where all products take the same.
      var step = 0
    }
    var count = 1
    var a: Operand
    var b: Operand
    var result: SlotAddress
    var rows: Int
    var columns: Int
    var depth: Int
    /// Both operands hold numbers of bfloat16.
    var isOfBFloat16: Bool

    /// Whether the kernel for small products takes it, rather than a matrix library.
    var isSmall: Bool {
      depth <= Int(RV_SMALL_DEPTH) && rows * columns * depth <= 128 * 128 * 128
    }
  }

  struct Rowwise {
    var source: SlotAddress
    var result: SlotAddress
    var rows: Int
    var columns: Int
  }

  /// A tensor among zeros.
  struct SlicePlacement {
    var source: SlotAddress
    var sourceCount: Int
    var result: SlotAddress
    var resultCount: Int
    /// Elements before the first that is placed.
    var offset: Int
    /// Number of the plan's place (its strides).
    var place: Int
  }

  /// Images and their patches, of which one is the source.
  struct Patches {
    var source: SlotAddress
    var result: SlotAddress
    var layout: rv_patches
  }

  /// Moves entries where indices say: `rows` of `columns` entries, indices below `limit`.
  struct IndexedMove {
    var source: SlotAddress
    var indices: SlotAddress
    var indexCount: Int
    var result: SlotAddress
    var rows: Int
    var columns: Int
    var limit: Int
  }

  struct Selection {
    var source: SlotAddress
    var count: Int
    var result: SlotAddress
    var scratch: SlotAddress
  }

  /// The place of the largest or smallest entry in each of `runs` runs of `length` entries, `stride`
  /// apart; runs start `runStride` apart.
  struct ArgExtreme {
    var source: SlotAddress
    var runs: Int
    var length: Int
    var stride: Int
    var runStride: Int
    var result: SlotAddress
    /// The result where it is one number, or -1.
    var register: Int32 = -1
  }

  /// Of a matrix of `rows` × `columns`.
  struct Decomposition {
    enum Kind {
      case solve(right: SlotAddress, columns: Int, into: SlotAddress)
      case cholesky(into: SlotAddress)
      case qr(q: SlotAddress, r: SlotAddress)
      case eigh(values: SlotAddress, vectors: SlotAddress)
      case svd(u: SlotAddress, values: SlotAddress, v: SlotAddress, keepsSigns: Bool)
    }
    var matrix: SlotAddress
    var rows: Int
    var columns: Int
    var kind: Kind
  }
}

extension PlanStep.Work {
  /// The memory that it uses, loops and passes aside.
  var addresses: [SlotAddress] {
    switch self {
    case .scalars, .segment, .loop, .contribute: []
    case .query(let s): [s.point, s.gradient]
    case .product(let s): [s.a.address, s.b.address, s.result]
    case .softmax(let s, _): [s.source, s.result]
    case .diagonal(let source, let result, _): [source, result]
    case .placeSlice(let s): [s.source, s.result]
    case .gather(let s), .scatterAdd(let s), .takeAlong(let s), .placeAlong(let s):
      [s.source, s.indices, s.result]
    case .unfold(let s), .fold(let s): [s.source, s.result]
    case .sort(let s, _), .topKMask(let s, _), .quantile(let s, _, _):
      [s.source, s.result, s.scratch]
    case .argExtreme(let s, _): [s.source, s.result]
    case .decomposition(let s):
      switch s.kind {
      case .solve(let right, _, let x): [s.matrix, right, x]
      case .cholesky(let l): [s.matrix, l]
      case .qr(let q, let r): [s.matrix, q, r]
      case .eigh(let values, let vectors): [s.matrix, values, vectors]
      case .svd(let u, let values, let v, _): [s.matrix, u, values, v]
      }
    }
  }

  /// The site at which all tensors wait for each other; nil for steps of one tensor.
  var site: Int? {
    switch self {
    case .contribute(let s): s.site
    case .query(let s): s.site
    default: nil
    }
  }

  /// What takes as long as so many elements times instructions, loops and passes aside.
  var cost: Double {
    func size(_ m: Int, _ n: Int) -> Double { 8 * Double(m) * Double(max(n, 1)) }
    switch self {
    case .scalars, .segment, .loop, .contribute, .query: return 0
    case .product(let s):
      return Double(s.count) * Double(s.rows) * Double(s.columns) * Double(s.depth) / 2
    case .softmax(let s, _): return size(s.rows, s.columns)
    case .diagonal(_, _, let count): return size(count, 1)
    case .placeSlice(let s): return size(s.sourceCount, 1)
    case .gather(let s), .scatterAdd(let s), .takeAlong(let s), .placeAlong(let s):
      return size(s.rows, s.columns)
    case .unfold(let s), .fold(let s):
      return size(Int(s.layout.images * s.layout.down * s.layout.across), s.layout.area)
    case .sort(let s, _), .topKMask(let s, _), .quantile(let s, _, _): return size(s.count, 1)
    case .argExtreme(let s, _): return size(s.runs, s.length)
    case .decomposition(let s):
      let (m, n) = (Double(s.rows), Double(s.columns))
      switch s.kind {
      // As in a product, a multiplication with its addition counts half.
      case .solve(_, let columns, _): return m * m * m / 6 + m * m * Double(columns) / 2
      case .cholesky: return m * m * m / 12
      case .qr: return 4 * m * n * min(m, n)
      case .eigh, .svd: return 20 * m * n * max(min(m, n), 1)
      }
    }
  }
}

extension rv_patches {
  /// Entries of one patch.
  var area: Int { Int(rows * cols * channels) }
}
