import Foundation
import Runtime
import Testing

/// Libraries that are missing, wrong, incomplete or unsafe, made by `cc`, and `ravine` with them.
@Suite struct MatrixLibraryCommandTests {
  static let hasCompiler = FileManager.default.isExecutableFile(atPath: "/usr/bin/cc")

  /// A library with plain loops, and with one fault for each macro.
  private static let source = """
    #include <stdlib.h>
    #include <string.h>
    #ifdef WIDE
    typedef long integer;
    #else
    typedef int integer;
    #endif
    static char core[64] = "Prescott";
    __attribute__((constructor)) static void start(void) {
      const char *type = getenv("OPENBLAS_CORETYPE");
      if (type) strncpy(core, type, sizeof core - 1);
    #ifdef STUBBORN
      strcpy(core, "Prescott");
    #endif
    }
    #ifdef OPENBLAS
    char *openblas_get_corename(void) { return core; }
    char *openblas_get_config(void) { return "a stub"; }
    #endif
    void cblas_daxpy(integer n, double a, const double *x, integer dx, double *y, integer dy) {
      for (integer i = 0; i < n; i++) y[i * dy] += a * x[i * dx];
    }
    #define GEMM(NAME, T) \\
      void NAME(int o, int ta, int tb, integer m, integer n, integer k, T alpha, const T *a, \\
                integer lda, const T *b, integer ldb, T beta, T *c, integer ldc) { \\
        for (integer i = 0; i < m; i++) for (integer j = 0; j < n; j++) { \\
          T sum = 0; \\
          for (integer l = 0; l < k - LIES; l++) \\
            sum += (ta == 112 ? a[l * lda + i] : a[i * lda + l]) \\
              * (tb == 112 ? b[j * ldb + l] : b[l * ldb + j]); \\
          c[i * ldc + j] = sum; \\
        } \\
      }
    #ifndef LIES
    #define LIES 0
    #endif
    GEMM(cblas_dgemm, double)
    #ifndef LACKS
    GEMM(cblas_sgemm, float)
    #endif
    """

  /// Decompositions with the answers of the trial that a library has to pass, and none beyond it.
  private static let decompositions = """
    #define ALL(P, T) \\
      void P##gesv_(int *n, int *k, T *a, int *m, int *pivots, T *b, int *l, int *info) { \\
        pivots[0] = pivots[1] = 2, b[0] = 3, b[1] = 1, *info = 0; \\
      } \\
      void P##potrf_(char *u, int *n, T *a, int *m, int *info) { \\
        a[0] = 2, a[2] = 1, a[3] = 3, *info = 0; \\
      } \\
      void P##syevd_(char *j, char *u, int *n, T *a, int *m, T *values, T *work, int *lwork, \\
                     int *iwork, int *liwork, int *info) { \\
        if (*lwork == -1) { work[0] = iwork[0] = 256, *info = 0; return; } \\
        values[0] = 1, values[1] = 3, *info = *n > 2; \\
      } \\
      void P##gesdd_(char *j, int *m, int *n, T *a, int *l, T *values, T *u, int *lu, T *v, \\
                     int *lv, T *work, int *lwork, int *iwork, int *info) { \\
        if (*lwork == -1) { work[0] = 256, *info = 0; return; } \\
        values[0] = 4, values[1] = 3, *info = *n > 2; \\
      } \\
      void P##geqrf_(int *m, int *n, T *a, int *l, T *tau, T *work, int *lwork, int *info) { \\
        a[0] = 5, work[0] = 256, *info = 0; \\
      } \\
      void P##orgqr_(int *m, int *n, int *k, T *a, int *l, T *tau, T *work, int *lwork, \\
                     int *info) { \\
        a[0] = 0.6, a[1] = 0.8, work[0] = 256, *info = 0; \\
      }
    ALL(d, double)
    ALL(s, float)
    """

  /// No matrix is known on which LAPACK gives up: what is not finite is refused before it.
  @Test(
    .enabled(if: hasCompiler),
    arguments: ["L, Q = eigh(g @ g.T)", "Q, s, V = svd(g)"], ["interpreter", "reference"])
  func aLibraryThatGivesUpIsAnErrorOfTheRule(_ equation: String, _ engine: String) throws {
    let sandbox = try Sandbox()
    try sandbox.write("stub.c", Self.source + "\n" + Self.decompositions)
    let built = try sandbox.run("cc -O1 -shared -fPIC stub.c -o stub.so")
    try #require(built.status == 0, "\(built.errors)")
    try sandbox.write(
      "r.opt",
      """
      objective sphere(x: matrix(3, 3) = normal()) = sum(x^2)
      rule Turned(lr = 0.1) {
          \(equation)
          w' = w - lr * Q @ g
      }
      minimize sphere with Turned for 2 steps
      """)
    let outcome = try sandbox.run(
      "ravine run r.opt --engine \(engine)", environment: ["RAVINE_BLAS": "./stub.so"])
    let codes = outcome.codes()
    #expect(codes == ["R0903"], "\(outcome.output)\(outcome.errors)")
    #expect(outcome.status == 4)
    let name = equation.contains("eigh") ? "eigh" : "svd"
    #expect(outcome.errors.contains("`\(name)` did not converge"), "\(outcome.errors)")
  }

  private static func sandbox(_ options: String = "") throws -> Sandbox {
    let sandbox = try Sandbox()
    try sandbox.write("stub.c", source)
    try sandbox.write("big.opt", large)
    let built = try sandbox.run("cc -O1 -shared -fPIC \(options) stub.c -o stub.so")
    try #require(built.status == 0, "\(built.errors)")
    return sandbox
  }

  /// One product of 200 × 800 by 800 × 200, in whole numbers.
  private static let large = """
    objective big() {
        param w: matrix(200, 800) = 1
        loss = mean(w @ w.T)
    }
    minimize big with SGD(lr = 0) for 2 steps
    """

  private static let how = "ravine --version --verbose"

  @Test(.enabled(if: hasCompiler))
  func aLibraryThatComputesIsTaken() throws {
    let sandbox = try Self.sandbox()
    let outcome = try sandbox.run(Self.how, environment: ["RAVINE_BLAS": "./stub.so"])
    #expect(outcome.output.contains("stub.so"))
    #expect(outcome.output.contains("RAVINE_BLAS names it"))
    #expect(outcome.errors.isEmpty)
    let run = try sandbox.run("ravine run big.opt", environment: ["RAVINE_BLAS": "./stub.so"])
    #expect(run.output.contains("800"), "\(run.output)\(run.errors)")
  }

  @Test(
    .enabled(if: hasCompiler),
    arguments: [
      ("-DLIES=1", "its products are wrong"), ("-DLACKS", "it has no `cblas_sgemm`"),
      ("-DWIDE", "its integers have 64 bits"),
    ])
  func aFaultyLibraryIsPassedOver(_ option: String, _ why: String) throws {
    let sandbox = try Self.sandbox(option)
    let outcome = try sandbox.run(
      "ravine run big.opt", environment: ["RAVINE_BLAS": "./stub.so"])
    #expect(outcome.status == 0)
    #expect(outcome.output.contains("800"), "\(outcome.output)\(outcome.errors)")
    #expect(
      outcome.errors.components(separatedBy: "ravine: ./stub.so is not used: \(why)\n").count == 2,
      "\(outcome.errors)")
  }

  @Test(
    .enabled(if: hasCompiler),
    arguments: ["chmod 666 stub.so", "chmod 777 ."])
  func whatOthersMayWriteToIsNotLoaded(_ change: String) throws {
    let sandbox = try Self.sandbox()
    for name in ["RAVINE_BLAS=./stub.so", "RAVINE_BLAS=stub.so LD_LIBRARY_PATH=."] {
      let outcome = try sandbox.run("\(change); \(name) \(Self.how)")
      #expect(outcome.errors.contains("stub.so is not used: others may write to"))
      #expect(!outcome.output.contains("stub.so"))
    }
  }

  @Test(.enabled(if: hasCompiler))
  func anUnknownProcessorGetsItsKernelsAndAUsersChoiceIsKept() throws {
    guard
      let type = KernelType.better(than: "Prescott", on: .ofThisProcessor).first
    else { return }
    let sandbox = try Self.sandbox("-DOPENBLAS")
    let plain = try sandbox.run(
      "unset OPENBLAS_CORETYPE; \(Self.how)", environment: ["RAVINE_BLAS": "./stub.so"])
    #expect(plain.output.contains("kernels         \(type)\n"), "\(plain.output)")
    #expect(plain.errors.isEmpty)
    let own = try sandbox.run(
      Self.how, environment: ["RAVINE_BLAS": "./stub.so", "OPENBLAS_CORETYPE": "Nehalem"])
    #expect(own.output.contains("kernels         Nehalem\n"), "\(own.output)")
    #expect(own.errors.isEmpty)
    let stubborn = try Self.sandbox("-DOPENBLAS -DSTUBBORN")
    let generic = try stubborn.run(
      "unset OPENBLAS_CORETYPE; ravine run big.opt", environment: ["RAVINE_BLAS": "./stub.so"])
    #expect(
      generic.errors.components(separatedBy: "generic kernels (Prescott)").count == 2,
      "\(generic.errors)")
  }

  @Test func aMissingOneIsSaidOnceAndOnlyWhereALargeProductIs() throws {
    let sandbox = try Sandbox()
    try sandbox.write("big.opt", Self.large)
    let environment = ["RAVINE_BLAS": "./nothing.so"]
    let large = try sandbox.run("ravine run big.opt", environment: environment)
    #expect(large.status == 0)
    #expect(large.errors.components(separatedBy: "nothing.so is not used").count == 2)
    let small = try sandbox.run("ravine zoo Lion", environment: environment)
    #expect(small.errors.isEmpty)
  }

  @Test func withoutALibraryProductsAreRight() throws {
    let sandbox = try Sandbox()
    try sandbox.write("big.opt", Self.large)
    let outcome = try sandbox.run("ravine run big.opt", environment: ["RAVINE_BLAS": "none"])
    #expect(outcome.status == 0)
    #expect(outcome.output.contains("800"), "\(outcome.output)")
    #expect(outcome.errors.isEmpty)
  }

  /// Address space, in KiB: for `ravine` alone, for the library without its buffers, for all.
  @Test(arguments: [100_000, 180_000, 2_000_000])
  func limitsOfMemoryStopNothing(_ limit: Int) throws {
    let sandbox = try Sandbox()
    try sandbox.write("big.opt", Self.large)
    let zoo = try sandbox.run("ulimit -v \(limit); exec timeout 60 ravine zoo Lion")
    #expect(zoo.status == 0, "\(zoo.errors)")
    #expect(zoo.errors.isEmpty)
    let run = try sandbox.run("ulimit -v \(limit); exec timeout 60 ravine run big.opt")
    #expect(run.status == 0, "\(run.errors)")
    #expect(run.output.contains("800"), "\(run.output)")
  }

  /// The limit counts a user's threads and does not bind root.
  @Test func aLimitOfThreadsStopsNothing() throws {
    let sandbox = try Sandbox()
    let user = geteuid() == 0 ? "setpriv --reuid=65534 --regid=65534 --clear-groups " : ""
    // Where another user may not read the executable there is nothing to see.
    guard try sandbox.run("\(user)bash -c 'exec ravine --version'").status == 0 else { return }
    let outcome = try sandbox.run("\(user)bash -c 'ulimit -u 1; exec ravine zoo Lion'")
    #expect(outcome.status == 0)
    #expect(outcome.output.contains("rule Lion"))
    #expect(outcome.errors.isEmpty)
  }
}
