import Basics
import CKernels
import Platform
import Runtime

/// Compiles passes with the system's C compiler and keeps the code in a cache on disk.
///
/// Whatever goes wrong, the interpreter runs in its place and `note` is told once. Not to be used by
/// several threads at once; several processes may share a cache.
package final class NativeCompiler: SegmentCompiler {
  package struct Settings: Sendable {
    /// A path or a name; nil takes the first of cc, clang and gcc.
    package var compiler: String?
    /// The cache's folder; nil for none: then nothing is compiled.
    package var cache: String?
    /// Bytes that the cache may take.
    package var cacheLimit = 256 << 20
    /// Milliseconds after which a compiler counts as hung.
    package var timeLimit = 10_000

    package init(compiler: String?, cache: String?) {
      self.compiler = compiler
      self.cache = cache
    }

    /// RAVINE_CC, and the usual cache.
    package static var usual: Settings {
      Settings(compiler: Files.variable("RAVINE_CC"), cache: CodeCache.usualPath)
    }
  }

  package let settings: Settings
  /// Calls of the compiler so far.
  package private(set) var callCount = 0
  private let note: (String) -> Void
  private var hasNoted = false
  private var libraries: [String: Library] = [:]
  /// Looked for once.
  private lazy var system = SystemCompiler(settings.compiler)
  private lazy var cache: Result<CodeCache, CodeCache.Refusal> = {
    guard let path = settings.cache else {
      return .failure(CodeCache.Refusal(reason: "there is no home for it"))
    }
    do throws(CodeCache.Refusal) {
      return .success(try CodeCache(path, limit: settings.cacheLimit))
    } catch {
      return .failure(error)
    }
  }()

  /// `note` is told, once, why the interpreter runs instead.
  package init(_ settings: Settings = .usual, note: @escaping (String) -> Void = { _ in }) {
    self.settings = settings
    self.note = note
  }

  /// The C source that the passes are compiled from, and how many passes it leaves out.
  package static func source(_ segments: [SegmentSource]) -> (text: String, interpreted: Int) {
    let source = SourceText(segments)
    return (source.text, source.symbols.count { $0 == nil })
  }

  /// How a C source becomes a library with the compiler and the flags of passes, for others to compare
  /// with; nil without a compiler.
  package static func commandLine(from source: String, to code: String) -> [String]? {
    SystemCompiler(Settings.usual.compiler).map {
      $0.arguments(
        SystemCompiler.flags + [SystemCompiler.machineFlag], from: source, to: code)
    }
  }

  package func compile(_ segments: [SegmentSource], effort: CompileEffort) -> CompiledSegments {
    let interpreted = CompiledSegments(functions: segments.map { _ in nil }, library: nil)
    guard SourceText.isPossible else {
      if effort == .always { say("this build cannot write C") }
      return interpreted
    }
    let source = SourceText(segments)
    if source.functions.isEmpty { return interpreted }
    guard let system else {
      if effort == .always {
        say("there is no C compiler" + (settings.compiler.map { " `\($0)`" } ?? ""))
      }
      return interpreted
    }
    let key = SHA256.hexadecimal(
      Array(
        [
          source.text, system.identity, SystemCompiler.machine, SystemCompiler.machineFlag,
          SystemCompiler.flags.joined(separator: " "),
        ].joined(separator: "\n").utf8))
    guard let library = libraries[key] ?? find(key, source, system, effort) else {
      return interpreted
    }
    libraries[key] = library
    let functions = source.symbols.map { symbol in
      symbol.flatMap { library.function($0) }
    }
    return CompiledSegments(functions: functions, library: library)
  }

  /// From the cache, or compiled.
  private func find(
    _ key: String, _ source: SourceText, _ system: SystemCompiler, _ effort: CompileEffort
  ) -> Library? {
    let cache: CodeCache
    switch self.cache {
    case .success(let found): cache = found
    case .failure(let refusal):
      say("the cache of compiled code cannot be used: \(refusal.reason)")
      return nil
    }
    if let path = cache.find(key), let library = Library(path, source.functions) {
      return library
    }
    if effort == .onlyCached { return nil }
    guard let work = cache.work() else {
      say("the cache of compiled code cannot be written: \(cache.path)")
      return nil
    }
    defer { work.end() }
    guard Files.write(Array(source.text.utf8), to: work.folder + "/" + CodeCache.source) else {
      say("the cache of compiled code cannot be written: \(cache.path)")
      return nil
    }
    callCount += 1
    if let problem = system.compile(in: work.folder, limit: settings.timeLimit) {
      say(problem)
      return nil
    }
    // A full disk keeps the entry out; this process has the code all the same.
    let path = cache.publish(work, as: key) ?? work.folder + "/" + CodeCache.code
    guard let library = Library(path, source.functions) else {
      say("what \(system.path) wrote cannot be loaded")
      return nil
    }
    return library
  }

  private func say(_ text: String) {
    if hasNoted { return }
    hasNoted = true
    note(text + "; the interpreter runs instead")
  }
}

/// Loaded code. It stays loaded as long as someone holds this.
private final class Library {
  private let handle: UnsafeMutableRawPointer

  /// nil where the file cannot be loaded or lacks one of the functions.
  init?(_ path: String, _ functions: [String]) {
    guard Files.read(path).map(ObjectFile.isWhole) ?? false else { return nil }
    guard let handle = dlopen(path, RTLD_NOW | RTLD_LOCAL) else { return nil }
    self.handle = handle
    if functions.contains(where: { dlsym(handle, $0) == nil }) { return nil }
  }

  func function(_ name: String) -> SegmentFunction? {
    dlsym(handle, name).map { unsafeBitCast($0, to: SegmentFunction.self) }
  }

  deinit { dlclose(handle) }
}
