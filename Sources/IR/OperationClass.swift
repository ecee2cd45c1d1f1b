/// The class of work and which of its class an operation is: the engine's strategy and the cost
/// sheet's words. Switches over one class need no `default`.
package enum OperationClass: Hashable, Sendable {
  case source(Source), elementwise, reduction(Reduction), globalReduction(Fold), rowwise(Rowwise)
  case matrix(Matrix), movement(Movement), selection(Selection), oracle, region

  package enum Source: Sendable {
    case constant, hyper, free, step, horizon, parameter, gradient, state, input, loss
    case extent, argument, draw, iota, identity
  }

  /// What engines fold number after number, in passes and across tensors.
  package enum Fold: Sendable { case sum, maximum, minimum }

  package enum Reduction: Hashable, Sendable { case fold(Fold), argMaximum, argMinimum }

  package enum Rowwise: Sendable { case softmax, logSoftmax }

  package enum Matrix: Sendable {
    case product, transpose, solve, cholesky, qr, eigh, svd

    package var isDecomposition: Bool {
      switch self {
      case .product, .transpose: false
      case .solve, .cholesky, .qr, .eigh, .svd: true
      }
    }
  }

  package enum Movement: Sendable {
    case reshape, broadcast, slice, placeSlice, gather, scatterAdd, takeAlong, placeAlong, push
    case diagonal, unfold, fold
  }

  package enum Selection: Sendable { case sort, argSort, topKMask, quantile }
}

extension Operation {
  package var isElementwise: Bool { operationClass == .elementwise }
  package var isSource: Bool { if case .source = operationClass { true } else { false } }
  package var isReduction: Bool { if case .reduction = operationClass { true } else { false } }
  /// A sum or an extremum within a tensor.
  package var isFold: Bool {
    if case .reduction(.fold) = operationClass { true } else { false }
  }
  package var isGlobalReduction: Bool {
    if case .globalReduction = operationClass { true } else { false }
  }
  /// Whether it meets the other tensors.
  package var isBarrier: Bool { isGlobalReduction || operationClass == .oracle }
  package var isOfMatrices: Bool { if case .matrix = operationClass { true } else { false } }
  package var isDecomposition: Bool {
    if case .matrix(let matrix) = operationClass { matrix.isDecomposition } else { false }
  }
}
