import IR
import Semantics

/// What the language itself gives a meaning: operations and words, each with a line.
struct BuiltinHelp {
  var name: String
  /// As it is written.
  var usage: String
  var meaning: String

  static func entry(_ name: String) -> BuiltinHelp? { index[name] }

  private static let index = Dictionary(
    (entries + words).map { ($0.name, $0) }, uniquingKeysWith: { a, _ in a })

  /// Functions, in the order of docs/language.md: names of operations, of the others their line.
  static let entries: [BuiltinHelp] = table(
    """
    abs sign sqrt cbrt exp expm1 exp2 log log1p log2 log10 sin cos tan arcsin arccos arctan arctan2
    sinh cosh tanh arcsinh arccosh arctanh reciprocal erf floor ceil round bf16 f16
    min max clip copysign isfinite sum
    mean | mean(x) | the mean of this tensor
    norm | norm(x) | the Euclidean norm of this tensor, also ‖x‖
    rms | rms(x) | the root of the mean square
    dot | dot(x, y) | the sum of the products
    count | count(c) | how many elements satisfy a condition
    any | any(c) | whether some element satisfies a condition
    all | all(c) | whether every element satisfies a condition
    std | std(x) | the standard deviation
    var | var(x) | the variance
    argmax argmin
    row_sum | row_sum(x) | along each row, a column of rows numbers
    row_mean | row_mean(x) | along each row
    row_max | row_max(x) | along each row
    row_min | row_min(x) | along each row
    row_norm | row_norm(x) | along each row
    row_rms | row_rms(x) | along each row
    row_count | row_count(c) | along each row
    row_argmax | row_argmax(x) | along each row
    row_argmin | row_argmin(x) | along each row
    col_sum | col_sum(x) | along each column, a row of cols numbers
    col_mean | col_mean(x) | along each column
    col_max | col_max(x) | along each column
    col_min | col_min(x) | along each column
    col_norm | col_norm(x) | along each column
    col_rms | col_rms(x) | along each column
    col_count | col_count(c) | along each column
    col_argmax | col_argmax(x) | along each column
    col_argmin | col_argmin(x) | along each column
    softmax log_softmax transpose eye diag
    outer | outer(x, y) | the matrix of all products
    trace | trace(A) | the sum of the diagonal
    solve cholesky qr eigh svd
    lapack_svd | U, s, V = lapack_svd(A) | svd with the signs that LAPACK gives
    flatten | flatten(x) | as a vector
    reshape broadcast
    zeros | zeros(shape) | all 0
    ones | ones(shape) | all 1
    full | full(x, shape) | all x
    iota gather take_along unfold
    conv2d | conv2d(x, K, stride = 1, pad = 0) | images under a kernel, rows × cols × channels × outputs
    sort argsort topk_mask hvp quantile push
    normal | normal() | a draw from the normal distribution
    uniform | uniform() | a draw from [0, 1)
    rademacher | rademacher() | -1 or 1, each half of the time
    exponential | exponential() | a draw from the exponential distribution
    bernoulli | bernoulli(p) | 1 with probability p, else 0
    rows | rows | the first length of the tensor
    cols | cols | the product of its other lengths
    numel | numel | how many elements it has
    loss grad
    stack | stack(values) | a list along the axis `stack`
    groups | groups | how many groups of a loss there are
    """)

  /// Words of the language.
  static let words: [BuiltinHelp] = table(
    """
    rule | rule NAME(lr = 0.1) { … } | one step of an optimizer, as equations for w' and the states
    fn | fn NAME(x, y) = … | a function
    objective | objective NAME(x: vector(2) = [1, 1]) = … | what is minimised
    data | data NAME = csv("file.csv", target = "y") | examples to learn from
    minimize | minimize OBJECTIVE with RULE, RULE for 100 steps | runs rules on an objective
    maximize | maximize OBJECTIVE with RULE, RULE for 100 steps | makes an objective large
    train | train OBJECTIVE on DATA with RULE for 5 epochs batch 64 seeds 3 | learns from data
    task | task NAME = minimize OBJECTIVE for 500 steps until loss < 1e-3 | work for any rule, with a target
    command | task NAME = command "python3 train.py" for 200 steps until loss < 0.1 | work that another program does
    until | minimize f with SGD for 500 steps until loss < 1e-3 | ends a run where a series comes to a number
    record | minimize f with SGD for 500 steps record sharpness | measures one thing more
    save | train f on d with SGD for 50 epochs save every 10 epochs to "run.safetensors" | keeps the run in a file; the same statement, or `ravine run --resume`, goes on with it. A statement of its own, `save w to "w.npz"`, keeps the parameters at the end
    from | minimize f with SGD for 500 steps from "w.npz" | where runs start: a point, or a file that `save` wrote
    delay | minimize f with SGD for 500 steps delay 8 | each step gets the gradient of so many steps before
    ascend | objective f(x: scalar, ascend y: scalar) = … | a parameter that makes the loss large
    plot | plot loss y in [0.01, 1] log to "file.svg" | draws what the last experiment recorded; axes and the file, .svg or .png, may be left out
    search | search NAME from SGD on TASK, TASK for 20000 programs validate on TASK | finds rules by evolution; NAME becomes the best one, and after Ctrl-C the same statement goes on
    using | search NAME from SGD on TASK using sign, ema for 20000 programs | the functions that a search puts in
    validate | search NAME from SGD on TASK for 20000 programs validate on TASK | tasks that choose among what is found
    test | search NAME from SGD on TASK for 20000 programs test on TASK | tasks that stay locked until the search is over
    against | search NAME from SGD on TASK against Lion for 20000 programs | the rule that scores are relative to
    assert | assert A == B | proves that two rules are equal, or that a condition holds
    state | state m, v = 1 | memory between steps, of the shape of w
    input | input h | a value that the host gives at each step
    param | param W: matrix(2, 3) = normal() | what an objective trains
    metric | metric accuracy = … | a number that is recorded beside the loss
    view | view eval = … | the weights to evaluate or ship
    when | when c { … } else { … } | equations under a scalar condition
    every | every 10 { … } | equations at every tenth step
    repeat | repeat 5 { X' = … } | a loop of a fixed number of turns
    route | rule R = route { rank == 2 -> Muon  otherwise -> AdamW } | which rule for which tensor
    guard | guard finite | a step with a gradient that is not finite does nothing
    not | not c | whether a condition does not hold
    over | mean over batch G | a reduction along a named axis
    global | global norm(g) | over all parameter tensors
    w | w | the parameter tensor before the step; w' after it
    g | g | the gradient
    t | t | the number of the step: 1, 2, …
    T | T | the planned number of steps
    training | training | in objectives: true in a step, false where something is measured
    pi | pi | 3.14159…, also π
    e | e | 2.71828…
    inf | inf | larger than every number, also ∞
    nan | nan | not a number
    """)

  private static let operations = Operation.allCases.compactMap { operation in
    operation.words.map {
      BuiltinHelp(name: operation.info.name, usage: $0.usage, meaning: $0.meaning)
    }
  }

  private static func table(_ text: String) -> [BuiltinHelp] {
    text.split(separator: "\n").flatMap { line -> [BuiltinHelp] in
      let parts = line.split(separator: "|", maxSplits: 2).map {
        $0.drop { $0 == " " }
      }
      if parts.count == 1 {
        return line.split(separator: " ").map { name in operations.first { $0.name == name }! }
      }
      return [
        BuiltinHelp(
          name: String(parts[0]).trimmedRight, usage: String(parts[1]).trimmedRight,
          meaning: String(parts[2]))
      ]
    }
  }
}

extension Operation {
  /// How a call is written and what it gives; nil where a sign, a word of the language or another
  /// operation of the name has the line.
  var words: (usage: String, meaning: String)? {
    switch self {
    case .absolute, .sign, .squareRoot, .cubeRoot, .exponential, .expm1, .logarithm, .log1p, .tanh,
      .sinh, .cosh, .sine, .cosine, .tangent, .arcsine, .arccosine, .arctangent, .floor, .ceiling,
      .round, .errorFunction, .isFinite, .bfloat16, .float16, .exp2, .log2, .log10, .arcsinh,
      .arccosh, .arctanh, .reciprocal:
      ("\(info.name)(x)", info.meaning)
    case .loss: ("loss", "the objective where g was taken; loss(x) its value at x")
    case .iota: ("iota(n)", "0, 1, 2, …")
    case .identity: ("eye(n)", "the identity matrix")
    case .minimum:
      ("min(a, b, …)", "the smaller, element by element; of one value its smallest element")
    case .maximum:
      ("max(a, b, …)", "the larger, element by element; of one value its largest element")
    case .arctangent2: ("arctan2(y, x)", "the angle of the point (x, y)")
    case .copySign: ("copysign(x, y)", "the size of x with the sign of y")
    case .clip: ("clip(x, low, high)", "x moved into [low, high]")
    case .sum: ("sum(x)", "of all elements of this tensor; `global sum(x)` of all tensors")
    case .argMaximum: ("argmax(x)", "the position of the largest element; of a matrix for each row")
    case .argMinimum:
      ("argmin(x)", "the position of the smallest element; of a matrix for each row")
    case .softmax: ("softmax(x)", "rows as distributions")
    case .logSoftmax: ("log_softmax(x)", "the logarithm of softmax")
    case .transpose: ("transpose(A)", "rows and columns exchanged, also A.T")
    case .diagonal: ("diag(x)", "a diagonal matrix, or the diagonal of a matrix")
    case .solve: ("solve(A, B)", "the X with A @ X = B")
    case .cholesky: ("cholesky(A)", "the lower L with L @ L.T = A")
    case .qr: ("Q, R = qr(A)", "orthonormal columns and an upper triangle")
    case .eigh: ("λ, V = eigh(A)", "eigenvalues and eigenvectors of a symmetric matrix")
    case .svd: ("U, s, V = svd(A)", "singular values and vectors")
    case .reshape: ("reshape(x, shape)", "the same numbers under another shape")
    case .broadcast: ("broadcast(x, shape)", "stretched to a shape")
    case .gather: ("gather(x, index)", "the elements or rows at the positions")
    case .takeAlong: ("take_along(x, index)", "from each row the elements at its positions")
    case .unfold:
      (
        "unfold(x, rows, cols, stride = 1, pad = 0)",
        "the patches of images, one a place of a window"
      )
    case .push: ("push(h, x)", "a window with a new value in front, the oldest gone")
    case .sort: ("sort(x)", "in ascending order")
    case .argSort: ("argsort(x)", "the positions in ascending order")
    case .topKMask: ("topk_mask(x, fraction)", "1 at the largest sizes, that share of the elements")
    case .quantile: ("quantile(x, q)", "the value below which a share q lies")
    case .gradientAt: ("grad(x)", "the gradient of the objective at x")
    case .hessianProduct: ("hvp(v)", "the Hessian of the objective times a direction")
    case .constant, .hyper, .free, .step, .horizon, .parameter, .gradient, .state, .input, .extent,
      .argument, .draw, .negate, .logicalNot, .add, .subtract, .multiply, .divide, .power, .modulo,
      .less, .lessOrEqual, .greater, .greaterOrEqual, .equal, .notEqual, .logicalAnd, .logicalOr,
      .select, .maximumOf, .minimumOf, .globalSum, .globalMaximum, .globalMinimum, .matrixProduct,
      .slice, .placeSlice, .scatterAdd, .placeAlong, .fold, .lossAt, .loop, .project:
      nil
    }
  }
}
