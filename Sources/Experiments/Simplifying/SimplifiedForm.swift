import IR

/// What a simplification works on: a rule that can be changed in one place.
protocol SimplifiedForm {
  /// Nil where its values have no shapes that agree.
  func rule(_ name: String) -> Rule?
  /// Changes that should leave what it computes as it is, those that are plainer first. Each is proved before it is made.
  func rewrites() -> [Change<Self>]
  /// What can be left out or shortened, those changes first that leave out most. Each is measured before it is made.
  func omissions() -> [Change<Self>]
}

/// One change of a rule.
struct Change<Form> {
  /// In words; of two changes with the same words the form tells them apart.
  var what: String
  /// Operations and states that it leaves out.
  var names: Set<String> = []
  var result: Form
}
