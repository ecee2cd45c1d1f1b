import Diagnostics
import Driver
import Experiments
import Testing

/// Draws in the statements of a script: each is a place of its own, and a named value one number everywhere.
@Suite struct StatementDrawTests {
  private func printed(_ source: String) throws -> [Double] {
    let compiler = Compiler()
    let errors = compiler.add(name: "draws.opt", bytes: Array(source.utf8))
    try #require(errors.allSatisfy { $0.severity != .error }, "\(errors)")
    var text = ""
    try Script(compiler, options: Script.Options(), output: { text += $0 }).run()
    return text.split(separator: "\n").compactMap { Double($0) }
  }

  @Test func statementsDrawIndependently() throws {
    let x = try printed("normal()\nnormal()\nnormal() + 0 * normal()\nnormal()\nuniform()\n")
    #expect(x.count == 5 && Set(x).count == 5, "\(x)")
    // The same each time, and what draws nothing changes nothing.
    #expect(try printed("normal()\n2 + 2\nnormal()\n") == [x[0], 4, x[1]])
    #expect(try printed("assert normal() < 100\nnormal()\n") == [x[1]])
  }

  @Test func aNamedValueIsOneNumber() throws {
    let x = try printed("normal()\na\nb\na - b\na + 0 * normal()\na = normal()\nb = normal()\n")
    #expect(x[1] != x[2] && x[0] != x[1] && x[0] != x[2], "\(x)")
    #expect(x[3] == x[1] - x[2] && x[4] == x[1])
    // Whatever is declared before it.
    #expect(try printed("b = normal()\na = normal()\na\n") == [x[1]])
  }
}
