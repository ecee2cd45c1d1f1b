/// How the axes of curves are to be; what is nil fits the curves.
package struct PlotAxes: Sendable, Equatable {
  package struct Axis: Sendable, Equatable {
    package var limits: ClosedRange<Double>?
    package var scale: AxisScale?

    package init() {}
  }

  package var x = Axis()
  package var y = Axis()

  package init() {}
}
