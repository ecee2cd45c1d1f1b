#pragma once

// The baseline of x86-64 knows neither 256-bit vectors nor fused instructions, and a package that
// sets compiler flags cannot be depended on: so each kernel is compiled for three levels of the
// architecture and the loader picks one.
//
// The choice is made before a sanitizer has set itself up, so sanitized code has the baseline only.
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define RV_CLONES
#endif
#endif
#if defined(RV_CLONES)
#elif defined(__x86_64__) && defined(__linux__)
#define RV_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
// For what is laid out otherwise for vectors of 64 bytes, not only compiled otherwise: clang cuts them into halves where it
// is not told that they are wanted whole.
#define RV_WIDE __attribute__((target("arch=x86-64-v4"), min_vector_width(512)))
#define RV_WIDE_INLINE RV_WIDE static inline __attribute__((always_inline))
#else
#define RV_CLONES
#endif

// An iteration reads and writes only its own element, so a destination that is one of the operands
// is safe; the vectorizer's own overlap check would send exactly that case to the scalar loop.
#define RV_LOOP _Pragma("clang loop vectorize(assume_safety) interleave(enable)")

#define RV_INLINE static inline __attribute__((always_inline))
