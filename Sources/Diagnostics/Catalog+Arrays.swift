extension Catalog {
  /// R0720 to R0749: arrays, archives and splits.
  static let arrayPages: [CatalogPage] = [
    CatalogPage(
      .notNPY, "Not an NPY file",
      #"The file does not begin with \x93NUMPY."#,
      trigger: .situation(
        """
        x.npy that begins with "x,y"
        """),
      repair: .situation(
        """
        numpy.save("x.npy", x)
        """)),
    CatalogPage(
      .npyVersion, "An unknown NPY version",
      "Format versions 1 to 3 are read.",
      trigger: .situation(
        """
        x.npy, whose first bytes are 93 4E 55 4D 50 59 09 00
        """),
      repair: .situation(
        """
        x.npy, whose first bytes are 93 4E 55 4D 50 59 01 00
        """)),
    CatalogPage(
      .npyHeader, "A malformed NPY header",
      "The header is no dictionary of exactly descr, fortran_order and shape, or the file "
        + "ends in it. Write the file again.",
      trigger: .situation(
        """
        x.npy with the header {'descr': '|u1', 'fortran_order': Maybe, 'shape': (4,)}
        """),
      repair: .situation(
        """
        x.npy with the header {'descr': '|u1', 'fortran_order': False, 'shape': (4,)}
        """)),
    CatalogPage(
      .elementType, "Elements that cannot be read",
      "f2, f4, f8, i1 to i8, u1 to u8 and b1 can; complex numbers, strings, records and "
        + "pickled objects cannot.",
      trigger: .situation(
        """
        numpy.save("x.npy", numpy.array(["a", "b"]))
        """),
      repair: .situation(
        """
        numpy.save("x.npy", numpy.array([0, 1]))
        """)),
    CatalogPage(
      .arrayLength, "Shape and data disagree",
      "The file is cut short, or goes on after the array.",
      trigger: .situation(
        """
        head -c 100 whole.npy > x.npy
        """),
      repair: .situation(
        """
        cp whole.npy x.npy
        """)),
    CatalogPage(
      .tooManyValues, "Too many values",
      "A table or an array holds at most 134,217,728 values (1 GiB as float64).",
      trigger: .situation(
        """
        x.npy with the shape (100000, 100000)
        """),
      repair: .situation(
        """
        x.npy with the shape (100000, 1000)
        """)),
    CatalogPage(
      .notZip, "Not an archive",
      "The end record of a zip archive is missing: the file is cut short or something else.",
      trigger: .situation(
        """
        head -c 60 whole.npz > d.npz
        """),
      repair: .situation(
        """
        cp whole.npz d.npz
        """)),
    CatalogPage(
      .damagedZip, "A damaged archive",
      "Its directory or a member's header is missing, reaches behind the file, or two "
        + "members share a name.",
      trigger: .situation(
        """
        d.npz whose directory was overwritten
        """),
      repair: .situation(
        """
        numpy.savez("d.npz", x = x, y = y)
        """)),
    CatalogPage(
      .zipFeature, "An unreadable kind of archive",
      "Encryption, several volumes, or a compression other than deflate.",
      trigger: .situation(
        """
        zip -e d.npz x.npy y.npy
        """),
      repair: .situation(
        """
        numpy.savez("d.npz", x = x, y = y)
        """)),
    CatalogPage(
      .badDeflate, "Malformed compressed data",
      "The deflate stream breaks its own rules, or has another length than the archive "
        + "states.",
      trigger: .situation(
        """
        d.npz with a member whose compressed bytes were overwritten
        """),
      repair: .situation(
        """
        numpy.savez_compressed("d.npz", x = x, y = y)
        """)),
    CatalogPage(
      .badChecksum, "A wrong checksum",
      "The bytes of a member do not match their CRC-32: the file was damaged on its way.",
      trigger: .situation(
        """
        d.npz with one bit of a member changed
        """),
      repair: .situation(
        """
        d.npz copied again
        """)),
    CatalogPage(
      .unknownArray, "There is no such array",
      "The message gives the nearest name and lists the arrays.",
      trigger: .situation(
        """
        data d = npz("d.npz", x = "x", y = "y")       where d.npz holds X and y
        """),
      repair: .situation(
        """
        data d = npz("d.npz", x = "X", y = "y")
        """)),
    CatalogPage(
      .arrayShapes, "Shapes that do not fit",
      "The first axis of features and targets counts the rows; the targets are one number a "
        + "row.",
      trigger: .situation(
        """
        d.npz with x of shape (100, 64) and y of shape (99,)
        """),
      repair: .situation(
        """
        d.npz with x of shape (100, 64) and y of shape (100,)
        """)),
    CatalogPage(
      .notAFraction, "Not a fraction",
      "The test part is a fraction between 0 and 1.",
      trigger: .data(
        "d.csv",
        """
        x,y
        0,1
        1,0
        2,1
        3,0
        """, options: "test = 20"),
      repair: .data(
        "d.csv",
        """
        x,y
        0,1
        1,0
        2,1
        3,0
        """, options: "test = 0.25")),
    CatalogPage(
      .emptySplit, "An empty part",
      "So few rows that the test part or the training part would have none.",
      trigger: .data(
        "d.csv",
        """
        x,y
        0,1
        1,0
        2,1
        3,0
        """, options: "test = 0.01"),
      repair: .data(
        "d.csv",
        """
        x,y
        0,1
        1,0
        2,1
        3,0
        """, options: "test = 0.25")),
    CatalogPage(
      .classTarget, "Targets that are no classes",
      "Classification needs the integers 0, 1, …, k - 1, each used at least once.",
      trigger: .situation(
        """
        Classes 1 and 2 without a 0.
        """),
      repair: .situation(
        """
        Classes 0 and 1.
        """)),
    CatalogPage(
      .scaleFactor, "An impossible scale",
      "The factor is 0, infinite or NaN.",
      trigger: .data(
        "d.csv",
        """
        x,y
        0,1
        1,0
        2,1
        3,0
        """, options: "scale = 0"),
      repair: .data(
        "d.csv",
        """
        x,y
        0,1
        1,0
        2,1
        3,0
        """, options: "scale = 1/16")),
    CatalogPage(
      .scaleOverflow, "Scaled beyond float64",
      "A feature times the factor is infinite.",
      trigger: .data(
        "d.csv",
        """
        x,y
        0,1
        1e200,0
        2,1
        3,0
        """, options: "scale = 1e200"),
      repair: .data(
        "d.csv",
        """
        x,y
        0,1
        1e200,0
        2,1
        3,0
        """, options: "scale = 1e-200")),
    CatalogPage(
      .notAReader, "Not a reader of data",
      "Data are read by `csv`, `npy` or `npz`.",
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
            data points = json("points.csv", target = "y", test = 0.25)
            objective line(; x, y) {
                param a: vector(features) = 0
                loss = mean((x @ a - y)^2)
            }
            train line on points with SGD for 2 steps batch 3
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
            train line on points with SGD for 2 steps batch 3
            """
          ),
        ])),
    CatalogPage(
      .missingPart, "Data without a part",
      "A reader needs a file, and to know which column or array holds the targets.",
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
            data points = csv("points.csv", test = 0.25)
            objective line(; x, y) {
                param a: vector(features) = 0
                loss = mean((x @ a - y)^2)
            }
            train line on points with SGD for 2 steps batch 3
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
            train line on points with SGD for 2 steps batch 3
            """
          ),
        ])),
    CatalogPage(
      .needsText, "A text is needed",
      "File names, columns and arrays are texts in quotes.",
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
            data points = csv("points.csv", target = 1, test = 0.25)
            objective line(; x, y) {
                param a: vector(features) = 0
                loss = mean((x @ a - y)^2)
            }
            train line on points with SGD for 2 steps batch 3
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
            train line on points with SGD for 2 steps batch 3
            """
          ),
        ])),
    CatalogPage(
      .notASeed, "Not a seed",
      "A seed is a whole number from 0 up; the same seed gives the same numbers everywhere.",
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
            data points = csv("points.csv", target = "y", test = 0.25, seed = -1)
            objective line(; x, y) {
                param a: vector(features) = 0
                loss = mean((x @ a - y)^2)
            }
            train line on points with SGD for 2 steps batch 3
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
            data points = csv("points.csv", target = "y", test = 0.25, seed = 5)
            objective line(; x, y) {
                param a: vector(features) = 0
                loss = mean((x @ a - y)^2)
            }
            train line on points with SGD for 2 steps batch 3
            """
          ),
        ])),
  ]
}
