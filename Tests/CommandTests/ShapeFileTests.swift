import Foundation
import Support
import Testing

/// `--parameters @shapes.json`: the shapes of a model, as a program writes them.
@Suite struct ShapeFileTests {
  private func parsed(_ text: String) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
  }

  /// However it is written, the file says what the list says.
  @Test(arguments: [
    #"{"w1": [64, 32], "b1": [32], "s": []}"#,
    #"[["w1", [64, 32]], ["b1", [32]], ["s", []]]"#,
    #"[{"name": "w1", "shape": [64, 32]}, {"name": "b1", "shape": [32], "dtype": "torch.float32"}, ["s", []]]"#,
    "\u{FEFF}{\"w1\": {\"dtype\": \"F32\", \"shape\": [64.0, 3.2e1]},\n \"b1\": [32], \"s\": []}",
  ])
  func aFileIsReadAsTheList(_ text: String) throws {
    let sandbox = try Sandbox()
    try sandbox.write("shapes.json", text)
    let file = try sandbox.run("ravine describe MuonAdamW --parameters @shapes.json --json")
    let list = try sandbox.run("ravine describe MuonAdamW --parameters w1:64x32,b1:32,s: --json")
    #expect(file.status == 0 && file.errors.isEmpty, "\(file.errors)")
    #expect(file.output == list.output)
    let piped = try sandbox.run(
      "ravine describe MuonAdamW --parameters @- --shard 2 < shapes.json")
    #expect(piped.output.contains("w1") && piped.status == 0)
    let plan = try sandbox.run("ravine dump --stage plan MuonAdamW --parameters @shapes.json")
    #expect(plan.status == 0)
  }

  @Test func totalsSayWhichRuleTakesHowMuch() throws {
    let sandbox = try Sandbox()
    try sandbox.write(
      "shapes.json", #"{"w1": [64, 32], "w2": [8, 8], "b1": [32], "embed.w": [100, 8]}"#)
    let line = "ravine describe MuonAdamW --parameters @shapes.json"
    let json = try parsed(sandbox.run(line + " --json").output)
    let rows = try #require(json["parameters"] as? [[String: Any]])
    let totals = try #require(json["totals"] as? [String: Any])
    let routes = try #require(totals["routes"] as? [[String: Any]])
    let all = try #require(totals["all"] as? [String: Any])
    #expect(routes.count == 2 && routes.map { $0["tensors"] as? Int } == [2, 2])
    #expect((routes[0]["route"] as? [String])?.joined().hasSuffix("-> Muon") == true)
    #expect(all["tensors"] as? Int == 4 && all["numbers"] as? Int == 2944)
    #expect(all["parameterBytes"] as? Int == 4 * 2944)
    for member in ["stateBytes", "bytesMoved", "flops"] {
      let sum = rows.reduce(0) { $0 + ($1[member] as? Double ?? .nan) }
      #expect(all[member] as? Double == sum && sum > 0)
      #expect(routes.reduce(0) { $0 + ($1[member] as? Double ?? .nan) } == sum)
    }
    // Muon keeps one matrix, AdamW two.
    #expect(routes[0]["stateBytes"] as? Int == 4 * 2112)
    #expect(routes[1]["stateBytes"] as? Int == 8 * 832)

    let text = try sandbox.run(line).output
    let table = text.split(separator: "\n").drop { $0 != "in all" }
    #expect(table.count == 5)
    #expect(table.last?.split(separator: " ").prefix(6) == ["all", "4", "2.9", "k", "11.5", "KiB"])
    #expect(table.dropFirst(2).allSatisfy { $0.contains("KiB") && $0.contains("flop") })
    let one = try sandbox.run("ravine describe Lion --parameters w:1000,b:24").output
    #expect(one.contains("\n  all  2        1 k      4 KiB       4 KiB   20 KiB"), "\(one)")
  }

  @Test(arguments: [
    ("", "R0707"), ("{}", "R0707"), ("[]", "R0707"), ("{\"w\": [3,]}", "R0760"), ("w:3x4", "R0760"),
    ("3", "R0761"), ("[[3, 4]]", "R0761"), (#"[["w"]]"#, "R0761"), (#"[{"shape": [3]}]"#, "R0761"),
    (#"{"w": [-1]}"#, "R0761"), (#"{"w": [1.5]}"#, "R0761"), (#"{"w": [1e10]}"#, "R0761"),
    (#"{"w": "3x4"}"#, "R0761"), (#"{"w": [[3]]}"#, "R0761"), (#"{"w": [NaN]}"#, "R0761"),
    (#"{"w": [1,1,1,1,1,1,1,1,1]}"#, "R0761"), (#"{"": [3]}"#, "R0761"),
    (#"{"w": {"dtype": "F32"}}"#, "R0761"),
    (#"{"w": {"shape": [3], "dtype": 32}}"#, "R0761"), (#"{"w": [3], "w": [4]}"#, "R0216"),
    (#"[["w", [3]], {"name": "w", "shape": [3]}]"#, "R0216"),
  ])
  func aFileThatSaysNoShapesIsRefused(_ text: String, _ code: String) throws {
    let sandbox = try Sandbox()
    try sandbox.write("shapes.json", text)
    let outcome = try sandbox.run("ravine describe Lion --parameters @shapes.json")
    #expect(outcome.status == 2 && outcome.output.isEmpty)
    #expect(outcome.codes() == [code], "\(outcome.errors)")
    #expect(outcome.errors.contains("shapes.json"))
  }

  @Test func whatIsNotThereOrBeyondMemoryIsSaid() throws {
    let sandbox = try Sandbox()
    let missing = try sandbox.run("ravine describe Lion --parameters @none.json")
    #expect(missing.status == 2 && missing.codes() == ["R0701"])
    #expect(try sandbox.run("ravine describe Lion --parameters @.").codes() == ["R0703"])
    try sandbox.write("huge.json", #"{"w": [1073741824, 1073741824, 1073741824]}"#)
    let huge = try sandbox.run("ravine describe Lion --parameters @huge.json")
    #expect(huge.status == 3 && huge.codes() == ["R0813"])
    for list in ["''", "w:3,w:4"] {
      let outcome = try sandbox.run("ravine describe Lion --parameters \(list)")
      #expect(outcome.status == 2 && outcome.output.isEmpty && outcome.errors.contains("tensor"))
    }
  }

  @Test func namesOfOthersAreEscaped() throws {
    let sandbox = try Sandbox()
    try sandbox.write("shapes.json", #"{"a\u001b[31m\u202e\nb": [2, 2]}"#)
    for rest in ["", " --shard 2"] {
      let outcome = try sandbox.run("ravine describe Lion --parameters @shapes.json" + rest)
      #expect(outcome.output.contains(#"a\u{1b}[31m\u{202e}\nb"#))
      #expect(!outcome.output.contains("\u{1B}") && !outcome.output.contains("\u{202E}"))
    }
    try sandbox.write("r.opt", "rule R = route { rank == 1 -> SGD }\n")
    let refused = try sandbox.run("ravine describe r.opt:R --parameters @shapes.json")
    #expect(refused.codes() == ["R0601"] && !refused.errors.contains("\u{1B}"))
  }

  @Test func otherTypesAreSaidToBeCountedAsFloat32() throws {
    let sandbox = try Sandbox()
    try sandbox.write("shapes.json", #"[{"name": "w", "shape": [4], "dtype": "torch.bfloat16"}]"#)
    let outcome = try sandbox.run("ravine describe Lion --parameters @shapes.json")
    #expect(outcome.status == 0)
    #expect(outcome.errors == "ravine: parameters are counted as float32, not as bfloat16\n")
  }
}
