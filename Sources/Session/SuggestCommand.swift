import Diagnostics
import Driver
import Experiments

/// `:suggest`: rules for a task.
struct SuggestCommand: Answering {
  let question: Question

  func suggest(_ rest: Fragment) throws {
    let (task, rules) = rest.word
    try asking(rest) {
      var options = Script.Options()
      options.folder = definitions.ledger.declaration(task.text)?.folder
      let script = Script(compiler, options: options, output: { _ in })
      var advisor = Advisor()
      advisor.engine.engine = output.settings.engine
      advisor.engine.elementType = output.settings.elementType
      advisor.engine.interrupt = output.interrupt
      advisor.progress = { [output] in output.progress($0) }
      defer { output.progress("") }
      let advice = try advisor.advise(
        on: script.task(named: task.text), compiler,
        rules: rules.words.map { word throws(DiagnosticError) in
          try compiler.rule(word.text, allowsMissing: true)
        })
      write(advice.text)
      output.report(script.takeFindings() + advice.warnings, in: compiler.sources)
    }
  }
}
