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
    let text = GenomeText(program)
    for i in program.nodes.indices {
      let node = program.nodes[i]
      for k in 0..<node.arity where program.isTruth(node[k]) == program.isTruth(.node(i)) {
        var changed = program
        changed.replace(.node(i), by: node[k])
        add(changed, i, text.text(.node(i)), text.text(node[k], isNamed: true), of: program)
      }
    }
    for k in program.states.indices {
      var changed = program
      changed.replace(.state(k), by: .gradient)
      changed.states[k].next = .gradient
      add(changed, program.nodes.count + k, Genome.stateNames[k], "g", of: program)
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
