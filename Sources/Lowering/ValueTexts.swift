import IR

/// The values of one step as expressions in the rule's own names.
package struct ValueTexts {
  private let printer: BodyPrinter

  /// `names` are those that the author has given to values.
  package init(_ variant: RuleVariant, hypers: [String], names: [ValueID: String]) {
    var printer = BodyPrinter(
      variant.update, hypers: hypers, states: variant.states.map(\.name),
      inputs: variant.inputs.map(\.name))
    printer.names = names.mapValues { .name($0) }
    self.printer = printer
  }

  /// How a value is computed; nil where that is no expression, as of what a loop gives.
  package func text(_ id: ValueID) -> String? {
    let text = printer.text(id)
    return text.contains("?") ? nil : text
  }
}
