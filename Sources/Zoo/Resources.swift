import CData

extension Library {
  /// The bytes of a data file that comes with Ravine; nil where there is none of this name.
  package static func dataFile(_ name: String) -> [UInt8]? {
    var count = 0
    guard let bytes = rv_data_file(name, &count) else { return nil }
    return Array(UnsafeBufferPointer(start: bytes, count: count))
  }
}

/// The texts that are built into the library.
enum Resources {
  static var files: [(name: String, bytes: [UInt8])] {
    [
      ("zoo/prelude.opt", PackageResources.prelude_opt),
      ("zoo/descent.opt", PackageResources.descent_opt),
      ("zoo/momentum.opt", PackageResources.momentum_opt),
      ("zoo/sign.opt", PackageResources.sign_opt),
      ("zoo/adaptive.opt", PackageResources.adaptive_opt),
      ("zoo/moments.opt", PackageResources.moments_opt),
      ("zoo/clipping.opt", PackageResources.clipping_opt),
      ("zoo/matrix.opt", PackageResources.matrix_opt),
      ("zoo/transformers.opt", PackageResources.transformers_opt),
      ("zoo/projected.opt", PackageResources.projected_opt),
      ("zoo/preconditioned.opt", PackageResources.preconditioned_opt),
      ("zoo/parameterfree.opt", PackageResources.parameterfree_opt),
      ("zoo/sparse.opt", PackageResources.sparse_opt),
      ("zoo/distributed.opt", PackageResources.distributed_opt),
      ("problems/valleys.opt", PackageResources.valleys_opt),
      ("problems/bowls.opt", PackageResources.bowls_opt),
      ("problems/games.opt", PackageResources.games_opt),
      ("problems/constraints.opt", PackageResources.constraints_opt),
      ("problems/networks.opt", PackageResources.networks_opt),
    ]
  }
}
