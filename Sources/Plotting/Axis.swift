import Basics
import Platform

/// The range of an axis and its ticks.
package struct Axis {
  package struct Tick: Equatable {
    package var value: Double
    /// With Unicode superscripts.
    package var label: String
    /// The same in ASCII.
    package var plainLabel: String
  }

  let scale: AxisScale
  /// The ends in drawing units: values, or their decimal logarithms.
  package let low: Double
  package let high: Double
  package private(set) var ticks: [Tick] = []
  /// Unlabelled marks between the ticks of a logarithmic axis.
  private(set) var minor: [Double] = []

  /// Larger values are drawn at the edge: differences of the ends must stay finite.
  private static let bound = 8e307

  /// An axis that holds all drawable values, with about `target` ticks; nil when there are none.
  package init?(_ values: some Sequence<Double>, scale: AxisScale, target: Int, padded: Bool = true)
  {
    var low = Double.infinity
    var high = -Double.infinity
    for value in values {
      guard let place = Self.unit(value, scale) else { continue }
      low = min(low, place)
      high = max(high, place)
    }
    guard low <= high else { return nil }
    if low == high {
      let spread = scale == .log ? 0.5 : max(abs(low) * 0.05, low == 0 ? 1 : 1e-300)
      low -= spread
      high += spread
    } else if padded {
      let margin = (high / 2 - low / 2) * 0.08
      low -= margin
      high += margin
    }
    self.init(low: max(-Self.bound, low), high: min(Self.bound, high), scale: scale, target: target)
  }

  /// An axis between two values; nil where one of them has no place on it.
  init?(_ limits: ClosedRange<Double>, scale: AxisScale, target: Int) {
    guard let low = Self.unit(limits.lowerBound, scale),
      let high = Self.unit(limits.upperBound, scale), low < high
    else { return nil }
    self.init(low: low, high: high, scale: scale, target: target)
  }

  package init(low: Double, high: Double, scale: AxisScale, target: Int) {
    self.scale = scale
    self.low = low
    self.high = high
    switch scale {
    case .linear: ticks = Self.linearTicks(low, high, target)
    case .log: (ticks, minor) = Self.logTicks(low, high, target)
    }
  }

  /// Where a value lies, 0 at the low end and 1 at the high end; nil when it cannot be drawn.
  package func fraction(_ value: Double) -> Double? {
    guard let place = Self.unit(value, scale) else { return nil }
    return (place - low) / (high - low)
  }

  private static func unit(_ value: Double, _ scale: AxisScale) -> Double? {
    guard value.isFinite else { return nil }
    switch scale {
    case .linear: return min(bound, max(-bound, value))
    case .log: return value > 0 ? log10(value) : nil
    }
  }

  // MARK: Ticks

  private static func linearTicks(_ low: Double, _ high: Double, _ target: Int) -> [Tick] {
    let raw = (high - low) / Double(max(1, target))
    guard raw > 0, raw.isFinite, raw >= .leastNormalMagnitude * 1e16 else {
      return [low, high].map { Tick(value: $0, label: "\($0)", plainLabel: "\($0)") }
    }
    var exponent = NumberText.decade(raw)
    let lead = raw / NumberText.power(exponent)
    var factor = lead < 1.5 ? 1.0 : lead < 3.5 ? 2.0 : lead < 7.5 ? 5.0 : 10.0
    if factor == 10 {
      factor = 1
      exponent += 1
    }
    let first = (low / factor / NumberText.power(exponent)).rounded(.up)
    let last = (high / factor / NumberText.power(exponent)).rounded(.down)
    guard last - first < 64, abs(first) < 1e15, abs(last) < 1e15 else {
      return [low, high].map { Tick(value: $0, label: "\($0)", plainLabel: "\($0)") }
    }
    var ticks: [Tick] = []
    let largest = max(abs(first), abs(last)) * factor * NumberText.power(exponent)
    let useExponent = largest > 0 && (largest >= 99_999.5 || largest < 0.001)
    for step in stride(from: first, through: last, by: 1) {
      let units = step * factor
      // Dividing by a positive power of ten rounds once; multiplying by 0.1 rounds twice.
      let value =
        exponent < 0 ? units / NumberText.power(-exponent) : units * NumberText.power(exponent)
      if value == 0 {
        ticks.append(Tick(value: 0, label: "0", plainLabel: "0"))
      } else if useExponent {
        let shared = NumberText.decade(largest)
        let mantissa = NumberText.fixed(
          value / NumberText.power(shared), decimals: max(0, shared - exponent))
        ticks.append(
          Tick(
            value: value, label: NumberText.scientific(mantissa, shared, unicode: true),
            plainLabel: NumberText.scientific(mantissa, shared, unicode: false)))
      } else {
        let text = NumberText.fixed(value, decimals: max(0, -exponent))
        ticks.append(Tick(value: value, label: minus(text), plainLabel: text))
      }
    }
    return ticks
  }

  private static func minus(_ text: String) -> String {
    text.first == "-" ? "−" + text.dropFirst() : text
  }

  private static func logTicks(
    _ low: Double, _ high: Double, _ target: Int
  ) -> (ticks: [Tick], minor: [Double]) {
    let first = Int(low.rounded(.down))
    let last = Int(high.rounded(.up))
    let decades = high - low
    // Below about two decades the powers of ten alone are too few; below a third of one, so are 1-2-5.
    if decades < 0.3 {
      let linear = linearTicks(pow(10, low), pow(10, high), target)
      return (linear.filter { $0.value > 0 }, [])
    }
    let stride = max(1, Int((decades / Double(max(1, target))).rounded(.up)))
    let leads: [Double] = decades < 2.3 ? [1, 2, 5] : [1]
    var ticks: [Tick] = []
    var minor: [Double] = []
    for exponent in first...last {
      let power = NumberText.power(exponent)
      for lead in 1...9 {
        let value = Double(lead) * power
        guard value > 0, value.isFinite, case let place = log10(value), place >= low - 1e-9,
          place <= high + 1e-9
        else { continue }
        if leads.contains(Double(lead)), exponent % stride == 0 {
          ticks.append(logTick(lead, exponent, value))
        } else if stride == 1 || lead == 1 {
          minor.append(value)
        }
      }
    }
    if decades > 12 { minor.removeAll { $0 != NumberText.power(NumberText.decade($0)) } }
    return (ticks, minor)
  }

  private static func logTick(_ lead: Int, _ exponent: Int, _ value: Double) -> Tick {
    if (-2...3).contains(exponent) {
      let text = NumberText.fixed(value, decimals: max(0, -exponent))
      return Tick(value: value, label: text, plainLabel: text)
    }
    return Tick(
      value: value, label: NumberText.scientific("\(lead)", exponent, unicode: true),
      plainLabel: NumberText.scientific("\(lead)", exponent, unicode: false))
  }
}
