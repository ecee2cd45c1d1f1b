import Diagnostics
import IR
import Semantics
import Syntax

/// One run of lowering: the program it reads, what it found wrong, the work it may still do, and the
/// module and the function that are under construction.
///
/// Names are evaluated when first needed, so equations may stand in any order; what is needed while
/// it is being evaluated is a cycle.
final class Lowerer: LoweringPart {
  let program: CheckedProgram
  var bag = DiagnosticBag()
  var module = ModuleState()
  var draft: FunctionDraft
  /// Where functions are being called from; its depth bounds recursion.
  var callStack: [String] = []
  /// Names that stand for any number, in order of first use.
  var freeNames: [String] = []
  /// Work left: a small text must not become a giant program.
  var budget = 400_000
  /// Expressions still to be read, calls unfolded: bounds the time, as `budget` bounds the program.
  var patience = 1_000_000
  /// Expressions and functions inside one another, which the stack of the machine bounds.
  var depth = 0
  #if DEBUG
    // Unoptimised frames are several times larger.
    static let depthLimit = 540
  #else
    static let depthLimit = 1_600
  #endif
  /// Whether the end of the budget was reported.
  var hasGivenUp = false
  /// Rules that a rule is made of.
  var ruleCount = 0

  var lowerer: Lowerer { self }

  init(program: CheckedProgram, name: String) {
    self.program = program
    draft = FunctionDraft(name)
  }

  // MARK: Frames

  private var frames: [Frame] = []

  /// A frame that lives until `release`.
  func frame(tree: TreeID, parent: Frame?) -> Frame {
    let made = Frame(tree: tree, parent: parent)
    frames.append(made)
    return made
  }

  /// Empties all frames: their entries know how to find values in them, and would keep them for ever.
  func release() {
    for frame in frames { frame.empty() }
    frames = []
  }

  var builder: FunctionBuilder {
    _read { yield draft.levels[draft.level].builder }
    _modify { yield &draft.levels[draft.level].builder }
  }

  /// What the author calls a value, which goes with it.
  func name(_ value: Value, _ name: Name) {
    guard case .value(let handle) = value else { return }
    draft.levels[handle.level].builder.name(handle.id, name.text)
  }
}
