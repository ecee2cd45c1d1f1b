/// What became of the mutants of a restart.
package struct SearchCounts: Hashable, Sendable {
  /// Mutants that were drawn; those that could not be done are not counted.
  package var mutants = 0
  package var flaws = [Int](repeating: 0, count: Genome.Flaw.allCases.count)
  package var notFinite = 0
  package var noDescent = 0
  /// By net, the first that caught it.
  package var nets = [Int](repeating: 0, count: Net.allCases.count)
  /// Known programs that came back into the population with the score they have.
  package var returned = 0
  /// Evaluations: one program at one rate and one seed on one task.
  package var evaluations = 0
  /// Those of them that the program of a task had no answer to, or a rule could not be made for.
  package var failures = 0

  package enum Net: Int, CaseIterable, Sendable {
    case digest, rewrites, algebra, behaviour

    package var text: String {
      switch self {
      case .digest: "the same program"
      case .rewrites: "the same after exact rewrites"
      case .algebra: "equal by algebra"
      case .behaviour: "the same on all probes"
      }
    }
  }

  package init() {}

  package var invalid: Int { flaws.reduce(0, +) + notFinite + noDescent }
  package var duplicates: Int { nets.reduce(0, +) }

  var numbers: [Int] {
    [mutants, notFinite, noDescent, returned, evaluations, failures] + flaws + nets
  }

  init?(_ numbers: [Int]) {
    guard numbers.count == 6 + flaws.count + nets.count else { return nil }
    (mutants, notFinite, noDescent) = (numbers[0], numbers[1], numbers[2])
    (returned, evaluations, failures) = (numbers[3], numbers[4], numbers[5])
    flaws = Array(numbers[6..<(6 + flaws.count)])
    nets = Array(numbers[(6 + flaws.count)...])
  }

  package static func + (x: SearchCounts, y: SearchCounts) -> SearchCounts {
    SearchCounts(zip(x.numbers, y.numbers).map(+))!
  }
}
