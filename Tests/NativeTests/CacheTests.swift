import Driver
import Foundation
import IR
import Native
import Runtime
import Testing

/// The cache and the compiler when things go wrong: always the right numbers, one note, no leftovers.
@Suite struct CacheTests {
  static let realCompiler: String? = {
    if let own = NativeCompiler.Settings.usual.compiler { return own }
    return ["/usr/bin/cc", "/usr/bin/clang", "/usr/bin/gcc"].first {
      FileManager.default.isExecutableFile(atPath: $0)
    }
  }()

  /// Three steps of AdamW on 100 elements.
  static func run(_ compiler: NativeCompiler?, _ engine: EngineKind = .native, count: Int = 100)
    throws -> (numbers: [Float], compiled: Int)
  {
    let optimizer = try Optimizer(
      Compiler().rule("AdamW"), parameters: [ParameterSpec(name: "w", dims: [count])],
      engine: engine, compiler: compiler)
    let w = UnsafeMutablePointer<Float>.allocate(capacity: count)
    let g = UnsafeMutablePointer<Float>.allocate(capacity: count)
    defer {
      w.deallocate()
      g.deallocate()
    }
    for i in 0..<count { (w[i], g[i]) = (Float(i) / 10, Float(i % 7) - 3) }
    optimizer.bind(
      parameters: [UnsafeMutableRawPointer(w)], gradients: [UnsafeRawPointer(g)])
    try optimizer.initialise()
    optimizer.waitForCode()
    for _ in 0..<3 { try optimizer.step() }
    return ((0..<count).map { w[$0] }, optimizer.passCount.compiled)
  }

  private func expectRight(_ result: (numbers: [Float], compiled: Int), compiled: Int) throws {
    #expect(result.compiled == compiled)
    #expect(try result.numbers == Self.run(nil, .interpreter).numbers)
  }

  // MARK: Compilers that fail

  @Test func withoutACompilerTheInterpreterRunsAndSaysSoOnce() throws {
    let folder = TemporaryFolder()
    let notes = Notes()
    let compiler = NativeCompiler(folder.settings(compiler: "/nonexistent")) {
      notes.all.append($0)
    }
    try expectRight(Self.run(compiler), compiled: 0)
    try expectRight(Self.run(compiler), compiled: 0)
    #expect(notes.all.count == 1)
    #expect(notes.all.first?.contains("no C compiler `/nonexistent`") == true)
    #expect(notes.all.first?.hasSuffix("the interpreter runs instead") == true)
  }

  @Test func whatIsLookedForOnPathMayBeMissingToo() throws {
    let folder = TemporaryFolder()
    let notes = Notes()
    let compiler = NativeCompiler(folder.settings(compiler: "no-such-compiler")) {
      notes.all.append($0)
    }
    try expectRight(Self.run(compiler), compiled: 0)
    #expect(notes.all.count == 1)
  }

  @Test(arguments: [
    ("echo 'source.c:1: bad news' >&2; exit 1", "bad news"),
    ("exit 0", "wrote no code"),
    ("kill -9 $$", "wrote no code"),
    ("while [ $# -gt 0 ]; do [ \"$1\" = -o ] && echo garbage > \"$2\"; shift; done", "loaded"),
    ("printf '\\033[31mred\\n' >&2; exit 3", "red"),
  ])
  func brokenCompilers(_ lines: String, _ message: String) throws {
    let folder = TemporaryFolder()
    let notes = Notes()
    let compiler = NativeCompiler(folder.settings(compiler: try folder.script(lines))) {
      notes.all.append($0)
    }
    try expectRight(Self.run(compiler), compiled: 0)
    #expect(notes.all.count == 1)
    #expect(notes.all.first?.contains(message) == true, "\(notes.all)")
    #expect(notes.all.first?.contains("\u{1B}") == false)
    #expect(folder.names == [])
  }

  @Test(.enabled(if: CacheTests.realCompiler != nil))
  func codeThatTheCompilerWroteInPartIsNotLoaded() throws {
    let folder = TemporaryFolder()
    let notes = Notes()
    let script = try folder.script(
      """
      \(try #require(Self.realCompiler)) "$@" || exit 1
      while [ $# -gt 0 ]; do [ "$1" = -o ] && truncate -s 5000 "$2"; shift; done
      """)
    let compiler = NativeCompiler(folder.settings(compiler: script)) { notes.all.append($0) }
    try expectRight(Self.run(compiler), compiled: 0)
    #expect(notes.all.first?.contains("loaded") == true, "\(notes.all)")
  }

  @Test(.enabled(if: CacheTests.realCompiler != nil))
  func aCompilerThatDoesNotKnowTheMachineCompilesForAny() throws {
    let folder = TemporaryFolder()
    let script = try folder.script(
      """
      for a in "$@"; do [ "$a" = -march=native ] && exit 1; done
      exec \(try #require(Self.realCompiler)) "$@"
      """)
    let compiler = NativeCompiler(folder.settings(compiler: script)) { Issue.record("\($0)") }
    try expectRight(Self.run(compiler), compiled: 1)
  }

  // MARK: Compilers that take their time

  /// Steps on more elements than `auto` compiles for.
  private final class Walk {
    static let count = 100_000
    let optimizer: Optimizer
    let w = UnsafeMutablePointer<Float>.allocate(capacity: count)
    let g = UnsafeMutablePointer<Float>.allocate(capacity: count)

    init(_ compiler: NativeCompiler?, _ engine: EngineKind) throws {
      optimizer = try Optimizer(
        Compiler().rule("AdamW"), parameters: [ParameterSpec(name: "w", dims: [Self.count])],
        engine: engine, compiler: compiler)
      for i in 0..<Self.count { (w[i], g[i]) = (Float(i) / 10, Float(i % 7) - 3) }
      optimizer.bind(
        parameters: [UnsafeMutableRawPointer(w)], gradients: [UnsafeRawPointer(g)])
      try optimizer.initialise()
    }

    deinit {
      w.deallocate()
      g.deallocate()
    }

    func step(_ times: Int) throws { for _ in 0..<times { try optimizer.step() } }
    var numbers: [Float] { (0..<Self.count).map { w[$0] } }
  }

  /// A compiler that waits for a file: the steps before it are interpreted, those after are not, and
  /// no number tells.
  @Test(.enabled(if: CacheTests.realCompiler != nil))
  func stepsRunWhileTheCompilerWorks() throws {
    let folder = TemporaryFolder()
    let script = try folder.script(
      """
      while [ ! -e '\(folder.path)/go' ]; do sleep 0.02; done
      exec \(try #require(Self.realCompiler)) "$@"
      """)
    let compiler = NativeCompiler(folder.settings(compiler: script)) { Issue.record("\($0)") }
    let walk = try Walk(compiler, .auto)
    try walk.step(3)
    #expect(walk.optimizer.passCount.compiled == 0)
    // The same code asked for again is the same call.
    let other = try Walk(compiler, .auto)
    try Data().write(to: URL(fileURLWithPath: folder.path + "/go"))
    walk.optimizer.waitForCode()
    other.optimizer.waitForCode()
    #expect(walk.optimizer.passCount.compiled == 1)
    #expect(other.optimizer.passCount.compiled == 1)
    #expect(compiler.callCount == 1)
    try walk.step(3)
    try other.step(6)
    let interpreted = try Walk(nil, .interpreter)
    try interpreted.step(6)
    #expect(walk.numbers == interpreted.numbers)
    #expect(other.numbers == interpreted.numbers)
  }

  /// A compiler that never ends is killed with its children when the process asks it.
  @Test func aCompilerThatNeverEndsCanBeStopped() throws {
    let folder = TemporaryFolder()
    let notes = Notes()
    // The second time, for any machine, it fails at once.
    let script = try folder.script(
      """
      [ -e '\(folder.path)/pid' ] && exit 1
      echo $$ > '\(folder.path)/pid'
      sleep 1000 & sleep 1000
      """)
    let compiler = NativeCompiler(folder.settings(compiler: script)) { notes.all.append($0) }
    let walk = try Walk(compiler, .auto)
    try walk.step(2)
    #expect(walk.optimizer.passCount.compiled == 0)
    var group: Int32?
    while group == nil {
      let text = try? String(contentsOfFile: folder.path + "/pid", encoding: .utf8)
      group = text.flatMap { Int32($0.filter(\.isNumber)) }
      usleep(1000)
    }
    kill(-group!, SIGKILL)
    walk.optimizer.waitForCode()
    try walk.step(1)
    #expect(walk.optimizer.passCount.compiled == 0)
    #expect(notes.all.count == 1)
  }

  // MARK: Caches that fail

  @Test(arguments: ["/proc/ravine-cache", "/dev/null/cache"])
  func aCacheThatCannotBeMade(_ path: String) throws {
    let notes = Notes()
    let compiler = NativeCompiler(
      NativeCompiler.Settings(compiler: nil, cache: path)
    ) { notes.all.append($0) }
    try expectRight(Self.run(compiler), compiled: 0)
    try expectRight(Self.run(compiler), compiled: 0)
    #expect(notes.all.count == 1)
    #expect(notes.all.first?.contains("cache") == true)
  }

  @Test func aCacheThatOthersMayWriteToIsRefused() throws {
    let folder = TemporaryFolder()
    try FileManager.default.createDirectory(
      atPath: folder.cache, withIntermediateDirectories: true)
    try FileManager.default.setAttributes(
      [.posixPermissions: 0o777], ofItemAtPath: folder.cache)
    let notes = Notes()
    let compiler = NativeCompiler(folder.settings()) { notes.all.append($0) }
    try expectRight(Self.run(compiler), compiled: 0)
    #expect(notes.all.first?.contains("only you may write") == true)
    #expect(folder.names == [])
  }

  // MARK: Caches that work

  @Test(.enabled(if: CacheTests.realCompiler != nil))
  func aSecondRunDoesNotCompile() throws {
    let folder = TemporaryFolder()
    let first = NativeCompiler(folder.settings()) { Issue.record("\($0)") }
    try expectRight(Self.run(first), compiled: 1)
    try expectRight(Self.run(first), compiled: 1)
    #expect(first.callCount == 1)
    let second = NativeCompiler(folder.settings()) { Issue.record("\($0)") }
    try expectRight(Self.run(second), compiled: 1)
    #expect(second.callCount == 0)
    #expect(folder.names.count == 1)
    let cache = try CodeCache(folder.cache)
    #expect(cache.entries.map(\.name) == ["AdamW"])
    #expect(cache.clear() == 1)
    #expect(folder.names == [])
  }

  /// Another length is the same code; hyperparameters are no part of it.
  @Test(.enabled(if: CacheTests.realCompiler != nil))
  func oneCodeForAllLengthsAndHyperparameters() throws {
    let folder = TemporaryFolder()
    let compiler = NativeCompiler(folder.settings()) { Issue.record("\($0)") }
    for text in ["AdamW", "AdamW(lr = 0.1)", "AdamW(λ = 0, β1 = 0.5)"] {
      for count in [10, 1000, 100_000] {
        let optimizer = try Optimizer(
          Compiler().rule(text), parameters: [ParameterSpec(name: "w", dims: [count])],
          engine: .native, compiler: compiler)
        #expect(optimizer.passCount.compiled == 1)
      }
    }
    #expect(compiler.callCount == 1)
  }

  @Test(
    .enabled(if: CacheTests.realCompiler != nil),
    arguments: [
      "flipped", "truncated", "empty", "missing", "sum", "unsummed",
    ])
  func aBrokenEntryIsCompiledAgain(_ how: String) throws {
    let folder = TemporaryFolder()
    try expectRight(Self.run(NativeCompiler(folder.settings())), compiled: 1)
    let code = try #require(folder.files("code.so").first)
    let sum = try #require(folder.files("sum").first)
    let whole = try Data(contentsOf: URL(fileURLWithPath: code))
    switch how {
    case "flipped":
      var bytes = whole
      bytes[bytes.count / 2] ^= 1
      try bytes.write(to: URL(fileURLWithPath: code))
    case "truncated": try whole.prefix(3000).write(to: URL(fileURLWithPath: code))
    case "empty": try Data().write(to: URL(fileURLWithPath: code))
    case "missing": try FileManager.default.removeItem(atPath: code)
    case "sum": try Data("nonsense".utf8).write(to: URL(fileURLWithPath: sum))
    default: try FileManager.default.removeItem(atPath: sum)
    }
    let again = NativeCompiler(folder.settings()) { Issue.record("\($0)") }
    try expectRight(Self.run(again), compiled: 1)
    #expect(again.callCount == 1)
    let third = NativeCompiler(folder.settings()) { Issue.record("\($0)") }
    try expectRight(Self.run(third), compiled: 1)
    #expect(third.callCount == 0)
    #expect(folder.names.count == 1)
  }

  @Test(.enabled(if: CacheTests.realCompiler != nil))
  func whatKilledProcessesLeftGoesAway() throws {
    let folder = TemporaryFolder()
    let old = folder.cache + "/work-1-0-0"
    let alive = folder.cache + "/work-1-1-0"
    for path in [old, alive] {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
      try Data("x".utf8).write(to: URL(fileURLWithPath: path + "/source.c"))
      try Data().write(to: URL(fileURLWithPath: path + "/lock"))
    }
    try FileManager.default.setAttributes(
      [.posixPermissions: 0o700], ofItemAtPath: folder.cache)
    let descriptor = open(alive + "/lock", O_RDWR)
    defer { close(descriptor) }
    #expect(flock(descriptor, LOCK_EX | LOCK_NB) == 0)
    try expectRight(Self.run(NativeCompiler(folder.settings())), compiled: 1)
    #expect(!FileManager.default.fileExists(atPath: old))
    #expect(FileManager.default.fileExists(atPath: alive))
  }

  /// A folder of other things keeps them all, whatever they are called; the cache is a folder in it.
  @Test(.enabled(if: CacheTests.realCompiler != nil))
  func theFilesOfAUserStay() throws {
    let folder = TemporaryFolder()
    let old = Date(timeIntervalSinceNow: -7200)
    let notes = [
      "work-notes.txt", "work-1-2-3/plan/a/b/deep.txt", "work-5-6-7/lock/x", "work-1/lock",
    ]
    for name in notes {
      let file = URL(fileURLWithPath: folder.cache + "/" + name)
      try FileManager.default.createDirectory(
        at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data("mine".utf8).write(to: file)
    }
    for name in FileManager.default.enumerator(atPath: folder.cache)?.allObjects ?? [] {
      try FileManager.default.setAttributes(
        [.modificationDate: old], ofItemAtPath: "\(folder.cache)/\(name)")
    }
    try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: folder.cache)
    try expectRight(Self.run(NativeCompiler(folder.settings())), compiled: 1)
    let cache = try CodeCache(folder.cache)
    #expect(cache.path.hasSuffix("/cache/ravine"))
    #expect(cache.clear() == 1)
    for name in notes {
      #expect(FileManager.default.fileExists(atPath: folder.cache + "/" + name), "\(name)")
    }
    // A cache of ours with a work folder that has no lock: what is in it stays.
    let work = folder.path + "/own/work-1-2-3"
    try FileManager.default.createDirectory(atPath: work, withIntermediateDirectories: true)
    try Data("mine".utf8).write(to: URL(fileURLWithPath: work + "/source.c"))
    try FileManager.default.setAttributes([.modificationDate: old], ofItemAtPath: work)
    try FileManager.default.setAttributes(
      [.posixPermissions: 0o700], ofItemAtPath: folder.path + "/own")
    #expect(try CodeCache(folder.path + "/own").clear() == 0)
    #expect(FileManager.default.fileExists(atPath: work + "/source.c"))
  }

  /// Who may write to the folder around a cache may put another in its place.
  @Test func aCacheThatOthersMayReplaceIsRefused() throws {
    let folder = TemporaryFolder()
    let open = folder.path + "/open"
    try FileManager.default.createDirectory(atPath: open, withIntermediateDirectories: true)
    try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: open)
    #expect(throws: CodeCache.Refusal.self) { try CodeCache(open + "/cache") }
    try FileManager.default.setAttributes([.posixPermissions: 0o1777], ofItemAtPath: open)
    #expect(throws: Never.self) { try CodeCache(open + "/cache") }
  }

  @Test(.enabled(if: CacheTests.realCompiler != nil))
  func theEntriesUsedLongestAgoMakeRoom() throws {
    let folder = TemporaryFolder()
    var settings = folder.settings()
    settings.cacheLimit = 1
    for text in ["AdamW", "Lion", "SGD"] {
      let optimizer = try Optimizer(
        Compiler().rule(text), parameters: [ParameterSpec(name: "w", dims: [10])],
        engine: .native, compiler: NativeCompiler(settings))
      #expect(optimizer.passCount.compiled == 1)
    }
    #expect(try CodeCache(folder.cache).entries.map(\.name) == ["SGD"])
  }

  // MARK: auto

  @Test(.enabled(if: CacheTests.realCompiler != nil))
  func autoCompilesWhereItPaysOrIsThere() throws {
    let folder = TemporaryFolder()
    let compiler = NativeCompiler(folder.settings()) { Issue.record("\($0)") }
    try expectRight(Self.run(compiler, .auto), compiled: 0)
    #expect(compiler.callCount == 0)
    #expect(try Self.run(compiler, .auto, count: 100_000).compiled == 1)
    #expect(compiler.callCount == 1)
    try expectRight(Self.run(compiler, .auto), compiled: 1)
    #expect(compiler.callCount == 1)
  }

  @Test func autoWithoutACompilerIsSilent() throws {
    let folder = TemporaryFolder()
    let compiler = NativeCompiler(folder.settings(compiler: "/nonexistent")) {
      Issue.record("\($0)")
    }
    #expect(try Self.run(compiler, .auto, count: 100_000).compiled == 0)
  }
}
