#include "Baseline.h"
#include "Clones.h"

// What the processor can do at most: fused multiply-adds in registers, as wide as they come, so many
// chains that none waits for the one before.
#pragma clang fp contract(fast)

#define RV_PEAK(name, TARGET, BYTES, CHAINS)                                                       \
  TARGET static float name(int64_t rounds) {                                                       \
    typedef float lanes __attribute__((vector_size(BYTES)));                                       \
    lanes s[CHAINS], a, b;                                                                         \
    for (int i = 0; i < BYTES / 4; i++) a[i] = 0.999f, b[i] = 0.0001f;                             \
    for (int k = 0; k < CHAINS; k++) s[k] = a * (float)k;                                          \
    for (int64_t r = 0; r < rounds; r++) {                                                         \
      _Pragma("clang loop unroll(full)") for (int k = 0; k < CHAINS; k++) s[k] = s[k] * a + b;     \
    }                                                                                              \
    float sum = 0;                                                                                 \
    for (int k = 0; k < CHAINS; k++) sum += s[k][0];                                               \
    return sum;                                                                                    \
  }

#if defined(RV_WIDE)
RV_PEAK(peak_512, RV_WIDE, 64, 12)
#endif
#if defined(__x86_64__)
RV_PEAK(peak_256, __attribute__((target("arch=x86-64-v3"))), 32, 12)
#endif
RV_PEAK(peak_128, , 16, 12)

double rv_peak_operations(int64_t rounds, float *result) {
#if defined(RV_WIDE)
  if (__builtin_cpu_supports("x86-64-v4")) {
    *result = peak_512(rounds);
    return 2.0 * 16 * 12 * (double)rounds;
  }
#endif
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2")) {
    *result = peak_256(rounds);
    return 2.0 * 8 * 12 * (double)rounds;
  }
#endif
  *result = peak_128(rounds);
  return 2.0 * 4 * 12 * (double)rounds;
}
