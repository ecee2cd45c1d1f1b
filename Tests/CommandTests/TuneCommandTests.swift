import Foundation
import Testing

@Suite struct TuneCommandTests {
  static let task =
    "objective bowl(x: vector(2) = [3, 1]) = 5 * x[0]^2 + x[1]^2\n"
    + "minimize bowl with SGD, Adam(lr = cosine(0.1)) for 40 steps\n"

  @Test func aTableOfTheRulesOfTheScript() throws {
    let sandbox = try Sandbox()
    try sandbox.write("bowl.opt", Self.task)
    let outcome = try sandbox.run("ravine tune bowl.opt --seeds 2 --trials 6")
    #expect(outcome.status == 0)
    let lines = outcome.output.split(separator: "\n")
    #expect(
      lines.first
        == "bowl: 6 trials of 40 steps for each rule, by loss; mean and 95 % interval over seeds 1 to 2"
    )
    #expect(lines.count == 5)
    #expect(lines.dropFirst(3).contains { $0.hasPrefix("SGD ") })
    #expect(lines.dropFirst(3).contains { $0.hasPrefix("Adam(lr = cosine(0.1)) ") })
    #expect(outcome.errors.isEmpty)
    #expect(try sandbox.run("ravine tune bowl.opt --seeds 2 --trials 6").output == outcome.output)
  }

  @Test func everythingAsJSON() throws {
    let sandbox = try Sandbox()
    try sandbox.write("bowl.opt", Self.task)
    let outcome = try sandbox.run(
      "ravine tune bowl.opt HeavyBall --search 'lr = 1e-3..1' --search 'μ = 0, 0.9' --trials 8 --json"
    )
    #expect(outcome.status == 0)
    let json = try #require(
      try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
    let rules = try #require(json["rules"] as? [[String: Any]])
    #expect(rules.count == 1)
    #expect((rules[0]["trials"] as? [Any])?.count == 8)
    #expect((rules[0]["best"] as? [Double])?.count == 2)
  }

  @Test(arguments: [
    ("ravine tune bowl.opt --search lr", 2), ("ravine tune bowl.opt --trials 0", 2),
    ("ravine tune bowl.opt AdmW", 3), ("ravine tune bowl.opt SPSMax", 3),
    ("ravine tune bowl.opt --by accuracy", 3), ("ravine tune nothing.opt", 2),
    ("ravine tune empty.opt", 3),
    ("ravine tune bowl.opt SGD --search 'lr = 1e30, 1e40' --trials 2", 4),
  ])
  func mistakesEndWithTheirStatus(_ line: String, _ status: Int32) throws {
    let sandbox = try Sandbox()
    try sandbox.write("bowl.opt", Self.task)
    try sandbox.write("empty.opt", "x = 1\n")
    let outcome = try sandbox.run(line)
    #expect(outcome.status == status, "\(line): \(outcome.output)\(outcome.errors)")
  }
}
