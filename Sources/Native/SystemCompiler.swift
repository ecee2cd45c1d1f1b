import CKernels
import IR
import Platform

/// The system's C compiler: where it is, and a call of it.
struct SystemCompiler: Sendable {
  let path: String
  /// Changes when the compiler does: its real path, size and date.
  let identity: String

  /// Every instruction of this machine, and no change of what the numbers are.
  static let flags =
    [
      "-O2", "-std=gnu11", "-w", "-pipe", "-fPIC", "-shared", "-ffp-contract=off",
      "-fno-math-errno", "-fno-trapping-math",
    ] + libm.flatMap { ["-fno-builtin-\($0)", "-fno-builtin-\($0)f"] }

  /// Functions of libm, which the interpreter calls too: a compiler that computes one ahead rounds
  /// otherwise than libm.
  private static let libm =
    Operation.allCases.filter { $0.info.ulps > 0.5 }.compactMap(\.info.libm) + ["pow"]
  static let machineFlag = "-march=native"

  /// The one that is named (a path or a name), else the first of cc, clang and gcc on PATH.
  init?(_ named: String?) {
    let names = named.map { [$0] } ?? ["cc", "clang", "gcc"]
    guard let found = names.lazy.compactMap(Self.find).first, let real = Files.real(found),
      let state = Files.state(real)
    else { return nil }
    path = found
    identity = "\(real) \(state.size) \(state.seconds).\(state.nanoseconds)"
  }

  private static func find(_ name: String) -> String? {
    if name.contains("/") {
      guard let path = Files.real(name), Files.isProgram(path) else { return nil }
      return name.hasPrefix("/") ? name : path
    }
    // Relative folders of PATH are another program's where the host changes its folder.
    for folder in (Files.variable("PATH") ?? "/usr/bin:/bin").split(separator: ":")
    where folder.hasPrefix("/") {
      let path = "\(folder)/\(name)"
      if Files.isProgram(path) { return path }
    }
    return nil
  }

  /// This machine's instructions as text.
  static var machine: String {
    var numbers = [UInt32](repeating: 0, count: 12)
    rv_cpu_identity(&numbers)
    return numbers.map { String($0, radix: 16) }.joined(separator: ".")
  }

  /// Compiles `source.c` of a folder to its `code.so`, however long that takes. Returns what went
  /// wrong, or nil.
  func compile(in folder: String) -> String? {
    let first = run(in: folder, flags: Self.flags + [Self.machineFlag])
    guard case .failed = first else { return first.message(self, folder) }
    // Some compilers cannot tell what machine they are on.
    return run(in: folder, flags: Self.flags).message(self, folder)
  }

  private enum Outcome {
    case done, failed, stopped, missing

    func message(_ compiler: SystemCompiler, _ folder: String) -> String? {
      switch self {
      case .done: nil
      case .failed: "\(compiler.path) failed: \(compiler.firstMessage(in: folder))"
      case .stopped: "\(compiler.path) was stopped"
      case .missing: "\(compiler.path) cannot be started"
      }
    }
  }

  func arguments(_ flags: [String], from source: String, to code: String) -> [String] {
    [path] + flags + ["-o", code, source, "-lm"]
  }

  private func run(in folder: String, flags: [String]) -> Outcome {
    let arguments = arguments(
      flags, from: "\(folder)/\(CodeCache.source)", to: "\(folder)/\(CodeCache.code)")
    var pointers: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) }
    pointers.append(nil)
    defer { for pointer in pointers { free(pointer) } }
    Files.remove("\(folder)/\(CodeCache.code)")
    let status = rv_run_program(
      path, pointers, "\(folder)/\(CodeCache.messages)", folder)
    switch status {
    case Int32(RV_PROCESS_NOT_STARTED.rawValue): return .missing
    case Int32(RV_PROCESS_STOPPED.rawValue): return .stopped
    case 0:
      let size = Files.state("\(folder)/\(CodeCache.code)")?.size ?? 0
      return size > 0 ? .done : .failed
    default: return .failed
    }
  }

  private func firstMessage(in folder: String) -> String {
    let bytes = Files.read("\(folder)/\(CodeCache.messages)") ?? []
    let line = bytes.prefix { $0 != 10 }.prefix(200)
    let text = String(decoding: line.filter { $0 >= 0x20 && $0 < 0x7F }, as: UTF8.self)
    return text.isEmpty ? "it wrote no code" : text
  }
}
