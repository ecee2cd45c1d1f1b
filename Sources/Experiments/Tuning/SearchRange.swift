import Basics
import Platform

/// The values that a search tries for one hyperparameter: `lr = 1e-4..1`, evenly by powers, or
/// `λ = 0, 0.01, 0.1`.
package struct SearchRange: Hashable, Sendable {
  package enum Values: Hashable, Sendable {
    case powers(low: Double, high: Double)
    case listed([Double])
  }

  package var name: String
  package var values: Values

  /// The name of the examples in a minibatch.
  package static let batch = "batch"

  /// Where nothing else is asked for.
  package static let learningRate = SearchRange(name: "lr", values: .powers(low: 1e-5, high: 10))

  package init(name: String, values: Values) {
    self.name = name
    self.values = values
  }

  /// Reads `lr = 1e-4..1` or `λ = 0, 0.1`; nil for anything else.
  package init?(_ text: String) {
    guard let equals = text.firstIndex(of: "=") else { return nil }
    name = text[..<equals].filter { $0 != " " }
    let rest = text[text.index(after: equals)...].filter { $0 != " " }
    guard !name.isEmpty else { return nil }
    if let (low, high) = NumberText.range(rest) {
      guard low > 0, high > low, high.isFinite else { return nil }
      values = .powers(low: low, high: high)
    } else {
      let numbers = rest.split(separator: ",", omittingEmptySubsequences: false).map {
        Double($0) ?? .nan
      }
      guard !numbers.isEmpty, numbers.allSatisfy(\.isFinite) else { return nil }
      values = .listed(numbers)
    }
  }

  /// The sizes of batches that it names: whole numbers, or for a range its low end doubled again and again; nil
  /// where it names others.
  package var batches: [Int]? {
    switch values {
    case .listed(let numbers):
      let sizes = numbers.compactMap { Int(exactly: $0) }
      return sizes.count == numbers.count && sizes.allSatisfy { 1...1_000_000_000 ~= $0 }
        && Set(sizes).count == sizes.count ? sizes : nil
    case .powers(let low, let high):
      guard var size = Int(exactly: low), size >= 1, high <= 1e9 else { return nil }
      var sizes: [Int] = []
      while Double(size) <= high {
        sizes.append(size)
        size *= 2
      }
      return sizes
    }
  }

  /// The value at a place from 0 to 1 of the range; a whole number where no other has a meaning.
  func value(at place: Double, isWhole: Bool) -> Double {
    switch values {
    case .listed(let numbers):
      return numbers[min(numbers.count - 1, Int(place * Double(numbers.count)))]
    case .powers(let low, let high):
      let value = SearchRange.rounded(low * pow(high / low, place))
      return min(high, max(low, isWhole ? value.rounded() : value))
    }
  }

  /// How near to an end of its range a value is at the edge.
  private static let edge = 0.05

  /// Whether a value is at the lower end of the range (-1), at the upper one (1), or at neither; of a single value
  /// there are no ends.
  func end(of value: Double) -> Int {
    switch values {
    case .listed(let numbers):
      guard let low = numbers.min(), let high = numbers.max(), low < high else { return 0 }
      return value == low ? -1 : value == high ? 1 : 0
    case .powers(let low, let high):
      let place = log(value / low) / log(high / low)
      return place < Self.edge ? -1 : place > 1 - Self.edge ? 1 : 0
    }
  }

  /// At most `count` values, in ascending order for a range of powers.
  func first(_ count: Int) -> [Double] {
    switch values {
    case .listed(let numbers): return Array(numbers.prefix(count))
    case .powers(let low, let high):
      if count <= 1 { return [(low * high).squareRoot()] }
      return (0..<count).map { k in
        SearchRange.rounded(low * pow(high / low, Double(k) / Double(count - 1)))
      }
    }
  }

  /// At most `count` new values around the best so far, between its neighbours.
  func around(_ best: Double, _ count: Int, tried: [Double]) -> [Double] {
    guard case .powers(let low, let high) = values, count > 0 else { return [] }
    let sorted = tried.sorted()
    let below = sorted.last { $0 < best } ?? max(low, best / 10)
    let above = sorted.first { $0 > best } ?? min(high, best * 10)
    var found: [Double] = []
    // In turn below and above the best, nearer and nearer to the middle of each side.
    let each = (count + 1) / 2
    for k in 1...each {
      let share = Double(k) / Double(each + 1)
      found.append(SearchRange.rounded(best * pow(below / best, share)))
      found.append(SearchRange.rounded(best * pow(above / best, share)))
    }
    return found.filter { $0 != best && !tried.contains($0) }.prefix(count).map { $0 }
  }

  /// To three significant digits: what is printed is what was tried.
  static func rounded(_ x: Double) -> Double {
    guard x > 0, x.isFinite else { return x }
    let scale = pow(10, 2 - floor(log10(x)))
    return (x * scale).rounded() / scale
  }
}
