import Foundation
import Support
import Testing

/// `--engine native` and `ravine cache`, as a user types them.
@Suite struct NativeCommandTests {
  private static func sandbox() throws -> Sandbox {
    let sandbox = try Sandbox()
    try sandbox.write("descent.opt", CommandTests.rule)
    try sandbox.write("record.json", CommandTests.record)
    return sandbox
  }

  private static let replay = "ravine replay descent.opt:Descent record.json"

  private func cacheNames(_ sandbox: Sandbox) -> [String] {
    let path = sandbox.folder.appendingPathComponent("cache").path
    return ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
  }

  @Test func enginesGiveTheSameNumbers() throws {
    let sandbox = try Self.sandbox()
    var outputs: Set<String> = []
    for engine in ["interpreter", "native", "auto"] {
      let outcome = try sandbox.run(
        "\(Self.replay) --engine \(engine) --json", environment: ["RAVINE_CACHE": "cache"])
      #expect(outcome.status == 0, "\(outcome.errors)")
      outputs.insert(outcome.output)
    }
    #expect(outputs.count == 1)
    #expect(cacheNames(sandbox).count == 1)
  }

  @Test func withoutACompilerItSaysSoOnce() throws {
    let sandbox = try Self.sandbox()
    try sandbox.write(
      "fit.opt",
      CommandTests.rule
        + """
        objective bowl() {
            param x: vector(2) = 1
            loss = sum(x ^ 2)
        }
        minimize bowl with Descent, Descent(lr = 0.2) for 5 steps
        """)
    let environment = ["RAVINE_CACHE": "cache", "RAVINE_CC": "/nonexistent"]
    for line in ["\(Self.replay) --engine native", "ravine run fit.opt --engine native"] {
      let outcome = try sandbox.run(line, environment: environment)
      #expect(outcome.status == 0, "\(outcome.errors)")
      let said = outcome.errors.components(separatedBy: "the interpreter runs instead").count - 1
      #expect(said == 1, "\(outcome.errors)")
      #expect(outcome.errors.contains("ravine: there is no C compiler `/nonexistent`"))
    }
    #expect(cacheNames(sandbox) == [])
    let silent = try sandbox.run("\(Self.replay) --engine auto", environment: environment)
    #expect(silent.status == 0)
    #expect(silent.errors.isEmpty)
  }

  /// A name with blanks and quotes is one argument, and no shell sees it.
  @Test func theCompilersNameIsNoCommandLine() throws {
    let sandbox = try Self.sandbox()
    let outcome = try sandbox.run(
      "\(Self.replay) --engine native",
      environment: ["RAVINE_CACHE": "cache", "RAVINE_CC": "cc; touch broken #"])
    #expect(outcome.status == 0)
    #expect(outcome.errors.contains("no C compiler"))
    #expect(
      !FileManager.default.fileExists(atPath: sandbox.folder.appendingPathComponent("broken").path))
  }

  @Test func theCacheIsListedAndCleared() throws {
    let sandbox = try Self.sandbox()
    let environment = ["RAVINE_CACHE": "cache"]
    #expect(try sandbox.run("ravine cache path", environment: environment).output == "cache\n")
    _ = try sandbox.run("\(Self.replay) --engine native", environment: environment)
    let list = try sandbox.run("ravine cache", environment: environment).output
    #expect(list.split(separator: "\n").count == 1)
    #expect(list.hasSuffix("Descent\n"))
    let size = try sandbox.run("ravine cache size", environment: environment).output
    #expect(Int(size.dropLast()).map { $0 > 5000 } == true)
    #expect(
      try sandbox.run("ravine cache clear", environment: environment).output == "removed 1\n")
    #expect(try sandbox.run("ravine cache", environment: environment).output == "")
    #expect(try sandbox.run("ravine cache frobnicate").status == 2)
  }

  /// `ravine` with these arguments, started; the shell would wait for signals that a thread of the
  /// tests may block.
  private static func start(
    _ sandbox: Sandbox, _ arguments: [String], compiler: String? = nil, output: String
  ) throws -> Process {
    let process = Process()
    process.executableURL = try BuiltExecutable.ravine()
    process.arguments = arguments
    process.currentDirectoryURL = sandbox.folder
    var environment = ProcessInfo.processInfo.environment
    environment["RAVINE_CACHE"] = "cache"
    if let compiler { environment["RAVINE_CC"] = compiler }
    process.environment = environment
    try sandbox.write(output, "")
    process.standardOutput = FileHandle(
      forWritingAtPath: sandbox.folder.appendingPathComponent(output).path)
    process.standardError = FileHandle.nullDevice
    try process.run()
    return process
  }

  private static let arguments = [
    "replay", "descent.opt:Descent", "record.json", "--engine", "native", "--json",
  ]

  @Test func threeProcessesAtOnce() throws {
    let sandbox = try Self.sandbox()
    let names = ["a", "b", "c"]
    let processes = try names.map { try Self.start(sandbox, Self.arguments, output: $0) }
    for process in processes {
      process.waitUntilExit()
      #expect(process.terminationStatus == 0)
    }
    let expected = try sandbox.run("\(Self.replay) --json").output
    for name in names { #expect(try sandbox.read(name) == expected) }
    #expect(cacheNames(sandbox).count == 1)
  }

  /// Killed while its compiler runs: the next process has the right numbers, and nothing is left.
  @Test func killedWhileCompiling() throws {
    let sandbox = try Self.sandbox()
    try sandbox.write("slow-cc", "#!/bin/sh\necho $$ > compiling\nexec sleep 1000\n")
    let slow = sandbox.folder.appendingPathComponent("slow-cc").path
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: slow)
    let process = try Self.start(sandbox, Self.arguments, compiler: slow, output: "killed")
    var compiling: Int32?
    try wait(for: "the compiler") {
      compiling = (try? sandbox.read("compiling")).flatMap { Int32($0.dropLast()) }
      return compiling != nil
    }
    kill(process.processIdentifier, SIGKILL)
    // It holds what the process is waited for by.
    kill(try #require(compiling), SIGKILL)
    process.waitUntilExit()
    #expect(cacheNames(sandbox).contains { $0.hasPrefix("work-") })
    let outcome = try sandbox.run(
      "\(Self.replay) --engine native --json", environment: ["RAVINE_CACHE": "cache"])
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(outcome.errors.isEmpty)
    #expect(outcome.output == (try sandbox.run("\(Self.replay) --json").output))
    #expect(!cacheNames(sandbox).contains { $0.hasPrefix("work-") })
    #expect(cacheNames(sandbox).count == 1)
  }

  @Test func theCOfARuleIsPrinted() throws {
    let sandbox = try Self.sandbox()
    for program in ["descent.opt", "descent.opt:Descent", "Lion"] {
      let outcome = try sandbox.run("ravine dump --stage c \(program) > x.c && cc -w -c x.c")
      #expect(outcome.status == 0, "\(outcome.errors)")
      #expect(outcome.errors.isEmpty)
    }
    let wide = try sandbox.run("ravine dump --stage c Lion --dtype f64")
    #expect(wide.output.contains("double *const p_w"))
  }

  /// A compiler that never ends keeps nobody waiting, and does not outlive the command.
  @Test func theCommandEndsBeforeItsCompiler() throws {
    let sandbox = try Sandbox()
    try sandbox.write(
      "wide.opt",
      """
      objective wide(x: vector(70000) = 1) = sum(x^2)
      minimize wide with SGD(lr = 0.1) for 3 steps
      """)
    try sandbox.write("cc", "#!/bin/sh\nsleep 1000\n")
    let compiler = sandbox.folder.path + "/cc"
    for _ in 0..<5 {
      let outcome = try sandbox.run(
        "chmod +x cc && ravine run wide.opt --engine auto",
        environment: ["RAVINE_CACHE": "cache", "RAVINE_CC": compiler])
      #expect(outcome.status == 0, "\(outcome.errors)")
      #expect(outcome.errors.isEmpty)
    }
    func survivors() throws -> [Substring] {
      try sandbox.run("ps -A -o args=").output.split(separator: "\n").filter {
        $0.contains(compiler)
      }
    }
    // What is killed is gone a moment later.
    for _ in 0..<200 where try !survivors().isEmpty { usleep(10_000) }
    #expect(try survivors() == [])
  }
}
