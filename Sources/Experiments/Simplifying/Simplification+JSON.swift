import Basics
import Lowering

extension Simplification {
  /// All of it, for whoever reads it. `certificates` are the files of the steps that have one, by step.
  package func json(certificates: [Int: String]) -> JSONValue {
    let naming = naming
    return .record([
      "rule": .string(SourcePrinter.rule(rule.module)),
      "interrupted": .bool(wasInterrupted),
      "obstacle": obstacle.map { .string($0) } ?? .null,
      "margin": .number(margin), "tasks": .array(tasks.map { .string($0) }), "looks": .int(looks),
      "steps": .array(
        steps.enumerated().map { k, step in
          .object(
            [
              JSONMember("what", .string(step.what)),
              JSONMember("rule", .string(SourcePrinter.rule(step.rule.module))),
            ] + Self.members(of: step.ground)
              + (certificates[k].map { [JSONMember("file", .string($0))] } ?? []))
        }),
      "unconfirmed": .array(unconfirmed.map { .string($0) }),
      "needed": .array(
        needed.map {
          .object(
            [
              JSONMember("what", .string($0.what)), JSONMember("task", .string($0.task)),
            ] + Self.members(of: $0.test))
        }),
      "likenesses": .array(naming.likenesses.map { .string($0) }),
      "couplings": .array(
        naming.couplings.map {
          .record(["subject": .string($0.subject), "text": .string($0.text)])
        }),
    ])
  }

  private static func members(of ground: Ground) -> [JSONMember] {
    switch ground {
    case .exact(.proved(let conditions, let certificate)):
      [
        JSONMember("ground", .string("exact")),
        JSONMember("where", .array(conditions.map { .string($0) })),
        JSONMember("certified", .bool(certificate != nil)),
      ]
    case .exact(.noDifference(let probes)):
      [JSONMember("ground", .string("probes")), JSONMember("probes", .int(probes))]
    case .measured(let tests, let probability):
      [
        JSONMember("ground", .string("measured")), JSONMember("p", .number(probability)),
        JSONMember(
          "tests",
          .array(
            tests.map {
              .object([JSONMember("task", .string($0.task))] + members(of: $0.test))
            })),
      ]
    }
  }

  private static func members(of test: MarginTest) -> [JSONMember] {
    [
      JSONMember("mean", .number(test.interval.mean)),
      JSONMember("halfWidth", .number(test.interval.halfWidth)),
      JSONMember("pairs", .int(test.pairs)),
    ]
  }
}
