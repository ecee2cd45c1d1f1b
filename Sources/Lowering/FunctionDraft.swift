import IR
import Syntax

/// A function under construction.
struct FunctionDraft {
  struct Level {
    var builder: FunctionBuilder
    /// Values of the level outside that this loop body uses, in order of first use.
    var captured: [ValueID] = []
    var arguments: [ValueID: ValueID] = [:]
    var carriedCount = 0
  }

  /// The function itself, then the loop bodies that are open.
  var levels: [Level]
  var level = 0
  /// Names being evaluated, for the text of a cycle.
  var evaluating: [Name] = []
  /// Named values of the script; nil while one is evaluated.
  var definitions: [String: Value?] = [:]
  /// The places of the calls that are open.
  var sites: [UInt32] = []
  /// The equation whose draws are being lowered, and the shape a draw has by default.
  var equationName = ""
  var drawShape: Shape
  var nextSite: UInt32

  init(_ name: String, drawShape: Shape = .scalar, firstSite: UInt32 = 0) {
    levels = [Level(builder: FunctionBuilder(name: name))]
    self.drawShape = drawShape
    nextSite = firstSite
  }
}
