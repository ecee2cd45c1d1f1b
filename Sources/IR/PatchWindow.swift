/// How patches are cut out of images: so many rows and columns of them, each patch `stride` places from
/// the last, with `pad` rows and columns of zeros around an image.
///
/// Images are [..., height, width, channels], their patches [..., down, across, rows · cols, channels].
package struct PatchWindow: Hashable, Sendable {
  package var rows: Extent
  package var cols: Extent
  package var stride: Extent
  package var pad: Extent

  package init(rows: Extent, cols: Extent, stride: Extent, pad: Extent) {
    self.rows = rows
    self.cols = cols
    self.stride = stride
    self.pad = pad
  }

  package var extents: [Extent] { [rows, cols, stride, pad] }

  /// With other extents, in the order of `extents`.
  package func mapped<E>(_ f: (Extent) throws(E) -> Extent) throws(E) -> PatchWindow {
    PatchWindow(rows: try f(rows), cols: try f(cols), stride: try f(stride), pad: try f(pad))
  }

  /// How many patches lie along an axis of `length`; nil where not even one does.
  package static func count(length: Int, window: Int, stride: Int, pad: Int) -> Int? {
    let room = length + 2 * pad - window
    return room < 0 ? nil : room / stride + 1
  }

  /// The shape of the patches of images; extents that are not numbers yet are those of `declared`.
  package func patches(of images: Shape, _ declared: Shape?) throws(ShapeError) -> Shape {
    let e = images.extents
    guard e.count > 2, e.count < Shape.maximumRank else {
      throw ShapeError(
        .badWindow,
        "`unfold` takes images, height × width × channels behind up to two other axes, and this is "
          + ShapeRules.describe(images))
    }
    let own = declared?.extents ?? []
    func known(_ axis: Int, _ extent: Extent) -> Extent {
      extent == .unknown && axis < own.count ? own[axis] : extent
    }
    let front = e.count - 3
    let down = try along(e[front], rows, "rows")
    let across = try along(e[front + 1], cols, "columns")
    let area = rows.isFixed && cols.isFixed ? try fixed(rows.value * cols.value) : .unknown
    return Shape(
      e.prefix(front) + [
        known(front, down), known(front + 1, across), known(front + 2, area), e[front + 2],
      ])
  }

  private func along(
    _ length: Extent, _ window: Extent, _ word: String
  ) throws(ShapeError) -> Extent {
    if window.isFixed, window.value == 0 {
      throw ShapeError(.badWindow, "a window of 0 \(word) holds nothing")
    }
    if stride.isFixed, stride.value == 0 {
      throw ShapeError(.badWindow, "with a stride of 0 all patches are the first")
    }
    guard length.isFixed, window.isFixed, stride.isFixed, pad.isFixed else { return .unknown }
    guard
      let count = Self.count(
        length: length.value, window: window.value, stride: stride.value, pad: pad.value)
    else {
      let padding = pad.value == 0 ? "" : " and twice \(pad.value) around them"
      throw ShapeError(
        .badWindow,
        "a window of \(window.value) \(word) does not fit into \(length.value)\(padding)")
    }
    return try fixed(count)
  }

  private func fixed(_ n: Int) throws(ShapeError) -> Extent {
    guard n <= 2_000_000_000 else {
      throw ShapeError(.badWindow, "this window makes \(n) entries along one axis")
    }
    return .fixed(n)
  }
}
