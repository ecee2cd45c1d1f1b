import Diagnostics
import Driver
import Foundation
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

@Suite struct ExampleRunTests {
  /// Every example runs, says the same twice, and writes the plots that it names.
  @Test(arguments: try Repository.examples())
  func examplesRunAndRepeat(_ path: String) throws {
    let folder = try TranscriptFolder()
    defer { folder.remove() }
    let first = try folder.run("ravine run \(path) && echo done")
    #expect(first.last == "done", "\(first.joined(separator: "\n"))")
    let second = try folder.run("ravine run \(path) && echo done")
    #expect(first == second)
    for line in first where line.hasPrefix("wrote ") {
      let plot = try folder.run("cat \(line.dropFirst(6))")
      #expect(plot.first?.hasPrefix("<svg") == true && plot.last == "</svg>")
    }
    if path == "Examples/digits.opt" { expectGoodReading(first) }
    let named = try Repository.text(path).split(separator: "\n").filter { $0.contains(" to \"") }
    #expect(first.filter { $0.hasPrefix("wrote ") }.count == named.count)
  }

  /// At least three rules read nineteen of twenty digits.
  private func expectGoodReading(_ table: [String]) {
    let accuracies = table.compactMap { line -> Double? in
      let numbers = line.components(separatedBy: " ± ")
      guard numbers.count == 4 else { return nil }
      return numbers[1].split(separator: " ").last.flatMap { Double($0) }
    }
    #expect(accuracies.count == 4)
    #expect(accuracies.filter { $0 >= 0.95 }.count >= 3, "\(accuracies)")
  }
}
