import ArgumentParser
import Runtime

/// `w1:64x32,b1:32,s:`: names and sizes of tensors on a command line.
enum ParameterList {
  static func parse(_ text: String) throws -> [ParameterSpec] {
    try text.split(separator: ",").map { item in
      let parts = item.split(separator: ":", omittingEmptySubsequences: false)
      guard parts.count == 2, !parts[0].isEmpty else { throw wrong(item) }
      var dims: [Int] = []
      for length in parts[1].split(separator: "x", omittingEmptySubsequences: true) {
        guard let n = Int(length), n >= 0, n <= 1 << 30 else { throw wrong(item) }
        dims.append(n)
      }
      guard dims.count <= 8, dims.reduce(1.0, { $0 * Double($1) }) <= 2e9 else { throw wrong(item) }
      return ParameterSpec(name: String(parts[0]), dims: dims)
    }
  }

  private static func wrong(_ item: Substring) -> ValidationError {
    ValidationError(
      "`\(Console.printable(String(item)))` is no tensor: write a name and lengths, w1:64x32")
  }
}
