/// How the equations of a variant name what they read in files of Python.
extension ExportedRule {
  /// The names of a variant's states: the last word of `base.m`, where nothing else has it.
  func stateNames(_ k: Int) -> [String] {
    var taken = taken
    return variants[k].states.map {
      Identifier(target).unique(
        String($0.name.split(separator: ".").last ?? Substring($0.name)), fallback: $0.name, &taken)
    }
  }

  /// The names of hyperparameters, states and inputs; `rank` is the number of axes of the parameter.
  func leaves(_ k: Int, rank: String) -> Leaves {
    var leaves = Leaves()
    leaves.hypers = hyperNames
    leaves.rank = rank
    leaves.states = stateNames(k)
    leaves.inputs = variants[k].inputs.map {
      Identifier(target).spelled($0.name) + ($0.shape.isScalar ? "" : "_p")
    }
    return leaves
  }
}
