/// Holm's correction (1979) of several tests at once.
enum Holm {
  /// Below a level α, so adjusted, all are true together but for a chance of α.
  static func adjusted(_ probabilities: [Double]) -> [Double] {
    let count = probabilities.count
    var adjusted = probabilities
    var largest = 0.0
    let order = probabilities.indices.sorted { probabilities[$0] < probabilities[$1] }
    for (place, k) in order.enumerated() {
      largest = max(largest, min(1, probabilities[k] * Double(count - place)))
      adjusted[k] = largest
    }
    return adjusted
  }
}
