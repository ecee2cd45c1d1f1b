import Diagnostics
import IR
import Semantics
import Syntax

/// Patches of images, and images under a kernel.
struct PatchLowerer: LoweringPart {
  let lowerer: Lowerer

  /// `unfold(x, rows, cols, stride = 1, pad = 0)`, `conv2d(x, K, stride = 1, pad = 0)`.
  func apply(_ name: String, _ arguments: [Argument], _ frame: Frame, _ span: Span) -> Value {
    let words =
      name == "unfold" ? ["x", "rows", "cols", "stride", "pad"] : ["x", "K", "stride", "pad"]
    let names = words.map { Name(key: $0, text: $0, span: span) }
    guard
      let bound = bind(
        arguments, to: names, of: name, hasDefault: words.map { $0 == "stride" || $0 == "pad" },
        span),
      let images = single(operand(bound[0]!, frame), at: span)
    else { return .failure }
    func length(_ k: Int, or number: Int) -> Extent? {
      bound[k].map { extent($0, frame) } ?? .fixed(number)
    }
    guard let stride = length(words.count - 2, or: 1), let pad = length(words.count - 1, or: 0)
    else {
      return .failure
    }
    if name == "unfold" {
      guard let rows = extent(bound[1]!, frame), let cols = extent(bound[2]!, frame) else {
        return .failure
      }
      let window = PatchWindow(rows: rows, cols: cols, stride: stride, pad: pad)
      return unfold(images, window, span).map { .value($0) } ?? .failure
    }
    guard let kernel = single(operand(bound[1]!, frame), at: span) else { return .failure }
    return convolution(images, kernel, stride, pad, span)
  }

  private func unfold(_ images: Handle, _ window: PatchWindow, _ span: Span) -> Handle? {
    lowerer.budget -= 1
    if lowerer.budget < 0 {
      _ = tooLarge(span)
      return nil
    }
    let value = local(images)
    let declared = shape(images).around(patches(of: entry(images), window))
    lowerer.builder.origin = span
    do {
      let made = try lowerer.builder.patches(
        .unfold, value, window, declared: declared.map { ValueType(.real, $0) })
      return Handle(level: lowerer.draft.level, id: made)
    } catch {
      report(error.diagnostic(at: span))
      return nil
    }
  }

  /// The patches times the kernel as a matrix, a row for each tap and channel.
  private func convolution(
    _ images: Handle, _ kernel: Handle, _ stride: Extent, _ pad: Extent, _ span: Span
  ) -> Value {
    let k = entry(kernel).extents
    guard k.count == 4 else { return report(.kernelShape(entry(kernel), at: span)) }
    let window = PatchWindow(rows: k[0], cols: k[1], stride: stride, pad: pad)
    guard let patches = unfold(images, window, span) else { return .failure }
    let e = entry(patches).extents
    guard e[e.count - 1].unified(with: k[2]) != nil else {
      return report(.kernelChannels(e[e.count - 1], k[2], at: span))
    }
    guard !e.dropLast(2).contains(.unknown) else {
      return report(.unknownImages(entry(images), at: span))
    }
    let taps = product(k[0], product(k[1], k[2]))
    guard let left = reshaped(patches, e.dropLast(2) + [taps], span),
      let right = reshaped(kernel, [taps, k[3]], span)
    else { return .failure }
    return make(.matrixProduct, [left, right], at: span)
  }

  // MARK: Lengths made of others

  /// The shape of the patches, with lengths that are known when a rule is bound.
  private func patches(of images: Shape, _ window: PatchWindow) -> Shape {
    var e = images.extents
    guard e.count > 2, e.count < Shape.maximumRank else { return images }
    let front = e.count - 3
    e[front] = count(e[front], window.rows, window)
    e[front + 1] = count(e[front + 1], window.cols, window)
    e.insert(product(window.rows, window.cols), at: front + 2)
    return Shape(e)
  }

  private func count(_ length: Extent, _ size: Extent, _ window: PatchWindow) -> Extent {
    computed([length, size, window.stride, window.pad]) { builder, x throws(ShapeError) in
      let padding = try builder.make(.multiply, builder.constant(2), x[3])
      let room = try builder.make(.subtract, builder.make(.add, x[0], padding), x[1])
      let steps = try builder.make(.floor, builder.make(.divide, room, x[2]))
      return try builder.make(.add, steps, builder.constant(1))
    }
  }

  private func product(_ a: Extent, _ b: Extent) -> Extent {
    computed([a, b]) { builder, x throws(ShapeError) in try builder.make(.multiply, x[0], x[1]) }
  }

  /// An extent made of others; unknown where one of these is.
  private func computed(
    _ extents: [Extent],
    _ make: (inout FunctionBuilder, [ValueID]) throws(ShapeError) -> ValueID
  ) -> Extent {
    let lengths = extents.compactMap { length($0) }
    guard lengths.count == extents.count,
      let value = try? make(&lowerer.draft.levels[0].builder, lengths)
    else { return .unknown }
    if let x = lowerer.draft.levels[0].builder.function.knownNumber(value), !(x >= 0 && x < 2e9) {
      return .unknown
    }
    return lowerer.draft.levels[0].builder.extentSymbol(value)
  }
}
