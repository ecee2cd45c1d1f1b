import CKernels
import Platform
import Runtime

/// The C source of some passes: a head, then one function a pass; passes of the same text share one.
struct SourceText {
  private(set) var text = ""
  /// The function of each pass; nil where it stays with the interpreter.
  private(set) var symbols: [String?] = []
  /// The functions, in order.
  private(set) var functions: [String] = []

  init(_ segments: [SegmentSource]) {
    var needs: [Bool: SegmentWriter.Needs] = [:]
    var helpers: [Bool: Set<Int>] = [:]
    var known: [String: String] = [:]
    var bodies: [String] = []
    for segment in segments {
      var writer = SegmentWriter(segment)
      guard let body = writer.text() else {
        symbols.append(nil)
        continue
      }
      if let found = known[body] {
        symbols.append(found)
        continue
      }
      let rule = Names.mangled(segment.program)
      let symbol = "ravine_\(rule)_\(functions.count)"
      known[body] = symbol
      symbols.append(symbol)
      functions.append(symbol)
      needs[writer.isFloat, default: []].formUnion(writer.needs.union(writer.dialect.needs))
      helpers[writer.isFloat, default: []].formUnion(writer.dialect.helpers)
      bodies.append(
        "// \(Names.comment(segment.program)), pass \(functions.count)\n"
          + Self.named(body, symbol))
    }
    if functions.isEmpty { return }
    text = Self.head(needs, helpers) + "\n" + bodies.joined(separator: "\n")
  }

  /// Whether this package's compiler could embed the texts that passes begin with.
  static var isPossible: Bool { rv_text_of(RV_TEXT_FRAME).pointee != 0 }

  private static func head(
    _ needs: [Bool: SegmentWriter.Needs], _ helpers: [Bool: Set<Int>]
  ) -> String {
    let all = needs.values.reduce(SegmentWriter.Needs()) { $0.union($1) }
    var parts = [
      """
      // Written by Ravine for this machine's compiler. Arithmetic rounds as in the interpreter: compile
      // without contraction (-ffp-contract=off).
      #if !defined(__clang__)
      // As fast as -O3, in half of its time: else -O2 leaves loops without vectors.
      #pragma GCC optimize("tree-vectorize", "vect-cost-model=dynamic")
      #endif
      #include <math.h>
      #include <stddef.h>
      #include <stdint.h>
      #include <string.h>

      #define RV_INLINE static inline __attribute__((always_inline))
      #define RV_CLONES
      #if defined(__clang__)
      #define RV_LOOP _Pragma("clang loop vectorize(assume_safety) interleave(enable)")
      #else
      #define RV_LOOP _Pragma("GCC ivdep")
      #endif
      #if !defined(__clang__)
      #define __builtin_elementwise_sqrt(x) \\
        _Generic((x), float: __builtin_sqrtf, default: __builtin_sqrt)(x)
      #endif
      // In float, x / s below a root or a quotient is x * (1 / s) where that is a normal number.
      #define RV_HAS_RECIPROCAL(s) (fabs(1 / (s)) < 1e30 && fabs(1 / (s)) > 1e-30)
      """,
      kept(rv_text_of(RV_TEXT_FRAME)),
    ]
    if all.contains(.math) { parts.append(kept(rv_text_of(RV_TEXT_MATH))) }
    if all.contains(.places) { parts.append(kept(rv_text_of(RV_TEXT_PLACE))) }
    if all.contains(.formats) { parts.append(kept(rv_text_of(RV_TEXT_FORMATS))) }
    if all.contains(.states) {
      parts += [
        map("s8"), map("u8"), "#if defined(__x86_64__)\n#include <immintrin.h>\n#endif",
        kept(rv_text_of(RV_TEXT_LINES)),
      ]
    }
    if all.contains(.reductions) {
      parts.append(
        """
        #define RV_HEAD(name, form) \\
          static void N(name##_##form)( \\
              void *d_, const void *a, const void *b, const void *c, const void *e, size_t n)
        #define RV_REDUCE(kernel, r, x) kernel(frame->scalars + (r), x, x, x, x, (size_t)n)
        """)
    }
    for isFloat in [true, false] {
      guard let needs = needs[isFloat] else { continue }
      let names = isFloat ? "_f32" : "_f64"
      if needs.contains(.reductions) {
        parts.append(
          """
          #define T \(isFloat ? "float" : "double")
          #define N(name) name##\(names)
          \(kept(rv_text_of(RV_TEXT_REDUCTIONS)))
          """)
        if needs.contains(.places) {
          parts.append(
            """
            static double N(fold_run)(int fold, double carry, const T *x, int64_t n) {
              (fold == RV_FOLD_SUM ? N(sum_0) : fold == RV_FOLD_MAX ? N(max_0) : N(min_0))(
                  &carry, x, x, x, x, (size_t)n);
              return carry;
            }
            #define RV_FOLD_RUN(fold, carry, x, n) N(fold_run)(fold, carry, x, n)
            \(kept(rv_text_of(RV_TEXT_PLACES)))
            #undef RV_FOLD_RUN
            """)
        }
        if needs.contains(.states) {
          parts.append(
            """
            #define RV_IS_WIDE \(isFloat ? 0 : 1)
            \(kept(rv_text_of(RV_TEXT_STATES)))
            #undef RV_IS_WIDE
            """)
        }
        parts.append("#undef T\n#undef N")
      }
      if !(helpers[isFloat] ?? []).isEmpty {
        parts.append(
          """
          #define T \(isFloat ? "float" : "double")
          #define N(name) name##\(names)
          #define M(name) name\(isFloat ? "##f" : "")
          \(kept(rv_text_of(RV_TEXT_SCALARS)))
          #undef T
          #undef N
          #undef M
          """)
      }
    }
    return parts.joined(separator: "\n") + "\n"
  }

  /// What the codes of an eight-bit state stand for.
  private static func map(_ name: String) -> String {
    let numbers = (0..<256).map { k in
      Expression.literal(
        Double(
          withUnsafeBytes(of: name == "s8" ? rv_map_s8 : rv_map_u8) {
            $0.bindMemory(to: Float.self)[k]
          }), isFloat: true)!
    }
    let lines = stride(from: 0, to: 256, by: 8).map {
      "  " + numbers[$0..<($0 + 8)].joined(separator: ", ") + ","
    }
    return "static const float rv_map_\(name)[256] = {\n\(lines.joined(separator: "\n"))\n};"
  }

  /// A source of the interpreter without what only its own place in the package needs.
  private static func kept(_ text: UnsafePointer<CChar>) -> String {
    let bytes = UnsafeRawBufferPointer(start: text, count: strlen(text))
    let dropped = ["#pragma once", "#include", "#pragma STDC"].map { Array($0.utf8) }
    var result: [UInt8] = []
    result.reserveCapacity(bytes.count)
    for line in bytes.split(separator: 10, omittingEmptySubsequences: false)
    where !dropped.contains(where: { line.starts(with: $0) }) {
      if !result.isEmpty { result.append(10) }
      result += line
    }
    return String(decoding: result, as: UTF8.self)
  }

  /// `body` with the function's name in its places.
  private static func named(_ body: String, _ symbol: String) -> String {
    var body = body
    return body.withUTF8 { bytes in
      bytes.split(separator: SegmentWriter.stem, omittingEmptySubsequences: false)
        .map { String(decoding: $0, as: UTF8.self) }.joined(separator: symbol)
    }
  }
}
