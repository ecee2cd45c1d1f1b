import ArgumentParser
import Diagnostics
import Runtime

/// Tensors that a command line names: `w1:64x32,b1:32,s:`, or the file in `@shapes.json`.
enum ParameterList {
  /// The longest axis.
  static let longest = 1 << 30
  /// The most axes.
  static let rank = 8

  static func parse(_ text: String) throws -> [ParameterSpec] {
    if text.hasPrefix("@") { return try ShapeFile.read(String(text.dropFirst())) }
    let specs = try text.split(separator: ",").map { item in
      let parts = item.split(separator: ":", omittingEmptySubsequences: false)
      guard parts.count == 2, !parts[0].isEmpty else { throw wrong(item) }
      var dims: [Int] = []
      for length in parts[1].split(separator: "x", omittingEmptySubsequences: true) {
        guard let n = Int(length), n >= 0, n <= longest else { throw wrong(item) }
        dims.append(n)
      }
      guard dims.count <= rank, dims.reduce(1.0, { $0 * Double($1) }) <= 2e9 else {
        throw wrong(item)
      }
      return ParameterSpec(name: String(parts[0]), dims: dims)
    }
    if specs.isEmpty {
      throw ValidationError("there is no tensor: write names and lengths, w1:64x32,b1:32")
    }
    if let name = repeated(specs) {
      throw ValidationError("there are two tensors `\(Console.printable(name))`")
    }
    return specs
  }

  /// The first name that stands twice.
  static func repeated(_ specs: [ParameterSpec]) -> String? {
    var seen: Set<String> = []
    return specs.first { !seen.insert($0.name).inserted }?.name
  }

  private static func wrong(_ item: Substring) -> ValidationError {
    ValidationError(
      "`\(Console.printable(String(item)))` is no tensor: write a name and lengths, w1:64x32")
  }
}
