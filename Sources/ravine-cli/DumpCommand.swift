import ArgumentParser
import Diagnostics
import IR
import Ravine
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
      """)

  enum Stage: String, ExpressibleByArgument, CaseIterable { case ast, checked, ir }

  @Option(help: "ast, checked or ir.")
  var stage: Stage = .ir
  @Argument(help: ArgumentHelp("A file, a rule of the zoo, or FILE.opt:RULE.", valueName: "program"))
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
      for name in compiler.declaredRules { show(try Program.rule(name, from: nil, in: compiler)) }
      for name in compiler.declaredObjectives {
        do throws(DiagnosticError) {
          show(try compiler.objective(name))
        } catch {
          Console.report(error.diagnostics, in: compiler.sources)
          throw Status.program
        }
      }
    case .rule(let text, let path):
      let rule = try Program.rule(text, from: path, in: compiler)
      switch stage {
      case .ast:
        let declared = compiler.program.rules.values.first {
          $0.declaration.name.text == rule.module.name
        }
        guard let declared else { return }
        Console.write(Syntax.dump(compiler.program[declared.tree]))
      case .checked: Console.write(compiler.checkedText(only: nil))
      case .ir: show(rule)
      }
    }
  }

  private func dumpTree(_ path: String) throws {
    let compiler = Compiler()
    var found = DiagnosticBag()
    do throws(DiagnosticError) {
      let bytes = try SourceFiles.read(path)
      let read = compiler.tree(name: path, bytes: bytes)
      found = read.bag
      Console.write(Syntax.dump(read.tree))
    } catch {
      Console.report(error.diagnostics, in: compiler.sources)
      throw Status.usage
    }
    Console.report(found.sorted, in: compiler.sources)
    if found.hasErrors { throw Status.program }
  }

  private func show(_ rule: RuleInstance) {
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
