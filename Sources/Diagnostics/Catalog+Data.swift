extension Catalog {
  /// R0701 to R0719: files and tables.
  static let dataPages: [CatalogPage] = [
    CatalogPage(
      .fileNotFound, "There is no such file",
      "The path does not exist. A relative path starts from the directory in which the "
        + "program runs; data are also looked for beside the script.",
      trigger: .command(
        "ravine check lyon.opt"),
      repair: .command(
        "ravine check lion.opt",
        files: [
          (
            "lion.opt",
            """
            rule Mine = Lion
            """
          )
        ])),
    CatalogPage(
      .fileUnreadable, "The file cannot be read",
      "The file exists, but the system refuses: no permission, a loop of symbolic links, a "
        + "failing disk. The message gives the system's reason.",
      trigger: .situation(
        """
        ravine check secret.opt      after chmod 000 secret.opt
        """),
      repair: .situation(
        """
        ravine check secret.opt      after chmod 644 secret.opt
        """)),
    CatalogPage(
      .isDirectory, "A directory, not a file",
      "Name a file in it. `ravine check` and `ravine fmt` take directories, data and `run` "
        + "do not.",
      trigger: .command(
        "ravine run rules/",
        files: [
          (
            "rules/lion.opt",
            """
            rule Mine = Lion
            """
          )
        ]),
      repair: .command(
        "ravine run rules/lion.opt",
        files: [
          (
            "rules/lion.opt",
            """
            rule Mine = Lion
            """
          )
        ])),
    CatalogPage(
      .fileChanged, "The file was changed while it was being read",
      "The file was rewritten, cut short or vanished between its first and its last byte. "
        + "Line and column say how far it was read. Wait for the writer, then run again.",
      trigger: .situation(
        """
        another program rewrites the file meanwhile
        """),
      repair: .situation(
        """
        the file is finished first
        """)),
    CatalogPage(
      .fileTooLarge, "The file is too large",
      "Files, and members of an archive, are read up to 1 GiB, programs up to 64 MiB; "
        + "endless devices end there too.",
      trigger: .command(
        "ravine check /dev/zero"),
      repair: .command(
        "ravine check lion.opt",
        files: [
          (
            "lion.opt",
            """
            rule Mine = Lion
            """
          )
        ])),
    CatalogPage(
      .nothingArrived, "Nothing arrived",
      "A pipe stayed silent for ten seconds: nobody writes to it.",
      trigger: .situation(
        """
        a named pipe without a writer
        """),
      repair: .situation(
        """
        a file
        """)),
    CatalogPage(
      .fileEmpty, "The file is empty",
      "No bytes at all, arrays without rows, or a directory without `.opt` files.",
      trigger: .data(
        "d.csv",
        """

        """),
      repair: .data(
        "d.csv",
        """
        x,y
        0,1
        1,0
        2,1
        3,0
        """)),
    CatalogPage(
      .headerOnly, "A header but no rows",
      "The first line names the columns; the rows follow.",
      trigger: .data(
        "d.csv",
        """
        x,y
        """),
      repair: .data(
        "d.csv",
        """
        x,y
        0,1
        1,0
        2,1
        3,0
        """)),
    CatalogPage(
      .duplicateColumn, "Two columns of one name",
      "Columns are chosen by name, so each has its own.",
      trigger: .data(
        "d.csv",
        """
        x,y,x
        0,1,2
        1,0,2
        """),
      repair: .data(
        "d.csv",
        """
        x,y,z
        0,1,2
        1,0,2
        """)),
    CatalogPage(
      .namelessColumn, "A column without a name",
      "Often the index that a data frame writes; write it without.",
      trigger: .data(
        "d.csv",
        """
        ,x,y
        0,1,0
        1,2,1
        """),
      repair: .data(
        "d.csv",
        """
        x,y
        1,0
        2,1
        """)),
    CatalogPage(
      .unknownColumn, "There is no such column",
      "The target (or another named column) is not in the header. The message gives the "
        + "nearest name and lists the columns.",
      trigger: .data(
        "d.csv",
        """
        x,Y
        0,1
        1,0
        """),
      repair: .data(
        "d.csv",
        """
        x,y
        0,1
        1,0
        """)),
    CatalogPage(
      .raggedRow, "A row of another length",
      "The row has fewer or more fields than the header, or is a blank line between rows. "
        + "Says so when another separator than the comma seems to be used.",
      trigger: .data(
        "d.csv",
        """
        x,y
        0,1
        2
        """),
      repair: .data(
        "d.csv",
        """
        x,y
        0,1
        2,0
        """)),
    CatalogPage(
      .textForNumber, "Text where a number belongs",
      "Every column must be numeric; number the classes 0, 1, 2, ….",
      trigger: .data(
        "d.csv",
        """
        x,y
        0,cat
        1,dog
        """),
      repair: .data(
        "d.csv",
        """
        x,y
        0,0
        1,1
        """)),
    CatalogPage(
      .missingValue, "A value is missing",
      "An empty cell, or NA, null, none, ?. What to do about gaps is the user's decision: "
        + "fill them or leave the rows out.",
      trigger: .data(
        "d.csv",
        """
        x,y
        0,
        1,0
        """),
      repair: .data(
        "d.csv",
        """
        x,y
        0,1
        1,0
        """)),
    CatalogPage(
      .valueNotFinite, "A value is not finite",
      "NaN, an infinity, or a number beyond float64. In arrays line and column are the row "
        + "and the flattened column, from 1.",
      trigger: .data(
        "d.csv",
        """
        x,y
        nan,0
        1,0
        """),
      repair: .data(
        "d.csv",
        """
        x,y
        0.5,0
        1,0
        """)),
    CatalogPage(
      .badQuotes, "Quotes that do not match",
      "A quoted field is never closed, or text follows its closing quote. A quote inside a "
        + "quoted field is written twice.",
      trigger: .data(
        "d.csv",
        """
        x,"y
        0,1
        """),
      repair: .data(
        "d.csv",
        """
        x,"y"
        0,1
        1,0
        """)),
    CatalogPage(
      .fileNotText, "The file is not UTF-8 text",
      "UTF-16 text, or a binary file under a CSV name.",
      trigger: .situation(
        """
        d.csv saved as UTF-16
        """),
      repair: .situation(
        """
        d.csv saved as UTF-8
        """)),
    CatalogPage(
      .noFeatures, "Nothing to learn from",
      "The target is the only column.",
      trigger: .data(
        "d.csv",
        """
        y
        1
        0
        """),
      repair: .data(
        "d.csv",
        """
        x,y
        0.5,1
        1,0
        """)),
  ]
}
