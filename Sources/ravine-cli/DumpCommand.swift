import ArgumentParser
import Diagnostics
import Driver
import IR
import Laboratory
import Native
import Runtime

import func Syntax.dump

struct DumpCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dump",
    abstract: "Print what the compiler sees at a stage.",
    discussion: """
      Examples:
        ravine dump --stage ast lion.opt      the tree
        ravine dump --stage checked lion.opt  every name with its role
        ravine dump --stage ir Lion           the flat program of a rule
        ravine dump --stage ir 'lion.opt:Lion(lr = 1e-3)'
        ravine dump --stage plan Muon --parameters w:64x32
        ravine dump --stage c AdamW           the C that --engine native compiles

      A plan and its C are made for tensors of known sizes: those of --parameters.
      """)

  enum Stage: String, ExpressibleByArgument, CaseIterable { case ast, checked, ir, plan, c }

  @Option(help: "ast, checked, ir, plan or c.")
  var stage: Stage = .ir
  @Option(
    help: ArgumentHelp(
      "For plans and C: names and sizes of the tensors, or @FILE of JSON.",
      valueName: "w:64x32,b:32"))
  var parameters = "w:64x32"
  @Option(help: "For plans and C: f32, f64, bf16 or f16.")
  var dtype = RunCommand.NumberType.f32
  @Argument(
    help: ArgumentHelp("A file, a rule of the zoo, or FILE.opt:RULE.", valueName: "program"),
    completion: .program)
  var program: String

  func run() throws {
    let compiler = Compiler()
    switch Program(program) {
    case .file(let path):
      if stage == .ast { return try dumpTree(path) }
      try Program.add(path, to: compiler)
      if stage == .checked {
        return Console.write(compiler.checkedText(only: Set(compiler.declaredKeys)))
      }
      for name in compiler.declaredRules {
        let rule = try Program.rule(name, from: nil, in: compiler)
        if isBound { try plan(rule, compiler) } else { show(rule) }
      }
      if isBound { return }
      for name in compiler.declaredObjectives {
        show(try Console.reporting(in: compiler) { try compiler.objective(name) })
      }
    case .rule(let text, let path):
      if let path { try Program.add(path, to: compiler) }
      if stage == .ir, let objective = try Program.objective(text, in: compiler) {
        return show(objective)
      }
      let rule = try Program.rule(text, from: nil, in: compiler)
      switch stage {
      case .ast:
        let declared = compiler.program.rules.values.first {
          $0.declaration.name.text == rule.module.name
        }
        guard let declared else { return }
        Console.write(Syntax.dump(compiler.program[declared.tree]))
      case .checked: Console.write(compiler.checkedText(only: nil))
      case .ir: show(rule)
      case .plan, .c: try plan(rule, compiler)
      }
    }
  }

  /// Whether the stage knows the sizes of the tensors.
  private var isBound: Bool { stage == .plan || stage == .c }

  private func dumpTree(_ path: String) throws {
    let compiler = Compiler()
    let bytes = try Console.reporting(in: compiler, as: .usage) { try SourceFiles.read(path) }
    let read = compiler.tree(name: path, bytes: bytes)
    Console.write(Syntax.dump(read.tree))
    Console.report(read.bag.sorted, in: compiler.sources)
    if read.bag.hasErrors { throw Status.program }
  }

  private func plan(_ rule: Rule, _ compiler: Compiler) throws {
    let specs = try Console.reporting(in: compiler, as: .usage) {
      try ParameterList.parse(parameters)
    }
    let bound = try Console.reporting(in: compiler) {
      try BoundRule(rule, parameters: specs, elementType: dtype.elementType)
    }
    if stage == .plan {
      return Console.write("# \(rule.label)\n" + bound.dumpPlan())
    }
    let (text, interpreted) = NativeCompiler.source(bound.segmentSources)
    Console.write(text)
    if interpreted > 0 { Console.say("\(interpreted) passes stay with the interpreter\n") }
  }

  private func show(_ rule: Rule) {
    Console.write("# \(rule.label): hyperparameters\n" + rule.arguments.dump())
    for variant in rule.module.variants {
      let path = variant.path.isEmpty ? "" : ": " + variant.path.joined(separator: ", ")
      Console.write("\n# the states at the start\(path)\n" + variant.initial.dump())
      Console.write("\n# one step\(path)\n" + variant.update.dump())
    }
  }

  private func show(_ objective: ObjectiveModule) {
    Console.write("\n# \(objective.name): hyperparameters\n" + objective.defaults.dump())
    Console.write("\n# the parameters at the start\n" + objective.initial.dump())
    Console.write("\n# loss and metrics\n" + objective.forward.dump())
  }
}
