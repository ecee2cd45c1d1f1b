import Diagnostics
import IR
import Plotting
import Training

extension ExperimentHistory {
  /// One panel for each series: the mean over seeds and the band from the smallest to the largest.
  package func figure(_ names: [String], _ axes: PlotAxes = PlotAxes()) -> Figure {
    Figure(title: title, panels: names.map { .curves(panel($0, axes)) })
  }

  private func panel(_ name: String, _ axes: PlotAxes) -> CurvePanel {
    var series = rules.compactMap { curve($0, name) }
    if name == ObjectiveModule.sharpness {
      // A rule goes down where its curve stays below its limit.
      for rule in rules {
        guard var limit = curve(rule, ObjectiveModule.stableBelow) else { continue }
        limit.name += ": stable below"
        (limit.low, limit.high) = (nil, nil)
        series.append(limit)
      }
    }
    let all = series.flatMap(\.y).filter { $0.isFinite }
    let positive = !all.isEmpty && all.allSatisfy { $0 > 0 }
    let spread = positive ? (all.max()! / all.min()!) : 1
    let hasRoom = axes.y.limits.map { $0.lowerBound > 0 } ?? true
    var panel = CurvePanel(
      title: name, xLabel: axis, yLabel: name, xScale: axes.x.scale ?? .linear,
      yScale: axes.y.scale ?? (positive && spread > 50 && hasRoom ? .log : .linear), series: series,
      // Rates and time do not diverge, however far they rise.
      showsAll: loopSeries.contains(name)
        && ![LoopSeries.gradientNorm, LoopSeries.updateRatio].contains(name))
    (panel.xLimits, panel.yLimits) = (axes.x.limits, axes.y.limits)
    return panel
  }

  private func curve(_ rule: RuleHistory, _ name: String) -> Series? {
    let runs = rule.runs.filter { $0.values[name] != nil }
    guard let longest = runs.max(by: { $0.x.count < $1.x.count }) else { return nil }
    var mean: [Double] = []
    var low: [Double] = []
    var high: [Double] = []
    for i in longest.x.indices {
      let here = runs.compactMap { i < $0.values[name]!.count ? $0.values[name]![i] : nil }
        .filter { $0.isFinite }
      mean.append(here.isEmpty ? .nan : here.reduce(0, +) / Double(here.count))
      low.append(here.min() ?? .nan)
      high.append(here.max() ?? .nan)
    }
    let hasBand = rule.runs.count > 1
    // What is measured at some of the places only is joined over the others.
    let isSparse =
      [ObjectiveModule.sharpness, ObjectiveModule.stableBelow].contains(name)
      || loopSeries.contains(name)
    let kept = mean.indices.filter { !isSparse || mean[$0].isFinite }
    func pick(_ values: [Double]) -> [Double] { kept.map { values[$0] } }
    return Series(
      name: rule.label, x: pick(longest.x), y: pick(mean), low: hasBand ? pick(low) : nil,
      high: hasBand ? pick(high) : nil)
  }

  /// The walks over the contours of an objective of two variables; nil for other objectives.
  package func pathFigure() throws(DiagnosticError) -> Figure? {
    guard let landscape = try landscape?() else { return nil }
    let paths = rules.compactMap { rule -> ContourPanel.Path? in
      guard let run = rule.runs.first else { return nil }
      return ContourPanel.Path(
        name: rule.label, x: run.points.map { $0[0] }, y: run.points.map { $0[1] })
    }
    let panel = ContourPanel(
      title: "path", xLabel: landscape.names.0, yLabel: landscape.names.1,
      xRange: landscape.xRange, yRange: landscape.yRange, columns: landscape.columns,
      values: landscape.values, paths: paths)
    return Figure(title: "", panels: [.contours(panel)])
  }
}
