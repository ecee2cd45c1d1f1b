/// Colours that stay apart for colour-blind eyes and on paper: Okabe and Ito 2008, "Color universal
/// design", without the yellow, which white swallows. Beyond seven names dashes tell curves apart.
package enum Palette {
  package struct Ink: Equatable {
    /// `#rrggbb`.
    package var colour: String
    /// The nearest of the 256 terminal colours.
    var terminal: Int
    /// An SVG dash pattern; nil is a solid line.
    package var dash: String?
  }

  private static let colours: [(String, Int)] = [
    ("#0072b2", 32), ("#d55e00", 166), ("#009e73", 36), ("#cc79a7", 175), ("#e69f00", 214),
    ("#56b4e9", 75), ("#4d4d4d", 245),
  ]
  private static let dashes: [String?] = [nil, "6 3", "2 2.5", "8 3 2 3"]

  package static func ink(_ index: Int) -> Ink {
    let (colour, terminal) = colours[index % colours.count]
    return Ink(
      colour: colour, terminal: terminal, dash: dashes[index / colours.count % dashes.count])
  }

  /// The fill of a contour level, from the valley (0) to the heights (1).
  static func height(_ fraction: Double) -> String {
    let low = (252.0, 252.0, 250.0)
    let high = (134.0, 156.0, 184.0)
    let t = min(1, max(0, fraction))
    func channel(_ a: Double, _ b: Double) -> String {
      let digits = String(Int((a + (b - a) * t).rounded()), radix: 16)
      return digits.count == 1 ? "0" + digits : digits
    }
    return "#" + channel(low.0, high.0) + channel(low.1, high.1) + channel(low.2, high.2)
  }
}
