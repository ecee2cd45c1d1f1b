#pragma once
#include "Clones.h"
#include <math.h>
#include <stdint.h>
#include <string.h>

// How numbers are stored in fewer bits, the same in every engine: compiled passes begin with the
// text of this file.

// bfloat16: the upper half of a float, to nearest even; a NaN stays one and becomes quiet.
RV_INLINE float rv_from_bf16(uint16_t h) {
  uint32_t u = (uint32_t)h << 16;
  float x;
  memcpy(&x, &u, 4);
  return x;
}

RV_INLINE uint16_t rv_to_bf16(float x) {
  uint32_t u;
  memcpy(&u, &x, 4);
  uint32_t rounded = (u + 0x7FFFu + (u >> 16 & 1)) >> 16;
  uint32_t quiet = u >> 16 | 0x40u;
  return (uint16_t)((u & 0x7FFFFFFFu) > 0x7F800000u ? quiet : rounded);
}

// float16 without hardware: the exponent moves by a product with a power of two, which also makes
// subnormal numbers normal.
RV_INLINE float rv_from_f16(uint16_t h) {
  uint32_t u = (uint32_t)(h & 0x7FFFu) << 13, scale = 0x77800000u, sign = (uint32_t)(h & 0x8000u) << 16;
  float x, s;
  memcpy(&x, &u, 4);
  memcpy(&s, &scale, 4);
  x *= s;
  memcpy(&u, &x, 4);
  // What had the largest exponent is infinite or no number.
  u |= (h & 0x7C00u) == 0x7C00u ? 0x7F800000u : 0u;
  u |= sign;
  memcpy(&x, &u, 4);
  return x;
}

RV_INLINE uint16_t rv_to_f16(float x) {
  uint32_t u, small;
  memcpy(&u, &x, 4);
  uint32_t sign = u >> 16 & 0x8000u;
  u &= 0x7FFFFFFFu;
  // Below 2^-14 the last digit is worth 2^-24: that of 0.5 + x.
  float magnitude, shifted;
  memcpy(&magnitude, &u, 4);
  shifted = magnitude + 0.5f;
  memcpy(&small, &shifted, 4);
  small -= 0x3F000000u;
  uint32_t normal = (u - 0x38000000u + 0xFFFu + (u >> 13 & 1)) >> 13;
  uint32_t result = u < 0x38800000u ? small : normal;
  result = u >= 0x47800000u ? 0x7C00u : result;
  result = u > 0x7F800000u ? 0x7E00u : result;
  return (uint16_t)(result | sign);
}

// A double as the float between whose neighbours it lies, the last bit set where digits were lost:
// what is rounded to fewer digits after that is rounded once.
RV_INLINE float rv_odd_float(double x) {
  float f = (float)x;
  uint32_t u;
  memcpy(&u, &f, 4);
  if ((double)f != x && x == x) {
    u -= fabs((double)f) > fabs(x);
    u |= 1;
  }
  memcpy(&f, &u, 4);
  return f;
}

RV_INLINE float rv_from_f16_f32(uint16_t h) { return rv_from_f16(h); }
RV_INLINE uint16_t rv_to_f16_f32(float x) { return rv_to_f16(x); }
RV_INLINE double rv_from_f16_f64(uint16_t h) { return rv_from_f16(h); }
RV_INLINE uint16_t rv_to_f16_f64(double x) { return rv_to_f16(rv_odd_float(x)); }
RV_INLINE float rv_from_bf16_f32(uint16_t h) { return rv_from_bf16(h); }
RV_INLINE uint16_t rv_to_bf16_f32(float x) { return rv_to_bf16(x); }
RV_INLINE double rv_from_bf16_f64(uint16_t h) { return rv_from_bf16(h); }
RV_INLINE uint16_t rv_to_bf16_f64(double x) { return rv_to_bf16(rv_odd_float(x)); }

// Sixteen bits by chance: away from zero with the probability that makes the mean right. `bits` are
// 64 random ones.
static inline uint16_t rv_to_16_by_chance(int isHalf, double x, uint64_t bits) {
  int digits = isHalf ? 10 : 7, least = isHalf ? -14 : -126, exponent;
  double magnitude = fabs(x);
  if (x - x == 0 && x != 0) {
    frexp(magnitude, &exponent);
    exponent = exponent - 1 < least ? least : exponent - 1;
    double units = ldexp(magnitude, digits - exponent), whole = floor(units);
    if (units - whole >= 1 - (double)(bits >> 11) * 0x1p-53) whole += 1;
    x = copysign(ldexp(whole, exponent - digits), x);
  }
  float f = rv_odd_float(x);
  return isHalf ? rv_to_f16(f) : rv_to_bf16(f);
}
