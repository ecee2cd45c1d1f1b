/// How something was called, in parts, so that an argument can be set: `AdamW(λ = 0.1)`.
package struct CallText: Hashable, Sendable {
  package indirect enum Value: Hashable, Sendable {
    case plain(String)
    /// A call with an argument by position: of a schedule, its peak.
    case call(CallText)
  }

  package struct Argument: Hashable, Sendable {
    /// Nil for an argument by position.
    package var label: String?
    /// The canonical spelling of the label.
    package var key: String?
    package var value: Value

    package init(label: String? = nil, key: String? = nil, _ value: Value) {
      self.label = label
      self.key = key
      self.value = value
    }
  }

  package var callee: String
  package var arguments: [Argument]

  package init(_ callee: String, _ arguments: [Argument] = []) {
    self.callee = callee
    self.arguments = arguments
  }

  package var text: String {
    arguments.isEmpty ? callee : "\(callee)(\(arguments.map(\.text).joined(separator: ", ")))"
  }

  /// Sets an argument by name, or the peak of the schedule that it is.
  mutating func set(_ name: String, key: String, to value: String, isPeak: Bool) {
    guard let k = arguments.firstIndex(where: { $0.key == key }) else {
      arguments.append(Argument(label: name, key: key, .plain(value)))
      return
    }
    if isPeak, case .call(var call) = arguments[k].value {
      call.arguments[0].value = .plain(value)
      arguments[k].value = .call(call)
    } else {
      arguments[k].value = .plain(value)
    }
  }

  mutating func unset(key: String) { arguments.removeAll { $0.key == key } }
}

extension CallText.Argument {
  var text: String {
    let value =
      switch self.value {
      case .plain(let text): text
      case .call(let call): call.text
      }
    return label.map { "\($0) = \(value)" } ?? value
  }
}
