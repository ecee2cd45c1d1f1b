import Basics
import Diagnostics
import Driver
import IR
import Laboratory
import Plotting
import Runtime
import Training

/// The walk of a rule on two functions of two numbers, as a small picture.
package struct GalleryPaths {
  private struct Plane {
    var title: String
    var body: String
    var start: String
    var xRange: ClosedRange<Double>
    var yRange: ClosedRange<Double>
    var minimum: (x: Double, y: Double)
  }

  private static let planes = [
    Plane(
      title: "Rosenbrock's valley", body: "100 * (B - A^2)^2 + (1 - A)^2", start: "[-1.2, 1]",
      xRange: -2...2, yRange: -1...3, minimum: (1, 1)),
    Plane(
      title: "a bowl 20 times as steep across",
      body: "2 * (A + B)^2 + 0.1 * (A - B)^2", start: "[-2, 0.5]", xRange: -2.5...2.5,
      yRange: -2.5...2.5, minimum: (0, 0)),
  ]

  package static let steps = 300
  /// The learning rates that are tried; the one that ends lowest is drawn.
  package static let rates = [1e-4, 3e-4, 1e-3, 3e-3, 0.01, 0.03, 0.1, 0.3, 1]

  /// The picture and what it shows in words, or why there is none.
  package struct Picture {
    package var svg: String?
    package var text: String
  }

  private let backgrounds: [String]

  package init() {
    backgrounds = Self.planes.indices.map { Self.background(Self.planes[$0]) }
  }

  private static let size = 300.0

  /// Contours of a plane in whole pixels.
  private static func background(_ plane: Plane) -> String {
    let (columns, rows) = (40, 40)
    var values: [Double] = []
    for row in 0..<rows {
      let b =
        plane.yRange.lowerBound + (plane.yRange.upperBound - plane.yRange.lowerBound)
        * Double(row) / Double(rows - 1)
      for column in 0..<columns {
        let a =
          plane.xRange.lowerBound + (plane.xRange.upperBound - plane.xRange.lowerBound)
          * Double(column) / Double(columns - 1)
        values.append(
          plane.minimum.x == 1
            ? 100 * (b - a * a) * (b - a * a) + (1 - a) * (1 - a)
            : 2 * (a + b) * (a + b) + 0.1 * (a - b) * (a - b))
      }
    }
    let panel = ContourPanel(
      xRange: plane.xRange, yRange: plane.yRange, columns: columns, values: values)
    guard let contours = Contours(panel) else { return "" }
    let fills = ["#eef2f6", "#dfe7ef", "#cddae6", "#bbcadb", "#a6b9ce"]
    var text = ""
    for (k, level) in contours.levels(fills.count).enumerated() {
      var path = ""
      for loop in contours.loops(at: level) {
        path +=
          relative(
            loop.map {
              (Int(($0.x * size).rounded()), Int(((1 - $0.y) * size).rounded()))
            }, apart: 5) + "z"
      }
      text += "<path d=\"\(path)\" fill=\"\(fills[k])\" fill-rule=\"evenodd\"/>\n"
    }
    return text
  }

  /// A path by differences, which are short; points nearer than `apart` to the last are left out.
  private static func relative(_ points: [(Int, Int)], apart: Int) -> String {
    guard let first = points.first else { return "" }
    var text = "M\(first.0) \(first.1)l"
    var last = first
    for (k, point) in points.enumerated().dropFirst() {
      let (dx, dy) = (point.0 - last.0, point.1 - last.1)
      if k + 1 < points.count, abs(dx) < apart, abs(dy) < apart { continue }
      if text.last != "l", dx >= 0 { text += " " }
      text += dy < 0 ? "\(dx)\(dy)" : "\(dx) \(dy)"
      last = point
    }
    return text.last == "l" ? String(text.dropLast()) : text
  }

  /// Draws a rule; `entry.call` is given a learning rate where it has one of its own.
  package func picture(_ entry: GalleryEntry) -> Picture {
    let module = entry.instance.module
    if module.variants.contains(where: { !$0.inputs.isEmpty }) {
      return Picture(text: "It needs more than the gradient of a function: there is no path.")
    }
    if Self.isLong(entry) {
      return Picture(
        text: "A step takes more than a million operations even here: no path is drawn.")
    }
    var body = ""
    var captions: [String] = []
    for (k, plane) in Self.planes.enumerated() {
      let found = Self.walk(entry, plane)
      guard let found else {
        return Picture(
          text: "It cannot be bound to a tensor of two numbers, or runs away: there is no path.")
      }
      let left = Double(k) * (Self.size + 20) + 10
      body +=
        "<g transform=\"translate(\(Int(left)) 34)\">\n<text x=\"0\" y=\"-10\">\(plane.title)</text>\n"
      body += "<svg width=\"300\" height=\"300\" overflow=\"hidden\">\n"
      body += "<rect width=\"300\" height=\"300\" fill=\"#fbfcfd\"/>\n" + backgrounds[k]
      body += found.path
      let target = Self.pixel(plane, plane.minimum.x, plane.minimum.y)
      body +=
        "<path d=\"M\(target.0 - 4) \(target.1)h8M\(target.0) \(target.1 - 4)v8\" stroke=\"#222\"/>\n"
      body +=
        "</svg>\n<rect width=\"300\" height=\"300\" fill=\"none\" stroke=\"#8a8a8a\"/>\n</g>\n"
      captions.append(
        "\(plane.title): " + (found.rate.map { "lr = \(NumberText.short($0)), " } ?? "")
          + "from \(NumberText.short(found.first)) to \(NumberText.short(found.last))")
    }
    let svg =
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 640 344\" width=\"640\" height=\"344\" "
      + "font-family=\"Helvetica, Arial, sans-serif\" font-size=\"13\" fill=\"#333\">\n"
      + "<title>\(entry.name): \(Self.steps) steps on two functions</title>\n"
      + "<rect width=\"640\" height=\"344\" fill=\"#fff\"/>\n" + body + "</svg>\n"
    return Picture(
      svg: svg,
      text: "\(Self.steps) steps of `\(entry.call)`"
        + (Self.hasRate(entry) ? ", with the learning rate of nine that ends lowest" : "")
        + ". \(captions.joined(separator: "; ")).")
  }

  /// Whether a step on two numbers is dear, as with a matrix of a thousand gradients.
  private static func isLong(_ entry: GalleryEntry) -> Bool {
    let placed = try? RuleDescription(
      entry.instance, parameters: [ParameterSpec(name: "x", dims: [2])]
    ).placements.first
    return placed.map { $0.flops > 1e6 } ?? false
  }

  private static func hasRate(_ entry: GalleryEntry) -> Bool {
    entry.instance.module.hypers.contains { $0.key == "lr" || $0.key == "base.lr" }
  }

  private static func pixel(_ plane: Plane, _ x: Double, _ y: Double) -> (Int, Int) {
    func place(_ value: Double, _ range: ClosedRange<Double>) -> Double {
      let unit = (value - range.lowerBound) / (range.upperBound - range.lowerBound)
      return min(900, max(-600, unit * size))
    }
    return (
      Int(place(x, plane.xRange).rounded()), Int((size - place(y, plane.yRange)).rounded())
    )
  }

  private struct Walk {
    var rate: Double?
    var first: Double
    var last: Double
    var path: String
  }

  /// The best walk over the rates, on a vector or, for rules of matrices, a column.
  private static func walk(_ entry: GalleryEntry, _ plane: Plane) -> Walk? {
    var best: (rate: Double?, run: RunHistory)?
    for rate in hasRate(entry) ? rates.map({ Optional($0) }) : [nil] {
      var call = entry.call
      if let rate {
        // What goes around a rule takes its rate inside.
        call =
          entry.call == entry.name
          ? "\(entry.name)(lr = \(rate))" : "\(entry.name)(HeavyBall(lr = \(rate)))"
      }
      guard let run = run(call, plane), run.failure == nil, let last = run.last("loss"),
        last.isFinite
      else { continue }
      if last < best?.run.last("loss") ?? .infinity { best = (rate, run) }
    }
    guard let best, let first = best.run.values["loss"]?.first, let last = best.run.last("loss")
    else { return nil }
    return Walk(rate: best.rate, first: first, last: last, path: path(best.run.points, plane))
  }

  private static func run(_ call: String, _ plane: Plane) -> RunHistory? {
    for (shape, first, second) in [
      ("vector(2)", "x[0]", "x[1]"), ("matrix(2, 1)", "x[0, 0]", "x[1, 0]"),
    ] {
      let start = shape == "vector(2)" ? plane.start : "reshape(\(plane.start), 2, 1)"
      let text =
        "objective plane(x: \(shape) = \(start)) = "
        + plane.body.replacing("A", first).replacing("B", second) + "\n"
      let compiler = Compiler()
      guard
        !compiler.add(name: "plane.opt", bytes: Array(text.utf8)).contains(where: {
          $0.severity == .error
        }), let objective = try? compiler.objective("plane"), let rule = try? compiler.rule(call)
      else { continue }
      var settings = TrainingSettings()
      settings.steps = steps
      let trainer = Trainer(objective: objective, engine: .interpreter, elementType: .float64)
      if let history = try? trainer.walks([rule], settings) { return history.first?.runs.first }
    }
    return nil
  }

  /// The points in whole pixels, those that do not move left out; marks at both ends.
  private static func path(_ points: [[Double]], _ plane: Plane) -> String {
    var pixels: [(Int, Int)] = []
    for point in points where point.allSatisfy(\.isFinite) {
      let next = pixel(plane, point[0], point[1])
      if pixels.last.map({ $0 == next }) != true { pixels.append(next) }
    }
    guard let first = pixels.first, let last = pixels.last else { return "" }
    return
      "<path d=\"\(relative(pixels, apart: 2))\" fill=\"none\" stroke=\"#c2410c\" stroke-width=\"1.4\"/>\n"
      + "<circle cx=\"\(first.0)\" cy=\"\(first.1)\" r=\"4\" fill=\"#fff\" stroke=\"#c2410c\"/>\n"
      + "<circle cx=\"\(last.0)\" cy=\"\(last.1)\" r=\"3.5\" fill=\"#c2410c\"/>\n"
  }
}
