#pragma once
#include "Clones.h"
#include <math.h>
#include <stdint.h>
#include <string.h>

// exp, log, tanh, powers and their kin without branches or errno, so that loops over them vectorize.
// Polynomials and reductions after Moshier's Cephes library (expf, logf, tanhf, exp, tanh) and fdlibm (log);
// 2 ulp or better over the whole range, NaN and infinities as in libm. In float what is rare goes by way of doubles.
// Without contraction the interpreter's clones and compiled passes give the same bits.
#pragma STDC FP_CONTRACT OFF

RV_INLINE float rv_bits_f32(int32_t i) { float x; memcpy(&x, &i, 4); return x; }
RV_INLINE int32_t rv_int_f32(float x) { int32_t i; memcpy(&i, &x, 4); return i; }
RV_INLINE double rv_bits_f64(int64_t i) { double x; memcpy(&x, &i, 8); return x; }
RV_INLINE int64_t rv_int_f64(double x) { int64_t i; memcpy(&i, &x, 8); return i; }

// a * b + c with one rounding, on processors without the instruction as well.
#define rv_fma_f64(a, b, c) __builtin_fma(a, b, c)

RV_INLINE float rv_exp_f32(float x) {
  float y = x > 89.0f ? 89.0f : x;
  y = y < -104.0f ? -104.0f : y;
  y = x != x ? 0.0f : y;
  const float shift = 12582912.0f;
  float k = (y * 1.44269504088896341f + shift) - shift;
  float r = y - k * 0.693359375f;
  r = r + k * 2.12194440e-4f;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * (r * r) + r + 1.0f;
  // 2^k in two factors: results below the normal range round once, those above overflow.
  int32_t i = (int32_t)k;
  int32_t h = i >> 1;
  float s = rv_bits_f32((h + 127) << 23);
  float t = rv_bits_f32((i - h + 127) << 23);
  float z = p * s * t;
  return x != x ? x : z;
}

RV_INLINE double rv_exp_f64(double x) {
  double y = x > 710.0 ? 710.0 : x;
  y = y < -746.0 ? -746.0 : y;
  y = x != x ? 0.0 : y;
  const double shift = 6755399441055744.0;
  double biased = y * 1.4426950408889634074 + shift;
  double k = biased - shift;
  double r = y - k * 6.93145751953125e-1;
  r = r - k * 1.42860682030941723212e-6;
  double rr = r * r;
  double p = 1.26177193074810590878e-4;
  p = p * rr + 3.02994407707441961300e-2;
  p = p * rr + 9.99999999999999999910e-1;
  p = p * r;
  double q = 3.00198505138664455042e-6;
  q = q * rr + 2.52448340349684104192e-3;
  q = q * rr + 2.27265548208155028766e-1;
  q = q * rr + 2.00000000000000000009;
  double e = p / (q - p);
  e = 1.0 + 2.0 * e;
  // The low bits of the shifted sum are k as an integer: no conversion that AVX2 lacks.
  int64_t i = rv_int_f64(biased) - rv_int_f64(shift);
  int64_t h = (int64_t)((int32_t)i >> 1);
  double s = rv_bits_f64((h + 1023) << 52);
  double t = rv_bits_f64((i - h + 1023) << 52);
  double z = e * s * t;
  return x != x ? x : z;
}

RV_INLINE float rv_log_f32(float x) {
  float scaled = x < 1.17549435e-38f ? x * 8388608.0f : x;
  float bias = x < 1.17549435e-38f ? 23.0f : 0.0f;
  int32_t i = rv_int_f32(scaled);
  int32_t e = ((i >> 23) & 0xff) - 126;
  float m = rv_bits_f32((i & 0x007fffff) | 0x3f000000);
  float k = (float)e - bias;
  int small = m < 0.707106781186547524f;
  k = small ? k - 1.0f : k;
  float f = small ? m + m - 1.0f : m - 1.0f;
  float z = f * f;
  float p = 7.0376836292e-2f;
  p = p * f - 1.1514610310e-1f;
  p = p * f + 1.1676998740e-1f;
  p = p * f - 1.2420140846e-1f;
  p = p * f + 1.4249322787e-1f;
  p = p * f - 1.6668057665e-1f;
  p = p * f + 2.0000714765e-1f;
  p = p * f - 2.4999993993e-1f;
  p = p * f + 3.3333331174e-1f;
  float y = f * z * p;
  y = y + -2.12194440e-4f * k;
  y = y - 0.5f * z;
  float r = f + y;
  r = r + 0.693359375f * k;
  r = x == 0.0f ? -INFINITY : r;
  r = x < 0.0f ? NAN : r;
  r = x == INFINITY ? INFINITY : r;
  return x != x ? x : r;
}

// log of a positive normal number by its bits, after fdlibm: its fraction between √½ and √2, and a series in (x - 1) / (x + 1).
RV_INLINE double rv_log_of_bits(int64_t i, double bias) {
  const int64_t root = 0x3fe6a09e667f3bcdLL;
  i += 0x3ff0000000000000LL - root;
  double f = rv_bits_f64((i & 0x000fffffffffffffLL) + root) - 1.0;
  // The exponent as a double by way of its bits, for the same reason as in exp.
  double k = rv_bits_f64((int64_t)((uint64_t)i >> 52) | 0x4330000000000000LL) - (4503599627370496.0 + 1023.0) - bias;
  double s = f / (2.0 + f);
  double z = s * s;
  double p = 1.479819860511658591e-01;
  p = rv_fma_f64(p, z, 1.531383769920937332e-01);
  p = rv_fma_f64(p, z, 1.818357216161805012e-01);
  p = rv_fma_f64(p, z, 2.222219843214978396e-01);
  p = rv_fma_f64(p, z, 2.857142874366239149e-01);
  p = rv_fma_f64(p, z, 3.999999999940941908e-01);
  p = rv_fma_f64(p, z, 6.666666666666735130e-01);
  double h = 0.5 * f * f;
  double y = rv_fma_f64(s, rv_fma_f64(p, z, h), k * 1.90821492927058770002e-10);
  return rv_fma_f64(k, 6.93147180369123816490e-01, f - (h - y));
}

RV_INLINE double rv_log_f64(double x) {
  double scaled = x < 2.2250738585072014e-308 ? x * 4503599627370496.0 : x;
  double bias = x < 2.2250738585072014e-308 ? 52.0 : 0.0;
  double r = rv_log_of_bits(rv_int_f64(scaled), bias);
  r = x == 0.0 ? -INFINITY : r;
  r = x < 0.0 ? NAN : r;
  r = x == INFINITY ? INFINITY : r;
  return x != x ? x : r;
}

// What e^x is made of: x = k · log(2) + r, `part` e^r - 1, `scale` 2^k; for |x| up to 600, to 38 bits.
RV_INLINE void rv_exp_parts(double x, double *part, double *scale) {
  const double shift = 6755399441055744.0;
  double biased = rv_fma_f64(x, 1.4426950408889634074, shift);
  double r = rv_fma_f64(biased - shift, -6.93147180559945309417e-1, x);
  double p = 1.0 / 362880;
  p = rv_fma_f64(p, r, 1.0 / 40320);
  p = rv_fma_f64(p, r, 1.0 / 5040);
  p = rv_fma_f64(p, r, 1.0 / 720);
  p = rv_fma_f64(p, r, 1.0 / 120);
  p = rv_fma_f64(p, r, 1.0 / 24);
  p = rv_fma_f64(p, r, 1.0 / 6);
  p = rv_fma_f64(p, r, 0.5);
  *part = rv_fma_f64(r * r, p, r);
  int64_t k = rv_int_f64(biased) - rv_int_f64(shift);
  *scale = rv_bits_f64((k + 1023) << 52);
}

// Far enough for the result to be 0 or infinite as a float.
RV_INLINE double rv_within_float(double x) {
  x = x > 200.0 ? 200.0 : x;
  return x < -200.0 ? -200.0 : x;
}

// One of two numbers by their bits: GCC makes no vectors of a choice by a condition that holds for the whole loop.
RV_INLINE float rv_either_f32(int32_t isFirst, float a, float b) {
  int32_t mask = -isFirst;
  return rv_bits_f32((rv_int_f32(a) & mask) | (rv_int_f32(b) & ~mask));
}

// |x|^y by 2^(y · log2|x|), with the sign of x where y is odd; no number where x is negative and y not whole.
RV_INLINE float rv_pow_f32(float x, float y) {
  double a = (double)__builtin_fabsf(x);
  double l = rv_log_of_bits(rv_int_f64(a), 0);
  l = a == 0.0 ? -INFINITY : l;
  l = a < INFINITY ? l : a;
  double e = (double)y * l;
  // 1 to any power, and anything to the power 0.
  e = x == 1.0f ? 0.0 : e;
  e = y == 0.0f ? 0.0 : e;
  e = ((a == 1.0) & (y == y)) ? 0.0 : e;
  double part, scale;
  rv_exp_parts(rv_within_float(e), &part, &scale);
  float z = (float)rv_fma_f64(part, scale, scale);
  // From 2^23 on every float is whole, from 2^24 on every one is even.
  const float shift = 8388608.0f;
  float size = __builtin_fabsf(y), half = 0.5f * size;
  int whole = (size >= shift) | ((size + shift) - shift == size);
  int even = (half >= shift) | ((half + shift) - shift == half);
  z = rv_either_f32(whole & !even, __builtin_copysignf(z, x), z);
  return rv_either_f32((x < 0.0f) & (__builtin_fabsf(x) < INFINITY) & !whole, NAN, z);
}

// Whole exponents up to 4 are products, so that x^2 is x * x in every engine.
RV_INLINE float rv_power_f32(float x, double y) {
  float k = (float)y, square = x * x;
  float z = rv_pow_f32(x, k);
  z = rv_either_f32(k == 2.0f, square, z);
  z = rv_either_f32(k == 1.0f, x, z);
  z = rv_either_f32(k == 3.0f, square * x, z);
  z = rv_either_f32(k == 4.0f, square * square, z);
  z = rv_either_f32(k == -1.0f, 1.0f / x, z);
  z = rv_either_f32(k == 0.5f, __builtin_elementwise_sqrt(x), z);
  return rv_either_f32(k == 0.0f, 1.0f, z);
}

RV_INLINE double rv_power_f64(double x, double y) {
  if (y == 2) return x * x;
  if (y == 0) return 1;
  if (y == 1) return x;
  if (y == 3) return x * x * x;
  if (y == 4) return (x * x) * (x * x);
  if (y == -1) return 1 / x;
  if (y == 0.5) return __builtin_elementwise_sqrt(x);
  return pow(x, y);
}

RV_INLINE float rv_exp2_f32(float x) {
  double part, scale;
  rv_exp_parts(rv_within_float((double)x * 6.93147180559945309417e-1), &part, &scale);
  return (float)rv_fma_f64(part, scale, scale);
}

RV_INLINE float rv_expm1_f32(float x) {
  double part, scale;
  rv_exp_parts(rv_within_float((double)x), &part, &scale);
  float z = (float)rv_fma_f64(part, scale, scale - 1.0);
  return x == 0.0f ? x : z;
}

RV_INLINE float rv_log2_f32(float x) { return (float)(rv_log_f64((double)x) * 1.4426950408889634074); }
RV_INLINE float rv_log10_f32(float x) { return (float)(rv_log_f64((double)x) * 4.3429448190325182765e-1); }

// 1 + x is exact in double where x is not small.
RV_INLINE float rv_log1p_f32(float x) {
  double d = (double)x;
  double near = d - 0.5 * d * d;
  double far = rv_log_f64(1.0 + d);
  return (float)(((d < 0x1p-28) & (d > -0x1p-28)) ? near : far);
}

// Two of Halley's steps in double from a guess by a third of the exponent (after Kahan, as in FreeBSD's
// cbrtf): 47 bits before the one rounding.
RV_INLINE float rv_cbrt_f32(float x) {
  double y = (double)__builtin_fabsf(x);
  int64_t third = (int64_t)((((uint64_t)rv_int_f64(y) >> 32) * 1431655766u) >> 32);
  double t = rv_bits_f64((third + 715094163) << 32);
  double r = t * t * t;
  t = t * (y + y + r) / (y + r + r);
  r = t * t * t;
  t = t * (y + y + r) / (y + r + r);
  float z = __builtin_copysignf((float)t, x);
  return x == 0.0f || x - x != 0.0f ? x : z;
}

RV_INLINE float rv_tanh_f32(float x) {
  float a = __builtin_fabsf(x);
  float s = x * x;
  float p = -5.70498872745e-3f;
  p = p * s + 2.06390887954e-2f;
  p = p * s - 5.37397155531e-2f;
  p = p * s + 1.33314422036e-1f;
  p = p * s - 3.33332819422e-1f;
  float near = p * s * a + a;
  float clamped = a > 44.0f ? 44.0f : a;
  float far = 1.0f - 2.0f / (rv_exp_f32(clamped + clamped) + 1.0f);
  return __builtin_copysignf(a < 0.625f ? near : far, x);
}

RV_INLINE double rv_tanh_f64(double x) {
  double a = __builtin_fabs(x);
  double s = x * x;
  double p = -9.64399179425052238628e-1;
  p = p * s - 9.92877231001918586564e1;
  p = p * s - 1.61468768441708447952e3;
  double q = s + 1.12811678491632931402e2;
  q = q * s + 2.23548839060100448583e3;
  q = q * s + 4.84406305325125486048e3;
  double near = a + a * s * (p / q);
  double clamped = a > 350.0 ? 350.0 : a;
  double far = 1.0 - 2.0 / (rv_exp_f64(clamped + clamped) + 1.0);
  return __builtin_copysign(a < 0.625 ? near : far, x);
}
#pragma STDC FP_CONTRACT DEFAULT
