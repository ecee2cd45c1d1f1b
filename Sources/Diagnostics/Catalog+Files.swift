extension Catalog {
  /// R0750 to R0769: written files and recorded runs.
  static let filePages: [CatalogPage] = [
    CatalogPage(
      .noDirectory, "No directory to write in",
      "The directory of the file does not exist; it is not made.",
      trigger: .command(
        "ravine run e.opt",
        files: [
          (
            "e.opt",
            """
            objective bowl(x: vector(2) = [1, 1]) = sum(x^2)
            minimize bowl with SGD for 10 steps
            plot loss to "missing/loss.svg"
            """
          )
        ]),
      repair: .command(
        "ravine run e.opt",
        files: [
          (
            "e.opt",
            """
            objective bowl(x: vector(2) = [1, 1]) = sum(x^2)
            minimize bowl with SGD for 10 steps
            plot loss to "loss.svg"
            """
          )
        ])),
    CatalogPage(
      .notPermitted, "Not allowed to write",
      "The directory or the existing file is protected, or the file system is read-only.",
      trigger: .situation(
        """
        plot loss to "/etc/loss.svg"
        """),
      repair: .situation(
        """
        plot loss to "loss.svg"
        """)),
    CatalogPage(
      .diskFull, "The disk is full",
      "Full, over quota, or beyond the largest file size. The old file is untouched and "
        + "nothing is left behind.",
      trigger: .situation(
        """
        plot loss to "/full/loss.svg"
        """),
      repair: .situation(
        """
        plot loss to "loss.svg"
        """)),
    CatalogPage(
      .notAFile, "Not a file to write",
      "The place is a directory, a device or a pipe, or no file name at all.",
      trigger: .command(
        "ravine run e.opt",
        files: [
          (
            "plots.svg/readme",
            """
            A directory with the name of a plot.
            """
          ),
          (
            "e.opt",
            """
            objective bowl(x: vector(2) = [1, 1]) = sum(x^2)
            minimize bowl with SGD for 10 steps
            plot loss to "plots.svg"
            """
          ),
        ]),
      repair: .command(
        "ravine run e.opt",
        files: [
          (
            "e.opt",
            """
            objective bowl(x: vector(2) = [1, 1]) = sum(x^2)
            minimize bowl with SGD for 10 steps
            plot loss to "loss.svg"
            """
          )
        ])),
    CatalogPage(
      .writeFailed, "Writing failed",
      "Anything else that the system reports, such as a name that is too long or a failing "
        + "disk.",
      trigger: .situation(
        """
        plot loss to "….svg" with a name of 300 letters
        """),
      repair: .situation(
        """
        plot loss to "loss.svg"
        """)),
    CatalogPage(
      .notJSON, "A recorded run that is not JSON",
      "Line and column say where the text stops being JSON.",
      trigger: .command(
        "ravine replay 'SGD(lr = 0.1)' t.json",
        files: [
          (
            "t.json",
            """
            {"shape": [1], "p0": [1],, "gradients": [[1]], "parameters": [[0.9]]}
            """
          )
        ]),
      repair: .command(
        "ravine replay 'SGD(lr = 0.1)' t.json",
        files: [
          (
            "t.json",
            """
            {"shape": [1], "p0": [1], "gradients": [[1]], "parameters": [[0.9]]}
            """
          )
        ])),
    CatalogPage(
      .missingMember, "A recorded run without a member",
      "A recorded run is an object with `shape`, `p0`, `gradients` and `parameters`, arrays "
        + "of numbers.",
      trigger: .command(
        "ravine replay 'SGD(lr = 0.1)' t.json",
        files: [
          (
            "t.json",
            """
            {"shape": [1], "gradients": [[1]], "parameters": [[0.9]]}
            """
          )
        ]),
      repair: .command(
        "ravine replay 'SGD(lr = 0.1)' t.json",
        files: [
          (
            "t.json",
            """
            {"shape": [1], "p0": [1], "gradients": [[1]], "parameters": [[0.9]]}
            """
          )
        ])),
    CatalogPage(
      .recordedLength, "A recorded array of another length",
      "Each step has as many numbers as the shape, and `parameters` as many steps as "
        + "`gradients`; an input has as many as the rule declares.",
      trigger: .command(
        "ravine replay 'SGD(lr = 0.1)' t.json",
        files: [
          (
            "t.json",
            """
            {"shape": [2], "p0": [1, 1], "gradients": [[1]], "parameters": [[0.9, 0.9]]}
            """
          )
        ]),
      repair: .command(
        "ravine replay 'SGD(lr = 0.1)' t.json",
        files: [
          (
            "t.json",
            """
            {"shape": [2], "p0": [1, 1], "gradients": [[1, 1]], "parameters": [[0.9, 0.9]]}
            """
          )
        ])),
    CatalogPage(
      .unrecordedInput, "An input that was not recorded",
      "The rule declares an input, or reads the loss, and the recorded run has none of that "
        + "name under `inputs`.",
      trigger: .command(
        "ravine replay r.opt:Scaled t.json",
        files: [
          (
            "r.opt",
            """
            rule Scaled(lr = 0.1) {
                input h
                w' = w - lr * g / h
            }
            """
          ),
          (
            "t.json",
            """
            {"shape": [1], "p0": [1], "gradients": [[1]], "parameters": [[0.95]]}
            """
          ),
        ]),
      repair: .command(
        "ravine replay r.opt:Scaled t.json",
        files: [
          (
            "r.opt",
            """
            rule Scaled(lr = 0.1) {
                input h
                w' = w - lr * g / h
            }
            """
          ),
          (
            "t.json",
            """
            {"shape": [1], "p0": [1], "gradients": [[1]], "parameters": [[0.95]], "inputs": {"h": [[2]]}}
            """
          ),
        ])),
  ]
}
