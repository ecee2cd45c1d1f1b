import Diagnostics
import IR
import Search

/// The programs of a journal as rules.
struct JournalRules {
  let name: String

  /// The rule of a program, as it was or after exact rewrites, at the rate that did best.
  func rule(_ record: ProgramRecord, isPlain: Bool = false) -> Rule? {
    let program = isPlain ? record.program.rewritten() : record.program
    return program.rule("\(name)\(record.number)", .plain)?.with(0, at: record.best)
  }

  /// By their digests, the first of each.
  static func all(of journal: SearchJournal) throws(DiagnosticError) -> [String: Rule] {
    let rules = JournalRules(name: try journal.header().name)
    var found: [String: Rule] = [:]
    for restart in try journal.restarts().map(\.restart) {
      try journal.programs(of: restart) { record in
        if let rule = rules.rule(record), found[rule.digestText] == nil {
          found[rule.digestText] = rule
        }
        return true
      }
    }
    return found
  }
}

extension Rule {
  /// What a rule is called where it is scored: another value of a hyperparameter is another rule.
  var digestText: String { module.identityDigest(arguments: arguments).description }
}
