#pragma once
#include <math.h>
#include <stdint.h>
#include <string.h>

// Philox4x32-10 (Salmon et al. 2011) with the counter layout of `CounterRandom`, bit for bit.
#pragma STDC FP_CONTRACT OFF

typedef struct rv_random {
  uint32_t key0, key1, step, tensor;
} rv_random;

static inline rv_random rv_random_at(uint64_t seed, uint32_t step, uint32_t tensor, uint32_t site) {
  uint64_t z = seed + 0x9E3779B97F4A7C15ull * ((uint64_t)site + 1);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
  z ^= z >> 31;
  return (rv_random){(uint32_t)z, (uint32_t)(z >> 32), step, tensor};
}

static inline void rv_random_pair(rv_random r, uint64_t pair, uint64_t out[2]) {
  uint32_t x0 = (uint32_t)pair, x1 = (uint32_t)(pair >> 32), x2 = r.step, x3 = r.tensor;
  uint32_t k0 = r.key0, k1 = r.key1;
  for (int round = 0; round < 10; round++) {
    uint64_t p0 = (uint64_t)0xD2511F53u * x0;
    uint64_t p1 = (uint64_t)0xCD9E8D57u * x2;
    x0 = (uint32_t)(p1 >> 32) ^ x1 ^ k0;
    x1 = (uint32_t)p1;
    x2 = (uint32_t)(p0 >> 32) ^ x3 ^ k1;
    x3 = (uint32_t)p0;
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  out[0] = (uint64_t)x1 << 32 | x0;
  out[1] = (uint64_t)x3 << 32 | x2;
}

// The order of `Distribution`.
enum { RV_NORMAL, RV_UNIFORM, RV_RADEMACHER, RV_EXPONENTIAL_DRAW, RV_BERNOULLI };

// Draws of both elements of a pair; bernoulli is the uniform, for the caller to compare.
static inline void rv_draw_pair(int distribution, const uint64_t bits[2], double out[2]) {
  switch (distribution) {
  case RV_NORMAL: {
    double radius = __builtin_elementwise_sqrt(-2 * log((double)((bits[0] >> 11) + 1) * 0x1p-53));
    double angle = 2 * M_PI * ((double)(bits[1] >> 11) * 0x1p-53);
    out[0] = radius * cos(angle);
    out[1] = radius * sin(angle);
    break;
  }
  case RV_RADEMACHER:
    for (int k = 0; k < 2; k++) out[k] = bits[k] >> 63 ? 1 : -1;
    break;
  case RV_EXPONENTIAL_DRAW:
    for (int k = 0; k < 2; k++) out[k] = -log1p(-((double)(bits[k] >> 11) * 0x1p-53));
    break;
  default:
    for (int k = 0; k < 2; k++) out[k] = (double)(bits[k] >> 11) * 0x1p-53;
  }
}
