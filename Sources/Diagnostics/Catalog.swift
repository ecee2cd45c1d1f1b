/// What a diagnostic means, with the smallest program that has it and the same program mended.
package struct CatalogPage: Sendable {
  package var code: DiagnosticCode
  /// What is wrong, in a few words.
  package var title: String
  /// What it means and what to do about it, in the user's terms.
  package var text: String
  package var trigger: CatalogExample
  package var repair: CatalogExample
}

/// An example of the catalogue.
package enum CatalogExample: Sendable {
  /// The text of a `.opt` file.
  case program(String)
  /// A command line, with the files that it reads.
  case command(String, files: [(name: String, text: String)] = [])
  /// A data file: `csv(NAME, target = "y")`, `npy(x = NAME, y = NAME)` or
  /// `npz(NAME, x = "x", y = "y")` by the end of its name, with further options.
  case data(String, text: String, options: String)
  /// What happens around a program and no text can show.
  case situation(String)
}

/// Every diagnostic that Ravine gives, each with a page: `ravine explain R0301`.
package enum Catalog {
  /// In the order of the codes.
  package static let pages: [CatalogPage] = [
    PackageResources.tokens_md, PackageResources.syntax_md, PackageResources.names_md,
    PackageResources.scripts_md, PackageResources.session_md, PackageResources.equations_md,
    PackageResources.shapes_md, PackageResources.axes_md, PackageResources.hyperparameters_md,
    PackageResources.routes_md, PackageResources.data_md, PackageResources.arrays_md,
    PackageResources.files_md, PackageResources.binding_md, PackageResources.numeric_md,
  ].flatMap { CatalogReader.pages(String(decoding: $0, as: UTF8.self)) }
    .sorted { $0.code.number < $1.code.number }

  /// The page of a code written as `R0301`, `r301` or `301`.
  package static func page(_ text: String) -> CatalogPage? {
    var digits = Substring(text)
    if let first = digits.first, first == "R" || first == "r" { digits = digits.dropFirst() }
    guard !digits.isEmpty, digits.count <= 4, let number = Int(digits) else { return nil }
    return pages.first { $0.code.number == number }
  }
}
