import Basics
import Diagnostics
import Runtime

/// A JSON file of names and shapes, as a program writes it of a model that it has:
/// `json.dump({n: list(p.shape) for n, p in model.named_parameters()}, file)`.
///
/// An object has a shape for each name. A list, which keeps the order wherever it is read, has
/// `["w", [64, 32]]` or `{"name": "w", "shape": [64, 32]}` for each tensor. Beside a shape `dtype` may stand.
struct ShapeFile {
  private let path: String
  /// Types of numbers other than float32, as the file calls them.
  private var otherTypes: Set<String> = []

  /// Throws R0701 to R0705 (a file that cannot be read), R0760 (not JSON), R0761 (no names and shapes), R0216
  /// (a name that stands twice) and R0707 (no tensor).
  static func read(_ path: String) throws(DiagnosticError) -> [ParameterSpec] {
    let json: JSONValue
    let bytes = try SourceFiles.read(path)
    if bytes.isEmpty { throw DiagnosticError(.noShapes(path)) }
    do throws(JSONError) { json = try JSONReader.parse(bytes) } catch {
      throw DiagnosticError(.shapesNotJSON(path, error))
    }
    var file = ShapeFile(path: path)
    let specs = try file.specs(json)
    if specs.isEmpty { throw DiagnosticError(.noShapes(path)) }
    if let name = ParameterList.repeated(specs) {
      throw DiagnosticError(.shapeTwice(path, name))
    }
    if !file.otherTypes.isEmpty {
      let types = file.otherTypes.sorted().map { Console.printable($0) }.joined(separator: ", ")
      Console.say("ravine: parameters are counted as float32, not as \(types)\n")
    }
    return specs
  }

  private init(path: String) { self.path = path }

  private mutating func specs(_ json: JSONValue) throws(DiagnosticError) -> [ParameterSpec] {
    var specs: [ParameterSpec] = []
    switch json {
    case .object(let members):
      for member in members { specs.append(try spec(member.key, member.value)) }
    case .array(let items):
      for (k, item) in items.enumerated() {
        let pair = item.items
        guard let name = (pair?.count == 2 ? pair?[0] : item["name"])?.text else {
          throw wrong("entry \(k + 1)", "[\"name\", [64, 32]] or {\"name\": …, \"shape\": […]}")
        }
        specs.append(try spec(name, pair?[1] ?? item))
      }
    default: throw wrong("the file", "an object or a list of names and shapes")
    }
    return specs
  }

  /// `shape` is a list of lengths, or an object that has one.
  private mutating func spec(
    _ name: String, _ shape: JSONValue
  ) throws(DiagnosticError) -> ParameterSpec {
    if name.isEmpty { throw wrong("the name of a tensor", "one letter or more") }
    guard let items = (shape["shape"] ?? shape).items, items.count <= ParameterList.rank else {
      throw wrongShape(name)
    }
    var dims: [Int] = []
    for item in items {
      guard case .number(let x) = item, x >= 0, x <= Double(ParameterList.longest),
        x == x.rounded()
      else { throw wrongShape(name) }
      dims.append(Int(x))
    }
    if let type = shape["dtype"] {
      guard let text = type.text else { throw wrong("`dtype` of `\(name)`", "a text") }
      let short = text.hasPrefix("torch.") ? String(text.dropFirst(6)) : text
      if !["float32", "f32", "float"].contains(short.lowercased()) { otherTypes.insert(short) }
    }
    return ParameterSpec(name: name, dims: dims)
  }

  private func wrongShape(_ name: String) -> DiagnosticError {
    wrong(
      "the shape of `\(name)`",
      "a list of at most \(ParameterList.rank) lengths, whole numbers from 0 to \(ParameterList.longest)"
    )
  }

  private func wrong(_ what: String, _ wanted: String) -> DiagnosticError {
    DiagnosticError(.wrongShapes(path, what, wanted))
  }
}
