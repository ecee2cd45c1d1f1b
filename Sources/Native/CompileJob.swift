import Basics
import CKernels
import Platform
import Runtime

/// One call of the compiler, from a source in a work folder to loaded code.
struct CompileJob: Sendable {
  let key: String
  let functions: [String]
  /// By pass, its function; nil where the interpreter stays.
  let symbols: [String?]
  let system: SystemCompiler
  let cache: CodeCache
  let work: CodeCache.Work
  let code: SegmentCode
  let turn: Turn

  /// Runs on a thread of its own, or here where there is none.
  func start() {
    let box = Unmanaged.passRetained(Box(self))
    let isStarted = rv_start_thread(
      { Unmanaged<Box>.fromOpaque($0!).takeRetainedValue().job.run() }, box.toOpaque())
    if isStarted == 0 { box.takeRetainedValue().job.run() }
  }

  private final class Box: Sendable {
    let job: CompileJob
    init(_ job: CompileJob) { self.job = job }
  }

  func run() {
    turn.take { compile() }
    work.end()
  }

  private func compile() {
    func fail(_ problem: String) {
      code.finish(symbols.map { _ in nil }, library: nil, problem: problem)
    }
    if let problem = system.compile(in: work.folder) { return fail(problem) }
    // A full disk keeps the entry out; this process has the code all the same.
    let path = cache.publish(work, as: key) ?? work.folder + "/" + CodeCache.code
    guard let library = Library(path, functions) else {
      return fail("what \(system.path) wrote cannot be loaded")
    }
    code.finish(library.functions(symbols), library: library)
  }
}

/// Loaded code. It stays loaded as long as someone holds this.
final class Library {
  private let handle: UnsafeMutableRawPointer

  /// nil where the file cannot be loaded or lacks one of the functions.
  init?(_ path: String, _ functions: [String]) {
    guard Files.read(path).map(ObjectFile.isWhole) ?? false else { return nil }
    guard let handle = dlopen(path, RTLD_NOW | RTLD_LOCAL) else { return nil }
    self.handle = handle
    if functions.contains(where: { dlsym(handle, $0) == nil }) { return nil }
  }

  func functions(_ symbols: [String?]) -> [SegmentFunction?] {
    symbols.map { symbol in
      symbol.flatMap { dlsym(handle, $0) }.map { unsafeBitCast($0, to: SegmentFunction.self) }
    }
  }

  deinit { dlclose(handle) }
}
