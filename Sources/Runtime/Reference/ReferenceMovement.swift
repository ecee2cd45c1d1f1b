import IR

/// Movement and selection of entries.
extension ReferenceOperations {
  static func movement(
    _ kind: OperationClass.Movement, _ x: [Dense], _ shape: [Int], _ slices: [AxisSlice],
    _ window: PatchWindow? = nil
  ) throws(NumericError) -> Dense {
    let a = x[0]
    switch kind {
    case .reshape: return a.reshaped(shape)
    case .broadcast: return a.broadcast(to: shape)
    case .diagonal: return diagonal(a, shape)
    case .slice:
      let places = slicePlaces(a.shape, slices)
      return Dense(shape: shape, values: places.map { a.values[$0] })
    case .placeSlice:
      var result = Dense.filled(shape, 0)
      for (i, place) in slicePlaces(shape, slices).enumerated() {
        result.values[place] = a.values[i]
      }
      return result
    case .gather:
      let width = a.cols
      var result = Dense.filled(shape, 0)
      for i in 0..<result.rows {
        let row = try index(x[1], i, below: a.rows)
        for j in 0..<width { result.values[i * width + j] = a.values[row * width + j] }
      }
      return result
    case .scatterAdd:
      var result = Dense.filled(shape, 0)
      let width = result.cols
      for i in 0..<x[1].rows {
        let row = try index(a, i, below: result.rows)
        for j in 0..<width { result.values[row * width + j] += x[1].values[i * width + j] }
      }
      return result
    case .takeAlong:
      var result = Dense.filled(shape, 0)
      for i in 0..<a.rows {
        result.values[i] = a.values[i * a.cols + (try index(x[1], i, below: a.cols))]
      }
      return result
    case .placeAlong:
      var result = Dense.filled(shape, 0)
      for i in 0..<a.rows {
        result.values[i * result.cols + (try index(x[1], i, below: result.cols))] = a.values[i]
      }
      return result
    case .unfold:
      return Dense(
        shape: shape,
        values: patchPlaces(a.shape, window!).map { place in place.map { a.values[$0] } ?? 0 })
    case .fold:
      var result = Dense.filled(shape, 0)
      for (i, place) in patchPlaces(shape, window!).enumerated() {
        if let place { result.values[place] += a.values[i] }
      }
      return result
    case .push: preconditionFailure("binding has made slices of it")
    }
  }

  /// Entry `i` of a list of indices (one number serves all), as a whole number in 0..<count.
  private static func index(
    _ indices: Dense, _ i: Int, below count: Int
  ) throws(NumericError) -> Int {
    let x = indices.values[indices.count == 1 ? 0 : i]
    guard x >= 0, x < Double(count), x == x.rounded() else { throw .index(x, count: count) }
    return Int(x)
  }

  private static func diagonal(_ a: Dense, _ shape: [Int]) -> Dense {
    if a.shape.count == 1 || a.rows == 1 || a.cols == 1 {
      let n = a.count
      return make([n, n]) { $0 / n == $0 % n ? a.values[$0 / n] : 0 }
    }
    return make(shape) { a.values[$0 * (a.cols + 1)] }
  }

  /// The element of images of `shape` at each element of their patches; nil in the padding.
  private static func patchPlaces(_ shape: [Int], _ window: PatchWindow) -> [Int?] {
    let images = shape.dropLast(3)
    let (height, width, channels) = (shape[images.count], shape[images.count + 1], shape.last!)
    let (rows, cols) = (window.rows.value, window.cols.value)
    let (stride, pad) = (window.stride.value, window.pad.value)
    func count(_ length: Int, _ window: Int) -> Int {
      PatchWindow.count(length: length, window: window, stride: stride, pad: pad)!
    }
    var places: [Int?] = []
    for image in 0..<Lengths.product(images) {
      for down in 0..<count(height, rows) {
        for across in 0..<count(width, cols) {
          for tap in 0..<(rows * cols) {
            let y = down * stride + tap / cols - pad
            let x = across * stride + tap % cols - pad
            let isInside = (0..<height).contains(y) && (0..<width).contains(x)
            let start = ((image * height + y) * width + x) * channels
            for k in 0..<channels { places.append(isInside ? start + k : nil) }
          }
        }
      }
    }
    return places
  }

  /// The elements of a tensor of `shape` that slices keep, in row-major order.
  private static func slicePlaces(_ shape: [Int], _ slices: [AxisSlice]) -> [Int] {
    var places = [0]
    for (axis, extent) in shape.enumerated() {
      let slice = axis < slices.count ? slices[axis] : .full
      let kept = slice.start..<max(slice.start, slice.end ?? extent)
      places = places.flatMap { place in kept.map { place * extent + $0 } }
    }
    return places
  }

  static func selection(_ kind: OperationClass.Selection, _ x: [Dense]) -> Dense {
    let a = x[0]
    switch kind {
    case .sort: return Dense(shape: a.shape, values: ascending(a).map { a.values[$0] })
    case .argSort: return Dense(shape: a.shape, values: ascending(a).map(Double.init))
    case .topKMask:
      let share = (x[1].scalar * Double(a.count)).rounded(.up)
      let kept = share >= Double(a.count) ? a.count : share > 0 ? Int(share) : 0
      var result = Dense.filled(a.shape, 0)
      for i in descending(a).prefix(kept) { result.values[i] = 1 }
      return result
    case .quantile: return Dense(quantile(a.values, x[1].scalar))
    }
  }

  /// Element numbers in ascending order of value, equal values in their order, NaN last.
  private static func ascending(_ a: Dense) -> [Int] {
    a.values.indices.sorted { i, j in
      let (x, y) = (a.values[i], a.values[j])
      if x.isNaN || y.isNaN { return x.isNaN == y.isNaN ? i < j : y.isNaN }
      return x == y ? i < j : x < y
    }
  }

  /// Element numbers in descending order of value, equal values in their order, NaN first.
  private static func descending(_ a: Dense) -> [Int] {
    a.values.indices.sorted { i, j in
      let (x, y) = (a.values[i], a.values[j])
      if x.isNaN || y.isNaN { return x.isNaN == y.isNaN ? i < j : x.isNaN }
      return x == y ? i < j : x > y
    }
  }

  /// Linear interpolation between order statistics, as NumPy's default; NaN of nothing or of a NaN.
  private static func quantile(_ values: [Double], _ q: Double) -> Double {
    guard !values.isEmpty, !q.isNaN, !values.contains(where: \.isNaN) else { return .nan }
    let sorted = values.sorted()
    let position = min(max(q, 0), 1) * Double(sorted.count - 1)
    let low = Int(position.rounded(.down))
    let high = Int(position.rounded(.up))
    let fraction = position - Double(low)
    let (a, b) = (sorted[low], sorted[high])
    if a == b { return a }
    return fraction < 0.5 ? a + (b - a) * fraction : b - (b - a) * (1 - fraction)
  }
}
