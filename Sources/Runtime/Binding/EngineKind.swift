/// What runs a rule.
package enum EngineKind: String, Sendable, CaseIterable {
  /// The definition of its meaning, slow and in float64.
  case reference
  case interpreter
  /// Passes compiled by the system's C compiler; the interpreter runs the others, and all of them
  /// where there is no compiler.
  case native
  /// `native` where the tensors are large enough to pay for the compiler or it has run before, else
  /// `interpreter`.
  case auto

  /// Elements in all from which `auto` calls the compiler: a call takes as long as some hundred
  /// interpreted steps of as many elements.
  static let automaticCount = 64 * 1024

  func compiler(_ given: (any SegmentCompiler)?) -> (any SegmentCompiler)? {
    self == .native || self == .auto ? given : nil
  }

  /// For so many elements in all.
  func effort(_ count: Int) -> CompileEffort {
    if self != .auto { return .always }
    return count < Self.automaticCount ? .onlyCached : .whereItPays
  }
}
