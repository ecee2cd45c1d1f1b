import ArgumentParser
import Diagnostics
import Driver
import IR
import Laboratory
import Runtime

struct DescribeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "describe",
    abstract: "What a rule is and what a step costs, before it runs.",
    discussion: """
      Examples:
        ravine describe Lion                  states, bytes, flops, how it shards
        ravine describe 'Lookahead(AdamW)'
        ravine describe my-rules.opt          every rule and objective of a file
        ravine describe 'lion.opt:Lion(lr = 1e-3)'
        ravine describe MuonAdamW --parameters 'w1:64x32,b1:32,embed:100x8'
        ravine describe MuonAdamW --parameters 'w1:64x32,b1:32' --shard 2
        ravine describe MuonAdamW --parameters @shapes.json

      shapes.json has the shapes of a model by name, {"w1": [64, 32], "b1": [32]}. PyTorch writes it:
        json.dump({n: list(p.shape) for n, p in model.named_parameters()}, open("shapes.json", "w"))

      Bytes count w, g and states in float32 unless a state says otherwise.
      """)

  @Flag(help: "As JSON.")
  var json = false
  @Option(
    help: ArgumentHelp(
      "Tensors, to see which goes where and what it costs, or @FILE of JSON with their shapes.",
      valueName: "w1:64x32,b1:32"))
  var parameters: String?
  @Option(
    help: ArgumentHelp(
      "How these tensors lie on so many devices: shard, block, owned or replicate.",
      valueName: "devices"))
  var shard: Int?
  @Argument(
    help: ArgumentHelp("A rule of the zoo, a file, or FILE.opt:RULE.", valueName: "program"),
    completion: .program)
  var program: String

  func validate() throws {
    guard let shard else { return }
    guard 1...1 << 20 ~= shard else {
      throw ValidationError("`--shard` is the number of devices, from 1 on")
    }
    if parameters == nil {
      throw ValidationError("`--shard` places tensors: give them by --parameters w1:64x32,b1:32")
    }
  }

  func run() throws {
    let compiler = Compiler()
    var rules: [Rule] = []
    var objectives: [ObjectiveModule] = []
    switch Program(program) {
    case .rule(let text, let path):
      if let path { try Program.add(path, to: compiler) }
      if let objective = try Program.objective(text, in: compiler) {
        objectives = [objective]
      } else {
        rules = [try Program.rule(text, from: nil, in: compiler)]
      }
    case .file(let path):
      try Program.add(path, to: compiler)
      for name in compiler.declaredRules {
        rules.append(try Program.rule(name, from: nil, in: compiler))
      }
      for name in compiler.declaredObjectives {
        objectives.append(try Console.reporting(in: compiler) { try compiler.objective(name) })
      }
    }
    let specs = try Console.reporting(in: compiler, as: .usage) {
      try parameters.map { try ParameterList.parse($0) } ?? []
    }
    let sheets = try Console.reporting(in: compiler) {
      try rules.map { try RuleDescription($0, parameters: specs) }
    }
    if let shard {
      let plans = sheets.map { ShardPlan($0, devices: shard) }
      Console.write(
        json
          ? (plans.count == 1 ? plans[0].json : .array(plans.map(\.json))).rendered()
          : plans.map(\.text).joined(separator: "\n"))
      return
    }
    let others = objectives.map(ObjectiveDescription.init)
    if json {
      let all = sheets.map(\.json) + others.map(\.json)
      Console.write((all.count == 1 ? all[0] : .array(all)).rendered())
    } else {
      Console.write((sheets.map(\.text) + others.map(\.text)).joined(separator: "\n"))
    }
  }
}
