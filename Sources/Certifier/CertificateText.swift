import Certificates

extension Certificate {
  /// As `ravine certify` reads it.
  package var text: String {
    var lines = [Self.header, "a = \(a)", "b = \(b)"]
    lines += source.map { $0.isEmpty ? "|" : "| \($0)" }
    lines += free.map { "free \($0.text)" } + fixed.map { "fixed \($0.text)" }
    lines += conditions.map { "where \($0.text)" }
    if isWhereAIsDefined { lines.append("where a is defined") }
    for part in parts {
      lines.append("ways \(part.variants.map(String.init).joined(separator: " "))")
      lines += part.states.map { "state \($0.text)" } + part.keeps.map { "keeps \($0.text)" }
      for goal in part.goals {
        lines.append("goal \(goal.title.text)")
        var depth = 1
        for step in goal.steps {
          if ["otherwise", "done"].contains(step.text) { depth -= 1 }
          lines.append(String(repeating: "  ", count: depth) + step.text)
          if step.text == "otherwise" || step.text.hasPrefix("cases ") { depth += 1 }
        }
      }
    }
    return (lines + ["end"]).joined(separator: "\n") + "\n"
  }
}
