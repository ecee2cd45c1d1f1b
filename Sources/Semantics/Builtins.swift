import IR
import Syntax

/// The names that the language itself gives a meaning, by where they may stand.
package enum Builtins {
  /// Sources that a rule may read.
  package static let ruleNames: Set<String> = ["w", "g", "loss"]
  /// Names that any expression may read.
  package static let everywhere: Set<String> = [
    "t", "T", "pi", "inf", "e", "nan", "true", "false",
  ]
  /// What a tensor is, inside rules and routes.
  package static let tensorNames: Set<String> = ["rank", "rows", "cols", "numel"]
  package static let objectiveNames: Set<String> = ["batch", "features", "training"]
  /// What a function may read: it must then stand where that has a meaning.
  static let functionNames = tensorNames.union(["training"])
  /// Words for named axes: their types, and functions that put a list along one.
  package static let axisTypes = Set(AxisName.allCases.map(\.word))
  /// Words that are the lengths of named axes in a rule that has them.
  package static let axisLengths: Set<String> = ["batch", "groups", "workers"]

  /// Functions that are operations of the IR or are made of a few of them.
  package static let functions: Set<String> = {
    var names: Set<String> = []
    for operation in Operation.allCases {
      let name = operation.info.name
      if let first = name.unicodeScalars.first, first.properties.isAlphabetic,
        !["w", "g", "t", "T", "if", "repeat", "mod", "and", "or"].contains(name)
      {
        names.insert(name)
      }
    }
    names.formUnion([
      "norm", "rms", "mean", "dot", "count", "std", "var", "any", "all", "trace", "outer",
      "flatten", "rows", "cols", "numel", "zeros", "ones", "full", "stack", "groups",
      "lapack_svd", "conv2d",
    ])
    for reduction in ["sum", "mean", "max", "min", "norm", "rms", "count", "argmax", "argmin"] {
      names.insert("row_" + reduction)
      names.insert("col_" + reduction)
    }
    names.formUnion(draws)
    names.subtract(["scatter_add", "place_along", "fold"])
    return names
  }()

  package static let draws: Set<String> = [
    "normal", "uniform", "rademacher", "exponential", "bernoulli",
  ]

  /// Functions whose arguments may be a shape in words, such as `vector(rows)`.
  package static let takingShapes: Set<String> = draws.union([
    "zeros", "ones", "full", "eye", "iota", "reshape", "broadcast",
  ])

  /// Words that name values inside an item.
  static func words(in item: Item.Kind?) -> Set<String> {
    switch item {
    case .rule: everywhere.union(ruleNames).union(tensorNames)
    case .function: everywhere.union(functionNames)
    case .objective: everywhere.union(objectiveNames)
    default: everywhere
    }
  }

  /// Readers of a `data` statement.
  package static let readers: Set<String> = ["csv", "npy", "npz"]
}
