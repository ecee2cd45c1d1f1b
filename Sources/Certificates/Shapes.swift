/// Shapes as details write them.
enum Shapes {
  static func extents(_ text: Substring) -> [Substring] {
    text == "like" ? ["rows", "cols"] : text.split(separator: "×")
  }
  static func text(_ extents: [Substring]) -> String {
    extents == ["rows", "cols"] ? "like" : extents.joined(separator: "×")
  }
  /// The lengths that a shape may have besides numbers.
  static let lengths: Set = ["rows", "cols", "batch", "features", "groups", "workers"]
}

extension Axes {
  /// The axes of a shape as it is written in details: `like`, `rows×1`, nothing for a number.
  package init(shape: Substring) {
    self = []
    let extents = Shapes.extents(shape)
    for (i, extent) in extents.enumerated() where extent != "1" {
      let own: Axes =
        i == 0 && extent == "rows" ? .rows : i == 1 && extent == "cols" ? .columns : []
      formUnion(extents.count == 2 && own != [] ? own : .others)
    }
  }
}
