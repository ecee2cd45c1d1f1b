import Diagnostics
import Driver
import IR
import Native
import Testing

@testable import Runtime

/// A rule whose states are values of expressions, on memory of its own.
final class SpecialRun {
  let optimizer: Optimizer
  let host: HostTensors

  init(_ rule: Rule, _ dims: [[Int]], _ engine: EngineKind, _ element: ElementType) throws {
    let specs = dims.enumerated().map { ParameterSpec(name: "w\($0)", dims: $1) }
    optimizer = try Optimizer(
      rule, parameters: specs, engine: engine, elementType: element,
      compiler: NativeTesting.isPossible ? NativeTesting.compiler : nil)
    host = HostTensors(specs, element)
    optimizer.bind(
      parameters: host.parameters, gradients: host.gradients.map { UnsafeRawPointer($0) })
    try optimizer.initialise()
    optimizer.waitForCode()
  }

  /// A step from parameters that are 0; without gradients from those that are there.
  func step(_ gradients: [[Double]] = []) throws {
    for (k, spec) in host.specs.enumerated() {
      host.set(host.parameters[k], [Double](repeating: 0, count: spec.count))
    }
    for (k, values) in gradients.enumerated() { host.set(host.gradients[k], values) }
    try optimizer.step()
  }

  func state(_ number: Int, of tensor: Int = 0) throws -> [Double] {
    try #require(optimizer.state("s\(number)", of: tensor))
  }

  static func rule(_ text: String) throws -> Rule {
    let compiler = Compiler()
    let found = compiler.add(name: "test.opt", bytes: Array(text.utf8))
    #expect(found.filter { $0.severity == .error }.map(\.message) == [])
    return try compiler.rule("R")
  }

  /// A rule with a state for each text; `type` stands behind the name of each.
  static func rule(
    of texts: [String], head: String = "", before: String = "", type: String = ""
  ) throws -> Rule {
    let states = texts.indices.map { "state s\($0)\(type)\n  s\($0)' = \(texts[$0])" }
    return try rule(
      "rule R\(head) { \(before)\n  \(states.joined(separator: "\n  "))\n  w' = w - 0.1 * g }")
  }
}
