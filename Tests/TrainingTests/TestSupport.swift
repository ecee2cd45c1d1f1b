import Diagnostics
import Platform

/// The first diagnostic that the body throws, as "R0712 message [notes]"; "no diagnostic" when
/// it throws none.
func described<Result>(_ body: () throws(DiagnosticError) -> Result) -> String {
  do throws(DiagnosticError) {
    _ = try body()
    return "no diagnostic"
  } catch {
    let first = error.diagnostics[0]
    return "\(first.code) \(first.message) [\(first.notes.map(\.message).joined(separator: "; "))]"
  }
}

/// A small deterministic generator (Steele et al. 2014, SplitMix64).
struct Sequence64: RandomNumberGenerator {
  private var state: UInt64
  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
    return z ^ z >> 31
  }

  mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }

  /// A number in [0, 1) that depends on the seed and the counter alone.
  static func uniform(seed: UInt64) -> @Sendable (UInt64) -> Double {
    { counter in
      var generator = Sequence64(seed: seed &+ counter &* 0xD134_2543_DE82_EF95)
      return Double(generator.next() >> 11) * 0x1p-53
    }
  }
}

/// An empty directory, removed with everything in it when the body is done.
func withDirectory<Result>(_ body: (String) throws -> Result) throws -> Result {
  var template = Array("/tmp/ravine-tests-XXXXXX".utf8CString)
  let path = template.withUnsafeMutableBufferPointer { buffer in
    mkdtemp(buffer.baseAddress!).map { String(cString: $0) }
  }
  guard let path else { preconditionFailure("no temporary directory") }
  defer {
    chmod(path, 0o700)
    for name in contents(of: path) {
      unlink("\(path)/\(name)")
      rmdir("\(path)/\(name)")
    }
    rmdir(path)
  }
  return try body(path)
}

/// The names in a directory, sorted.
func contents(of path: String) -> [String] {
  guard let directory = opendir(path) else { return [] }
  defer { closedir(directory) }
  var names: [String] = []
  while let entry = readdir(directory) {
    let name = withUnsafePointer(to: &entry.pointee.d_name) {
      $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
    }
    if name != ".", name != ".." { names.append(name) }
  }
  return names.sorted()
}
