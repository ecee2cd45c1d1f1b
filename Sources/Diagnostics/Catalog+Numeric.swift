extension Catalog {
  /// R09xx: numbers while running.
  static let numericPages: [CatalogPage] = [
    CatalogPage(
      .singularMatrix, "A singular matrix",
      "`solve` met a matrix that no inverse has. Add a small multiple of `eye(rows)`.",
      trigger: .command(
        "ravine replay r.opt:Newton t.json",
        files: [
          (
            "r.opt",
            """
            rule Newton { w' = w - solve(0 * w @ w.T, g) }
            """
          ),
          (
            "t.json",
            """
            {"shape": [2, 2], "p0": [[1, 0], [0, 1]], "gradients": [[[1, 1], [1, 1]]], "parameters": [[[0, -1], [-1, 0]]]}
            """
          ),
        ]),
      repair: .command(
        "ravine replay r.opt:Newton t.json",
        files: [
          (
            "r.opt",
            """
            rule Newton { w' = w - solve(w @ w.T, g) }
            """
          ),
          (
            "t.json",
            """
            {"shape": [2, 2], "p0": [[1, 0], [0, 1]], "gradients": [[[1, 1], [1, 1]]], "parameters": [[[0, -1], [-1, 0]]]}
            """
          ),
        ])),
    CatalogPage(
      .notPositiveDefinite, "A matrix that is not positive definite",
      "`cholesky` needs a symmetric matrix with positive eigenvalues. Add a small multiple "
        + "of `eye(rows)`.",
      trigger: .command(
        "ravine replay r.opt:Whitened t.json",
        files: [
          (
            "r.opt",
            """
            rule Whitened { w' = w - cholesky(-w @ w.T) @ g }
            """
          ),
          (
            "t.json",
            """
            {"shape": [2, 2], "p0": [[1, 0], [0, 1]], "gradients": [[[1, 1], [1, 1]]], "parameters": [[[0, -1], [-1, 0]]]}
            """
          ),
        ]),
      repair: .command(
        "ravine replay r.opt:Whitened t.json",
        files: [
          (
            "r.opt",
            """
            rule Whitened { w' = w - cholesky(w @ w.T) @ g }
            """
          ),
          (
            "t.json",
            """
            {"shape": [2, 2], "p0": [[1, 0], [0, 1]], "gradients": [[[1, 1], [1, 1]]], "parameters": [[[0, -1], [-1, 0]]]}
            """
          ),
        ])),
    CatalogPage(
      .noConvergence, "A decomposition that did not converge",
      "The iteration behind `eigh` or `svd` found no answer. This is rare; scale the "
        + "matrix, or look for entries of very different size.",
      trigger: .situation(
        """
        svd of a matrix on which LAPACK gives up
        """),
      repair: .situation(
        """
        svd of the matrix divided by its norm
        """)),
    CatalogPage(
      .indexOutsideAxis, "An index outside of an axis",
      "`gather`, `take_along` and their like met an index that names no entry; they count "
        + "from 0. With data, a target class is often larger than the number of outputs.",
      trigger: .command(
        "ravine run e.opt",
        files: [
          (
            "e.opt",
            """
            gather(zeros(3, 2), [3])
            """
          )
        ]),
      repair: .command(
        "ravine run e.opt",
        files: [
          (
            "e.opt",
            """
            gather(zeros(3, 2), [2])
            """
          )
        ])),
    CatalogPage(
      .decompositionNotFinite, "A decomposition of what is not finite",
      "A matrix with a NaN or an infinity has no decomposition. An earlier step has "
        + "overflowed: lower the learning rate, or use `guard finite`.",
      trigger: .command(
        "ravine replay r.opt:Whitened t.json --tolerance 10",
        files: [
          (
            "r.opt",
            """
            rule Whitened {
                λ, Q = eigh(g @ g.T / 0)
                w' = w - Q @ g * λ[0]
            }
            """
          ),
          (
            "t.json",
            """
            {"shape": [2, 2], "p0": [[1, 1], [1, 1]], "gradients": [[[1, 1], [1, 1]]], "parameters": [[[0, 0], [0, 0]]]}
            """
          ),
        ]),
      repair: .command(
        "ravine replay r.opt:Whitened t.json --tolerance 10",
        files: [
          (
            "r.opt",
            """
            rule Whitened {
                λ, Q = eigh(g @ g.T / 2)
                w' = w - Q @ g * λ[0]
            }
            """
          ),
          (
            "t.json",
            """
            {"shape": [2, 2], "p0": [[1, 1], [1, 1]], "gradients": [[[1, 1], [1, 1]]], "parameters": [[[1, 1], [1, 1]]]}
            """
          ),
        ])),
    CatalogPage(
      .recordedDraw, "A recorded draw of another size",
      "A recorded run has numbers for a random draw of the rule, and not as many as the "
        + "rule draws. One number serves all elements.",
      trigger: .command(
        "ravine replay r.opt:Noisy t.json",
        files: [
          (
            "r.opt",
            """
            rule Noisy(lr = 0.1) {
                z = normal()
                w' = w - lr * (g + z)
            }
            """
          ),
          (
            "t.json",
            """
            {"shape": [3], "p0": [1, 1, 1], "gradients": [[1, 1, 1]], "parameters": [[0.9, 0.9, 0.9]], "inputs": {"z": [[0, 0]]}}
            """
          ),
        ]),
      repair: .command(
        "ravine replay r.opt:Noisy t.json",
        files: [
          (
            "r.opt",
            """
            rule Noisy(lr = 0.1) {
                z = normal()
                w' = w - lr * (g + z)
            }
            """
          ),
          (
            "t.json",
            """
            {"shape": [3], "p0": [1, 1, 1], "gradients": [[1, 1, 1]], "parameters": [[0.9, 0.9, 0.9]], "inputs": {"z": [[0, 0, 0]]}}
            """
          ),
        ])),
    CatalogPage(
      .endlessRepeat, "A `repeat` without end",
      "The count of a `repeat` is NaN, infinite or beyond 10⁹.",
      trigger: .situation(
        """
        a program built by hand whose loop count is 1/0
        """),
      repair: .situation(
        """
        a count between 0 and 10⁹
        """)),
    CatalogPage(
      .badShare, "A share that selects nothing, or more than there is",
      "`topk_mask(x, share)` keeps the share of the elements that are largest: a number above 0 "
        + "and at most 1.",
      trigger: .command(
        "ravine run e.opt",
        files: [
          (
            "e.opt",
            """
            rule Sparse(lr = 0.1, share = 0) { w' = w - lr * g * topk_mask(abs(g), share) }
            objective bowl(x: vector(2) = [1, 1]) = sum(x^2)
            minimize bowl with Sparse for 5 steps
            """
          )
        ]),
      repair: .command(
        "ravine run e.opt",
        files: [
          (
            "e.opt",
            """
            rule Sparse(lr = 0.1, share = 0.5) { w' = w - lr * g * topk_mask(abs(g), share) }
            objective bowl(x: vector(2) = [1, 1]) = sum(x^2)
            minimize bowl with Sparse for 5 steps
            """
          )
        ])),
    CatalogPage(
      .noLibrary, "A decomposition without a library",
      "`solve`, `cholesky`, `qr`, `eigh` and `svd` are computed by LAPACK, which comes with the matrix "
        + "library. None was found that has it and computes rightly, or RAVINE_BLAS is `none`; "
        + "`ravine --version --verbose` says what was found. Install OpenBLAS (Debian: "
        + "`apt-get install libopenblas0`).",
      trigger: .command(
        "RAVINE_BLAS=none ravine run e.opt",
        files: [
          (
            "e.opt",
            """
            cholesky([[4, 2], [2, 10]])
            """
          )
        ]),
      repair: .command(
        "ravine run e.opt",
        files: [
          (
            "e.opt",
            """
            cholesky([[4, 2], [2, 10]])
            """
          )
        ])),
    CatalogPage(
      .lossNotFinite, "A loss or parameter that is not finite",
      "The training of this rule and seed stops at this step, the others go on, and "
        + "`ravine` ends with 4. A smaller learning rate, clipping or a warm-up may help.",
      trigger: .command(
        "ravine run e.opt",
        files: [
          (
            "e.opt",
            """
            objective bowl(x: vector(2) = [1, 1]) = sum(x^4)
            minimize bowl with SGD(lr = 10) for 100 steps
            """
          )
        ]),
      repair: .command(
        "ravine run e.opt",
        files: [
          (
            "e.opt",
            """
            objective bowl(x: vector(2) = [1, 1]) = sum(x^4)
            minimize bowl with SGD(lr = 0.1) for 100 steps
            """
          )
        ])),
    CatalogPage(
      .assertionFails, "An assertion that does not hold",
      "`assert` states what the script relies on; `ravine` ends with 1.",
      trigger: .command(
        "ravine run e.opt",
        files: [
          (
            "e.opt",
            """
            assert 1 + 1 == 3
            """
          )
        ]),
      repair: .command(
        "ravine run e.opt",
        files: [
          (
            "e.opt",
            """
            assert 1 + 1 == 2
            """
          )
        ])),
  ]
}
