import IR
import Lowering
import Search

/// A program as the equations of its rule alone.
enum EquationText {
  static func lines(_ record: ProgramRecord, _ frame: RateFrame) -> [String] {
    guard let rule = record.program.rewritten().rule("Found", frame) else { return [] }
    return lines(SourcePrinter.rule(rule.module))
  }

  /// Of a rule's source the lines that say what becomes of what.
  static func lines(_ source: String) -> [String] {
    source.split(separator: "\n").map { $0.drop { $0 == " " } }
      .filter { $0 != "}" && !$0.hasPrefix("rule ") && !$0.hasPrefix("state ") }.map(String.init)
  }
}
