import Diagnostics
import Ravine
import Syntax
import Testing

@Suite struct ExampleTests {
  @Test(arguments: try Repository.examples())
  func examplesCheckAndAreFormatted(_ path: String) throws {
    let text = try Repository.text(path)
    let compiler = Compiler()
    let found = compiler.add(name: path, bytes: Array(text.utf8))
    #expect(found.isEmpty, "\(found.map { "\($0.code) \($0.message)" })")
    var bag = DiagnosticBag()
    var sources = SourceMap()
    #expect(format(sources.add(name: path, text: text), into: &bag) == text)
  }

  @Test func theExamplesAreThere() throws {
    let names = try Repository.examples()
    for name in ["digits", "logistic", "my-first-rule", "rosenbrock", "schedules"] {
      #expect(names.contains("Examples/\(name).opt"))
    }
  }
}
