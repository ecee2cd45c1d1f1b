import CKernels
import Native
import Platform

/// Loops as a programmer writes them, compiled by the compiler of the native tier with its flags.
package final class HandLoops {
  package struct Unavailable: Error {
    package var reason: String
  }

  package typealias Loop =
    @convention(c) (
      UnsafeMutablePointer<Float>, UnsafePointer<Float>, UnsafeMutablePointer<Float>,
      UnsafeMutablePointer<Float>, Int, Float, Float, Float, Float, Float, Float, Float
    ) -> Void

  /// Rules that there are loops for.
  package static let rules = ["AdamW", "Lion"]

  private static let text = """
    #if !defined(__clang__)
    #pragma GCC optimize("O3")
    #endif
    #include <math.h>
    #include <stddef.h>
    void AdamW(float *restrict w, const float *restrict g, float *restrict m, float *restrict v,
               size_t n, float lr, float beta1, float beta2, float eps, float decay, float c1,
               float c2) {
      for (size_t i = 0; i < n; i++) {
        m[i] = beta1 * m[i] + (1 - beta1) * g[i];
        v[i] = beta2 * v[i] + (1 - beta2) * (g[i] * g[i]);
        w[i] = w[i] - lr * ((m[i] / c1) / (sqrtf(v[i] / c2) + eps) + decay * w[i]);
      }
    }
    void Lion(float *restrict w, const float *restrict g, float *restrict m, float *restrict unused,
              size_t n, float lr, float beta1, float beta2, float eps, float decay, float c1,
              float c2) {
      for (size_t i = 0; i < n; i++) {
        float c = beta1 * m[i] + (1 - beta1) * g[i];
        float s = c > 0 ? 1.0f : c < 0 ? -1.0f : c;
        w[i] = w[i] - lr * (s + decay * w[i]);
        m[i] = beta2 * m[i] + (1 - beta2) * g[i];
      }
    }
    """

  private let handle: UnsafeMutableRawPointer

  /// Throws why there are none.
  package init() throws(Unavailable) {
    let folder: String
    do throws(TemporaryFolder.Failure) { folder = try TemporaryFolder.make() } catch {
      throw Unavailable(reason: error.reason)
    }
    defer { TemporaryFolder.remove(folder, ["loops.c", "loops.so", "messages"]) }
    guard
      let compiler = NativeCompiler.commandLine(
        from: folder + "/loops.c", to: folder + "/loops.so")
    else {
      throw Unavailable(reason: "there is no C compiler")
    }
    guard let file = fopen(folder + "/loops.c", "w") else {
      throw Unavailable(reason: "\(folder) cannot be written")
    }
    fputs(Self.text, file)
    fclose(file)
    var pointers: [UnsafeMutablePointer<CChar>?] = compiler.map { strdup($0) } + [nil]
    defer { for pointer in pointers { free(pointer) } }
    guard
      rv_run_program(compiler[0], &pointers, folder + "/messages", folder) == 0,
      let handle = dlopen(folder + "/loops.so", RTLD_NOW | RTLD_LOCAL)
    else { throw Unavailable(reason: "\(compiler[0]) failed") }
    self.handle = handle
  }

  deinit { dlclose(handle) }

  package func loop(_ rule: String) -> Loop? {
    dlsym(handle, rule).map { unsafeBitCast($0, to: Loop.self) }
  }
}

/// Folders for a moment.
package enum TemporaryFolder {
  package struct Failure: Error {
    package var reason: String
  }

  /// A new one, where the host wants temporary files.
  package static func make() throws(Failure) -> String {
    let parent = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    var name = Array((parent + "/ravine-bench-XXXXXX").utf8CString)
    guard mkdtemp(&name) != nil else {
      throw Failure(reason: "no folder can be made in \(parent)")
    }
    return String(
      decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// With these files in it.
  package static func remove(_ folder: String, _ files: [String] = []) {
    for file in files { unlink("\(folder)/\(file)") }
    rmdir(folder)
  }
}
