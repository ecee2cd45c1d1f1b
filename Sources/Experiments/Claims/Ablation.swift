import IR
import Search

/// A program without one of its operations or states, for each of them: what an operation is made of stands in its
/// place, and the gradient in that of a state.
struct Ablation {
  struct Variant {
    /// Which operation or state, by number; the operations first.
    var statement: Int
    /// What stands in the place of what.
    var what: String
    var by: String
    var program: Genome
  }

  private(set) var variants: [Variant] = []

  init(_ program: Genome) {
    let text = ExpressionText(program, Genome.stateNames)
    for omission in program.omissions() {
      let statement =
        omission.left.node ?? program.nodes.count + omission.left.state!
      add(
        omission.result, statement, text.text(omission.left), text.text(omission.by), of: program)
    }
  }

  /// Each program once, and none that cannot run or is the whole in another guise.
  private mutating func add(
    _ changed: Genome, _ statement: Int, _ what: String, _ by: String, of whole: Genome
  ) {
    let clean = changed.cleaned().rewritten()
    guard clean.flaw == nil, clean.digest != whole.digest,
      !variants.contains(where: { $0.program.digest == clean.digest })
    else { return }
    variants.append(Variant(statement: statement, what: what, by: by, program: clean))
  }
}
