import Basics
import CRavine
import Ravine

/// A rule that a host holds.
final class HeldRule: Sendable {
  let rule: Rule

  init(_ rule: Rule) { self.rule = rule }

  static let table = HandleTable<HeldRule>(kind: 0)

  static func of(_ handle: ravine_rule) throws -> Rule {
    guard let held = table[handle] else { throw Outcome.Misuse.notARule }
    return held.rule
  }

  fileprivate static func give(
    to handle: UnsafeMutablePointer<ravine_rule>?, _ make: () throws -> Rule
  ) -> Int32 {
    Outcome.done {
      guard let handle else { throw Outcome.Misuse.null("rule") }
      handle.pointee = 0
      handle.pointee = table.add(HeldRule(try make()))
    }
  }
}

@c @implementation
public func ravine_version() -> UnsafePointer<CChar>? {
  UnsafeRawPointer(Version.text.utf8Start).assumingMemoryBound(to: CChar.self)
}

@c @implementation
public func ravine_rule_from_source(
  _ source: UnsafePointer<CChar>?, _ call: UnsafePointer<CChar>?, _ name: UnsafePointer<CChar>?,
  _ rule: UnsafeMutablePointer<ravine_rule>?
) -> Int32 {
  HeldRule.give(to: rule) {
    try Rule(
      bytes: Crossing.bytes(source, "source"), call: Crossing.optional(call),
      name: Crossing.optional(name) ?? "<text>")
  }
}

@c @implementation
public func ravine_rule_from_file(
  _ path: UnsafePointer<CChar>?, _ call: UnsafePointer<CChar>?,
  _ rule: UnsafeMutablePointer<ravine_rule>?
) -> Int32 {
  HeldRule.give(to: rule) {
    try Rule(contentsOf: Crossing.text(path, "path"), call: Crossing.optional(call))
  }
}

@c @implementation
public func ravine_rule_from_zoo(
  _ call: UnsafePointer<CChar>?, _ rule: UnsafeMutablePointer<ravine_rule>?
) -> Int32 {
  HeldRule.give(to: rule) { try Rule.zoo(Crossing.text(call, "call")) }
}

@c @implementation
public func ravine_rule_free(_ rule: ravine_rule) -> Int32 {
  Outcome.done {
    if HeldRule.table.remove(rule) == nil { throw Outcome.Misuse.notARule }
  }
}
