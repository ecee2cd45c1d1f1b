import Diagnostics
import Driver
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

  /// By the digests that `runs` tells, the first of each. Rates follow the schedule of the start, where it has one.
  ///
  /// Throws what is wrong with the start, which may be a rule of a script that is not here.
  static func all(
    of journal: SearchJournal, _ compiler: Compiler
  ) throws(DiagnosticError) -> [String: Rule] {
    let header = try journal.header()
    let rules = JournalRules(name: header.name)
    let frame = try header.schedule.flatMap { start throws(DiagnosticError) in
      RateFrame(try compiler.rule(start))
    }
    var found: [String: Rule] = [:]
    for restart in try journal.restarts().map(\.restart) {
      try journal.programs(of: restart) { record in
        if let rule = rules.rule(record), found[rule.digestText] == nil {
          found[rule.digestText] =
            frame.flatMap {
              try? record.program.rule(rule.module.name, $0)?.setting(0, to: record.best)
            }
            ?? rule
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
