#pragma once
#include "Clones.h"
#include "Math.h"
#include <stdint.h>

// Philox4x32-10 (Salmon et al. 2011) with the counter layout of `CounterRandom`, bit for bit: its words in lanes of 64 bits,
// where a vector multiplies two of 32.
#pragma STDC FP_CONTRACT OFF

typedef struct rv_random {
  uint32_t key0, key1, step, tensor;
} rv_random;

RV_INLINE rv_random rv_random_at(uint64_t seed, uint32_t step, uint32_t tensor, uint32_t site) {
  uint64_t z = seed + 0x9E3779B97F4A7C15ull * ((uint64_t)site + 1);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
  z ^= z >> 31;
  return (rv_random){(uint32_t)z, (uint32_t)(z >> 32), step, tensor};
}

RV_INLINE void rv_random_pair(rv_random r, uint64_t pair, uint64_t out[2]) {
  // What stands above a word is dropped where the word is used, which costs a product nothing.
  const uint64_t word = 0xFFFFFFFFu;
  uint64_t x0 = pair, x1 = pair >> 32, x2 = r.step, x3 = r.tensor;
  uint32_t k0 = r.key0, k1 = r.key1;
  for (int round = 0; round < 10; round++) {
    uint64_t p0 = 0xD2511F53u * (x0 & word);
    uint64_t p1 = 0xCD9E8D57u * (x2 & word);
    x0 = p1 >> 32 ^ x1 ^ k0;
    x1 = p1;
    x2 = p0 >> 32 ^ x3 ^ k1;
    x3 = p0;
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  out[0] = x1 << 32 | (x0 & word);
  out[1] = x3 << 32 | (x2 & word);
}

// The order of `Distribution`.
enum { RV_NORMAL, RV_UNIFORM, RV_RADEMACHER, RV_EXPONENTIAL_DRAW, RV_BERNOULLI };

// Cosine and sine of 2π · u, u in [0, 1): what is left of the nearest quarter of a turn is exact, and the polynomials are
// those of fdlibm between -π/4 and π/4.
RV_INLINE void rv_turn(double u, double *cosine, double *sine) {
  const double shift = 6755399441055744.0;
  double biased = rv_fma_f64(u, 4, shift);
  int64_t quarter = rv_int_f64(biased);
  double x = rv_fma_f64(biased - shift, -0.25, u) * 6.283185307179586477;
  double z = x * x;
  double p = 1.58969099521155010221e-10;
  p = rv_fma_f64(p, z, -2.50507602534068634195e-08);
  p = rv_fma_f64(p, z, 2.75573137070700676789e-06);
  p = rv_fma_f64(p, z, -1.98412698298579493134e-04);
  p = rv_fma_f64(p, z, 8.33333333332248946124e-03);
  p = rv_fma_f64(p, z, -1.66666666666666324348e-01);
  double s = rv_fma_f64(x * z, p, x);
  double q = -1.13596475577881948265e-11;
  q = rv_fma_f64(q, z, 2.08757232129817482790e-09);
  q = rv_fma_f64(q, z, -2.75573143513906633035e-07);
  q = rv_fma_f64(q, z, 2.48015872894767294178e-05);
  q = rv_fma_f64(q, z, -1.38888888888741095749e-03);
  q = rv_fma_f64(q, z, 4.16666666666666019037e-02);
  double c = rv_fma_f64(z * z, q, rv_fma_f64(-0.5, z, 1.0));
  double along = quarter & 1 ? s : c, across = quarter & 1 ? c : s;
  *cosine = (quarter + 1) & 2 ? -along : along;
  *sine = quarter & 2 ? -across : across;
}

// Draws of both elements of a pair; bernoulli is the uniform, for the caller to compare.
RV_INLINE void rv_draw_pair(int distribution, const uint64_t bits[2], double out[2]) {
  switch (distribution) {
  case RV_NORMAL: {
    double radius = __builtin_elementwise_sqrt(-2 * rv_log_of_bits(rv_int_f64((double)((bits[0] >> 11) + 1) * 0x1p-53), 0));
    double cosine, sine;
    rv_turn((double)(bits[1] >> 11) * 0x1p-53, &cosine, &sine);
    out[0] = radius * cosine;
    out[1] = radius * sine;
    break;
  }
  case RV_RADEMACHER:
    for (int k = 0; k < 2; k++) out[k] = bits[k] >> 63 ? 1 : -1;
    break;
  case RV_EXPONENTIAL_DRAW:
    // 1 - u has no more digits than u.
    for (int k = 0; k < 2; k++) out[k] = -rv_log_of_bits(rv_int_f64(1 - (double)(bits[k] >> 11) * 0x1p-53), 0);
    break;
  default:
    for (int k = 0; k < 2; k++) out[k] = (double)(bits[k] >> 11) * 0x1p-53;
  }
}
