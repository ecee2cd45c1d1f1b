#pragma once
#include "Clones.h"
#include <math.h>
#include <stdint.h>
#include <string.h>

// exp, log and tanh without branches or errno, so that loops over them vectorize.
// Polynomials and reductions after Moshier's Cephes library (expf, logf, tanhf, exp, log, tanh);
// 2 ulp or better over the whole range, NaN and infinities as in libm.
// Without contraction the interpreter's clones and compiled passes give the same bits.
#pragma STDC FP_CONTRACT OFF

RV_INLINE float rv_bits_f32(int32_t i) { float x; memcpy(&x, &i, 4); return x; }
RV_INLINE int32_t rv_int_f32(float x) { int32_t i; memcpy(&i, &x, 4); return i; }
RV_INLINE double rv_bits_f64(int64_t i) { double x; memcpy(&x, &i, 8); return x; }
RV_INLINE int64_t rv_int_f64(double x) { int64_t i; memcpy(&i, &x, 8); return i; }

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

// log(m) + k * log(2) for m in [1/2, 1).
RV_INLINE double rv_log_of_parts(double m, double k) {
  int small = m < 0.70710678118654752440;
  k = small ? k - 1.0 : k;
  double f = small ? m + m - 1.0 : m - 1.0;
  double z = f * f;
  double p = 1.01875663804580931796e-4;
  p = p * f + 4.97494994976747001425e-1;
  p = p * f + 4.70579119878881725854;
  p = p * f + 1.44989225341610930846e1;
  p = p * f + 1.79368678507819816313e1;
  p = p * f + 7.70838733755885391666;
  double q = f + 1.12873587189167450590e1;
  q = q * f + 4.52279145837532221105e1;
  q = q * f + 8.29875266912776603211e1;
  q = q * f + 7.11544750618563894466e1;
  q = q * f + 2.31251620126765340583e1;
  double y = f * (z * p / q);
  y = y - k * 2.121944400546905827679e-4;
  y = y - 0.5 * z;
  return f + y + k * 0.693359375;
}

RV_INLINE double rv_log_f64(double x) {
  double scaled = x < 2.2250738585072014e-308 ? x * 4503599627370496.0 : x;
  double bias = x < 2.2250738585072014e-308 ? 52.0 : 0.0;
  int64_t i = rv_int_f64(scaled);
  int64_t e = (i >> 52) & 0x7ff;
  double m = rv_bits_f64((i & 0x000fffffffffffffLL) | 0x3fe0000000000000LL);
  // The exponent as a double by way of its bits, for the same reason as in exp.
  double k = rv_bits_f64(e | 0x4330000000000000LL) - 4503599627370496.0 - 1022.0 - bias;
  double r = rv_log_of_parts(m, k);
  r = x == 0.0 ? -INFINITY : r;
  r = x < 0.0 ? NAN : r;
  r = x == INFINITY ? INFINITY : r;
  return x != x ? x : r;
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
