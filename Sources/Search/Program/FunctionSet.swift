import IR

/// What a search may put into programs.
package struct FunctionSet: Hashable, Sendable {
  /// What stands for several operations at once.
  package enum Composite: String, CaseIterable, Sendable {
    case square, cube, ema, interpolate, clip, normalise
    /// The root of the sum of squares of a tensor.
    case norm
  }

  package var operations: [Operation]
  package var composites: [Composite]

  /// The published set as far as it works element by element, without operations that never occurred in what was
  /// found.
  package static let standard = FunctionSet(
    operations: [
      .add, .subtract, .multiply, .divide, .maximum, .minimum, .sign, .absolute, .squareRoot,
      .exponential, .logarithm, .tanh, .arcsine, .arctangent, .sinh, .cosh, .cubeRoot, .reciprocal,
      .negate,
    ],
    composites: [.square, .cube, .ema, .interpolate, .clip, .normalise])

  /// By the names of a `using` clause; the name that is none otherwise.
  package static func named(_ names: [String]) -> Result<FunctionSet, UnknownName> {
    var set = FunctionSet(operations: [], composites: [])
    for name in names {
      if let composite = Composite(rawValue: name) {
        set.composites.append(composite)
      } else if name == "lerp" {
        set.composites.append(.interpolate)
      } else if let operation = Self.known[name] {
        set.operations.append(operation)
      } else {
        return .failure(UnknownName(name: name))
      }
    }
    return .success(set)
  }

  package struct UnknownName: Error { package let name: String }

  /// The operations that can be named: of numbers, giving a number.
  package static let known: [String: Operation] = {
    var result: [String: Operation] = [:]
    for operation in Operation.allCases
    where operation.isElementwise && !operation.info.givesBoolean && !operation.info.name.isEmpty
      && operation.info.arity <= 2 && operation != .logicalNot
    {
      result[operation.info.name] = operation
    }
    for (sign, word, operation) in [
      ("+", "add", Operation.add), ("-", "subtract", .subtract), ("*", "multiply", .multiply),
      ("/", "divide", .divide), ("^", "power", .power), ("min", "min", .minimum),
      ("max", "max", .maximum), ("negate", "negate", .negate),
    ] {
      result[sign] = nil
      result[word] = operation
    }
    return result
  }()

  package static var names: [String] {
    (known.keys + Composite.allCases.map(\.rawValue)).sorted()
  }

  /// The names by which the set is written.
  package var names: [String] {
    operations.map { operation in Self.known.first { $0.value == operation }?.key ?? "" }
      + composites.map(\.rawValue)
  }

  /// The set without some.
  package func without(_ operation: Operation) -> FunctionSet {
    var result = self
    result.operations.removeAll { $0 == operation }
    return result
  }

  func operations(ofArity arity: Int) -> [Operation] {
    operations.filter { $0.info.arity == arity }
  }
}
