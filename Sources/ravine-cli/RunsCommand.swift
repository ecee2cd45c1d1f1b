import ArgumentParser
import Diagnostics
import Experiments
import Search

struct RunsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "runs",
    abstract: "What a journal of a search holds.",
    discussion: """
      Examples:
        ravine runs found.db                     how far it is, and the best of each restart
        ravine runs found.db show 1234           a program, where it came from, what it came to
        ravine runs found.db lineage 1234        its ancestors from the start on
        ravine runs found.db pareto              what no other beats in loss, states and operations
        ravine runs found.db export 1234         the rule alone, after exact rewrites
        ravine runs found.db claims              what was measured of the program that was chosen
        ravine runs found.db test                the same on the locked tasks, once they were opened
        ravine runs found.db page > found.html   curves, front, ancestors side by side, claims
        ravine runs found.db notes               what was found, as Markdown
        ravine runs found.db prune               forget what failed early, once it is done
      """)

  enum Question: String, ExpressibleByArgument, CaseIterable {
    case summary, show, lineage, pareto, export, claims, test, page, notes, prune
  }

  @Option(help: "Which restart, from 1, for show, lineage and export; 1 by default.")
  var restart: Int?
  @Flag(help: "claims and test as JSON.")
  var json = false
  @ArgumentParser.Argument(help: ArgumentHelp("The journal.", valueName: "file"))
  var file: String
  @ArgumentParser.Argument(
    help: "summary, show, lineage, pareto, export, claims, test, page, notes or prune.")
  var question = Question.summary
  @ArgumentParser.Argument(help: "The number of a program.")
  var number: Int?

  func validate() throws {
    if [.show, .lineage, .export].contains(question), number == nil {
      throw ValidationError("\(question.rawValue) needs the number of a program")
    }
    if json, ![.claims, .test].contains(question) {
      throw ValidationError("--json is about claims and test")
    }
    if let restart {
      if restart < 1 { throw ValidationError("--restart counts from 1") }
      if ![.show, .lineage, .export].contains(question) {
        throw ValidationError("--restart is about show, lineage and export")
      }
    }
  }

  func run() throws {
    do throws(DiagnosticError) {
      if question == .prune {
        let removed = try SearchJournal.existing(file).prune()
        Console.write("\(removed) programs forgotten\n")
        return
      }
      if question == .page {
        Console.writeFile(try SearchPage(SearchJournal(reading: file)).html())
        return
      }
      if question == .notes {
        Console.writeFile(try SearchNotes(SearchJournal(reading: file)).markdown())
        return
      }
      if let subject = SearchJournal.Subject(rawValue: question.rawValue) {
        guard let report = try SearchJournal(reading: file).report(of: subject) else {
          throw DiagnosticError(.nothingClaimed(file, subject))
        }
        Console.write(json ? report.json.rendered() : ClaimText(report).text)
        return
      }
      let text = try RunsText(SearchJournal(reading: file))
      let (number, restart) = (number ?? 0, (restart ?? 1) - 1)
      let answer =
        switch question {
        case .summary, .prune, .page, .notes, .claims, .test: try text.summary()
        case .show: try text.show(number, of: restart)
        case .lineage: try text.lineage(number, of: restart)
        case .pareto: try text.front()
        case .export: try text.export(number, of: restart)
        }
      question == .export ? Console.writeFile(answer) : Console.write(answer)
    } catch {
      Console.report(error.diagnostics, in: SourceMap())
      throw Status.program
    }
  }
}

struct SearchMergeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "merge",
    abstract: "Join the journals of one search that several processes did in shards.",
    discussion: """
      Examples:
        ravine search find.opt --shard 0/2 --journal a.db
        ravine search find.opt --shard 1/2 --journal b.db
        ravine search merge all.db a.db b.db     the same in any order
      """)

  @ArgumentParser.Argument(help: "The journal that is made or added to.")
  var into: String
  @ArgumentParser.Argument(help: "Journals of the same search.")
  var journals: [String]

  func run() throws {
    do throws(DiagnosticError) {
      guard let first = journals.first else { return }
      let header = try SearchJournal(reading: first).header()
      // All are looked at before anything is made.
      let all = try journals.map { path throws(DiagnosticError) in
        let journal = try SearchJournal(reading: path)
        try journal.require(header)
        return journal
      }
      let joined = try SearchJournal(into, header)
      for journal in all { try joined.merge(journal) }
      Console.write(try RunsText(joined).summary())
    } catch {
      Console.report(error.diagnostics, in: SourceMap())
      throw Status.program
    }
  }
}
