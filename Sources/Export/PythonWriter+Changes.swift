import IR

/// What a change in place asks of values: of state k, or of w where there is no k.
extension PythonWriter {
  /// Whether a value is what is changed, as it was before the step.
  func isOld(_ id: ValueID, _ k: Int?) -> Bool {
    let i = function[id]
    guard names[id] == nil else { return false }
    return k.map { i.operation == .state && Int(i.attribute) == $0 } ?? (i.operation == .parameter)
  }

  /// Whether the text of a value reads what is changed.
  func reads(_ id: ValueID, _ k: Int?) -> Bool {
    function.reaches(id) { value -> Bool? in
      if isOld(value, k) { return true }
      return value != id && names[value] != nil ? false : nil
    }
  }
}
