import Basics
import CKernels
import Platform
import Runtime

/// Compiles passes with the system's C compiler and keeps the code in a cache on disk.
///
/// Compilers run in the background, one after the other, and steps are interpreted until the code is
/// there; who asks for native code by name (`CompileEffort.always`) waits. Whatever goes wrong, the
/// interpreter runs in its place and `note` is told once. Not to be used by several threads at once;
/// several processes may share a cache.
package final class NativeCompiler: SegmentCompiler {
  package struct Settings: Sendable {
    /// A path or a name; nil takes the first of cc, clang and gcc.
    package var compiler: String?
    /// The cache's folder; nil for none: then nothing is compiled.
    package var cache: String?
    /// Bytes that the cache may take.
    package var cacheLimit = 256 << 20

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
  /// By key, what was compiled or is being.
  private var codes: [String: SegmentCode] = [:]
  private let turn = Turn()
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

  package func compile(_ segments: [SegmentSource], effort: CompileEffort) -> SegmentCode {
    func interpreted(_ problem: String? = nil) -> SegmentCode {
      let code = SegmentCode { [weak self] in self?.say($0) }
      code.finish(segments.map { _ in nil }, library: nil, problem: problem)
      return code
    }
    guard SourceText.isPossible else {
      return interpreted(effort == .always ? "this build cannot write C" : nil)
    }
    let source = SourceText(segments)
    if source.functions.isEmpty { return interpreted() }
    guard let system else {
      let named = settings.compiler.map { " `\($0)`" } ?? ""
      return interpreted(effort == .always ? "there is no C compiler" + named : nil)
    }
    let key = SHA256.hexadecimal(
      Array(
        [
          source.text, system.identity, SystemCompiler.machine, SystemCompiler.machineFlag,
          SystemCompiler.flags.joined(separator: " "),
        ].joined(separator: "\n").utf8))
    if let known = codes[key], !known.hasFailed {
      if effort == .always { known.wait() }
      return known
    }
    let cache: CodeCache
    switch self.cache {
    case .success(let found): cache = found
    case .failure(let refusal):
      return interpreted("the cache of compiled code cannot be used: \(refusal.reason)")
    }
    let code = SegmentCode { [weak self] in self?.say($0) }
    if let path = cache.find(key), let library = Library(path, source.functions) {
      code.finish(library.functions(source.symbols), library: library)
      codes[key] = code
      return code
    }
    if effort == .onlyCached { return interpreted() }
    guard let work = cache.work() else {
      return interpreted("the cache of compiled code cannot be written: \(cache.path)")
    }
    guard Files.write(Array(source.text.utf8), to: work.folder + "/" + CodeCache.source) else {
      work.end()
      return interpreted("the cache of compiled code cannot be written: \(cache.path)")
    }
    codes[key] = code
    callCount += 1
    let job = CompileJob(
      key: key, functions: source.functions, symbols: source.symbols, system: system, cache: cache,
      work: work, code: code, turn: turn)
    if effort == .always { job.run() } else { job.start() }
    return code
  }

  private func say(_ text: String) {
    if hasNoted { return }
    hasNoted = true
    note(text + "; the interpreter runs instead")
  }
}
