import Certificates

/// The steps that show a goal.
struct Script {
  var lines: [String] = []
  /// A condition, and the steps where it holds and where not.
  var cases: [(condition: String, branches: [Script])] = []
  var isAbsurd = false

  /// As lines of a certificate.
  var text: [String] {
    var result = lines
    if let (condition, branches) = cases.first {
      result.append("cases \(condition)")
      result += branches[0].text + ["otherwise"] + branches[1].text + ["done"]
    }
    return isAbsurd ? result + ["absurd"] : result
  }

  /// Throws unless the steps show the goal.
  func replay(_ start: Proof) throws {
    var proof = start
    for line in lines { try proof.take(line) }
    if let (condition, branches) = cases.first {
      for (branch, proof) in zip(branches, try proof.branches(condition)) {
        try branch.replay(proof)
      }
    } else if isAbsurd {
      if try !proof.context.isAbsurd() { throw Refusal("") }
    } else if try !proof.isClosed() {
      throw Refusal("")
    }
  }

  /// Without steps whose place on their path is not among those that were used.
  func keeping(_ used: Set<Int>, from place: Int = 0) -> Script {
    var result = self
    result.lines = []
    for (i, line) in lines.enumerated()
    where line.hasPrefix("clear") || used.contains(place + i + 1) {
      result.lines.append(line)
    }
    if !cases.isEmpty {
      result.cases[0].branches = cases[0].branches.map {
        $0.keeping(used, from: place + lines.count + 1)
      }
    }
    return result
  }
}
