extension Catalog {
  /// R022x: what scripts ask for.
  static let scriptPages: [CatalogPage] = [
    CatalogPage(
      .notAClause, "Not a clause of an experiment",
      "The clauses are `for`, `batch`, `seeds` and `from`; `for` counts steps or epochs.",
      trigger: .command(
        "ravine run e.opt",
        files: [
          (
            "e.opt",
            """
            objective bowl(x: vector(2) = [1, 1]) = sum(x^2)
            minimize bowl with SGD for 10 steps every 5
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
            """
          )
        ])),
    CatalogPage(
      .needsData, "An objective that needs data",
      "The objective has inputs (after the `;`), so it is trained on data.",
      trigger: .command(
        "ravine run e.opt",
        files: [
          (
            "e.opt",
            """
            objective line(; x, y) {
                param a: vector(features) = 0
                loss = mean((x @ a - y)^2)
            }
            minimize line with SGD for 10 steps
            """
          )
        ]),
      repair: .command(
        "ravine run e.opt",
        files: [
          (
            "points.csv",
            """
            x,y
            0,1
            1,3
            2,5
            3,7
            """
          ),
          (
            "e.opt",
            """
            data points = csv("points.csv", target = "y", test = 0.25)
            objective line(; x, y) {
                param a: vector(features) = 0
                loss = mean((x @ a - y)^2)
            }
            train line on points with SGD for 10 steps batch 3
            """
          ),
        ])),
    CatalogPage(
      .nothingToPlot, "Nothing to plot",
      "`plot` draws the last experiment, and there is none above it.",
      trigger: .command(
        "ravine run e.opt",
        files: [
          (
            "e.opt",
            """
            plot loss
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
            plot loss
            """
          )
        ])),
    CatalogPage(
      .unrecordedSeries, "A series that was not recorded",
      "A plot names `loss`, a metric of the objective, or `path`.",
      trigger: .command(
        "ravine run e.opt",
        files: [
          (
            "e.opt",
            """
            objective bowl(x: vector(2) = [1, 1]) = sum(x^2)
            minimize bowl with SGD for 10 steps
            plot accuracy
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
            plot loss
            """
          )
        ])),
    CatalogPage(
      .pathNotPlane, "A path in more than two dimensions",
      "`plot path` draws the walk over the contours of an objective of two numbers.",
      trigger: .command(
        "ravine run e.opt",
        files: [
          (
            "e.opt",
            """
            objective bowl(x: vector(3) = [1, 1, 1]) = sum(x^2)
            minimize bowl with SGD for 10 steps
            plot path
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
            plot path
            """
          )
        ])),
    CatalogPage(
      .notAPlotFile, "Not the file of a plot",
      "A plot is written as SVG to a file named in quotes.",
      trigger: .command(
        "ravine run e.opt",
        files: [
          (
            "e.opt",
            """
            objective bowl(x: vector(2) = [1, 1]) = sum(x^2)
            minimize bowl with SGD for 10 steps
            plot loss to "loss.png"
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
      .withoutLength, "An experiment without a length",
      "`minimize` needs a number of steps, `train` a number of epochs or steps.",
      trigger: .command(
        "ravine run e.opt",
        files: [
          (
            "e.opt",
            """
            objective bowl(x: vector(2) = [1, 1]) = sum(x^2)
            minimize bowl with SGD seeds 2
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
            minimize bowl with SGD for 10 steps seeds 2
            """
          )
        ])),
    CatalogPage(
      .notAWholeNumber, "Not a whole number",
      "Steps, epochs, batch and seeds are whole numbers from 1 up.",
      trigger: .command(
        "ravine run e.opt",
        files: [
          (
            "e.opt",
            """
            objective bowl(x: vector(2) = [1, 1]) = sum(x^2)
            minimize bowl with SGD for 2.5 steps
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
            minimize bowl with SGD for 3 steps
            """
          )
        ])),
    CatalogPage(
      .moreInputsThanData, "An objective with more inputs than data",
      "Data have features and one target: an objective takes at most two inputs, usually "
        + "`x` and `y`.",
      trigger: .command(
        "ravine run e.opt",
        files: [
          (
            "points.csv",
            """
            x,y
            0,1
            1,3
            2,5
            3,7
            """
          ),
          (
            "e.opt",
            """
            data points = csv("points.csv", target = "y", test = 0.25)
            objective line(; x, y, z) {
                param a: vector(features) = 0
                loss = mean((x @ a - y)^2) + mean(z)
            }
            train line on points with SGD for 10 steps batch 3
            """
          ),
        ]),
      repair: .command(
        "ravine run e.opt",
        files: [
          (
            "points.csv",
            """
            x,y
            0,1
            1,3
            2,5
            3,7
            """
          ),
          (
            "e.opt",
            """
            data points = csv("points.csv", target = "y", test = 0.25)
            objective line(; x, y) {
                param a: vector(features) = 0
                loss = mean((x @ a - y)^2)
            }
            train line on points with SGD for 10 steps batch 3
            """
          ),
        ])),
    CatalogPage(
      .startOfOtherSize, "A starting point of another size",
      "`from` gives a number for each number that the objective trains.",
      trigger: .command(
        "ravine run e.opt",
        files: [
          (
            "e.opt",
            """
            objective bowl(x: vector(2) = [1, 1]) = sum(x^2)
            minimize bowl with SGD for 10 steps from [1, 2, 3]
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
            minimize bowl with SGD for 10 steps from [1, 2]
            """
          )
        ])),
  ]
}
