#pragma once
#include "Clones.h"
#include <stdint.h>
#include <string.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

// The dynamic maps of eight bits (Dettmers et al. 2021, arXiv:2110.02861) as lines, and their codecs
// for eight or sixteen numbers at a time. Decade i of 0..6 holds the middles of n equal parts of [0.1, 1], times
// 10^(i - 6), n = 2^i of either sign or 2^(i + 1); then 0 and 1. In a decade both directions are a
// line: rises and bases from k to numbers, rates and starts from numbers to k.
//
// Decoding: k is the code's distance from that of 0, plus 1/2 of either sign or plus 1, so that the
// exponent of k is the decade; its lowest three bits pick the line. 0 and 1 share one. These lines
// are the nearest ones to the floats of bitsandbytes, whose borders between parts were rounded
// before their middles: at most 4 units of the last digit apart.
#define RV_S8_RISES \
  4.49999879e-06f, 2.24999967e-05f, 0.000112500013f, 0.000562499976f, 0.00281250011f, \
  0.0140624987f, 0.0078125f, 3.6666668e-07f
#define RV_S8_BASES \
  -7.99999634e-06f, -7.99999834e-05f, -0.000800000096f, -0.00799999945f, -0.0800000057f, \
  -0.799999893f, -0.00390625f, 0.0f
#define RV_U8_RISES \
  4.49999931e-07f, 2.25000008e-06f, 1.12499993e-05f, 5.62500027e-05f, 0.000281249988f, \
  0.00140625006f, 0.00703124981f, 0.00392156886f
#define RV_U8_BASES \
  -5.74999831e-07f, -6.87500051e-06f, -7.43749915e-05f, -0.000771875028f, -0.0078593744f, \
  -0.0792968795f, -0.796484351f, -0.00392156886f

// Encoding: y in [0, 1] lies between the borders of a decade, the middles between its outer codes
// and those of its neighbours, and k is the whole part of y * rate + start, below twice the first k
// of the decade. The lowest decade of either sign is 1 throughout; the other's begins at 1, which is
// 0, ends with 3, and its line goes through the borders of 2 and 3.
#define RV_BORDER(i, power, shift) (power * (0.1 + 0.18 / (1 << (i + shift))))
#define RV_TOP_BORDER(shift) (1 - 0.225 / (64 << shift))
#define RV_RATE(i, power, shift) ((1 << (i + shift)) / (0.9 * power))
#define RV_START(i, shift) ((1 << (i + shift)) * (8 / 9.0))
#define RV_S8_LOWEST_RATE 0.0
#define RV_S8_LOWEST_START 1.0
#define RV_U8_LOWEST_RATE (1 / 3.875e-7)
#define RV_U8_LOWEST_START (3 - 0.55e-6 * RV_U8_LOWEST_RATE)
// What a line ends below, as a part of its start, which is 8/9 of the first k.
#define RV_LINE_END 2.2499

// A scale whose reciprocal might not be a normal number is brought nearer to 1 first, with what it
// divides.
RV_INLINE float rv_nearer_one(float scale) {
  return scale < 0x1p-100f ? 0x1p60f : scale > 0x1p100f ? 0x1p-60f : 1;
}

// Each of these does as many numbers as it can, from the first on, and says how many.
#if defined(__x86_64__)
#if defined(__AVX2__)
#define RV_BY_8
#define RV_HAS_8 1
#else
#define RV_BY_8 __attribute__((target("avx2")))
#define RV_HAS_8 __builtin_cpu_supports("avx2")
#endif
// Numbers between two loops of a codec. A loop of short chains keeps more of them under way.
enum { RV_ROOM = 256 };

#define RV_FLOATS(...) _mm256_setr_ps(__VA_ARGS__)

RV_BY_8 static int64_t rv_decode_s8_by_8(
    float *d, const uint8_t *codes, float scale, int64_t n) {
  const __m256 rises = RV_FLOATS(RV_S8_RISES), bases = RV_FLOATS(RV_S8_BASES);
  const __m256 up = _mm256_set1_ps(scale), down = _mm256_set1_ps(-scale);
  int64_t i = 0;
  for (; i + 8 <= n; i += 8) {
    __m256i q = _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)(codes + i)));
    __m256i j = _mm256_sub_epi32(q, _mm256_set1_epi32(127));
    __m256 k = _mm256_add_ps(_mm256_cvtepi32_ps(_mm256_abs_epi32(j)), _mm256_set1_ps(0.5f));
    __m256i line = _mm256_srli_epi32(_mm256_castps_si256(k), 23);
    __m256 x = _mm256_mul_ps(_mm256_permutevar8x32_ps(rises, line), k);
    x = _mm256_add_ps(x, _mm256_permutevar8x32_ps(bases, line));
    x = _mm256_mul_ps(x, _mm256_blendv_ps(up, down, _mm256_castsi256_ps(j)));
    _mm256_storeu_ps(d + i, x);
  }
  return i;
}

RV_BY_8 static int64_t rv_decode_u8_by_8(
    float *d, const uint8_t *codes, float scale, int64_t n) {
  const __m256 rises = RV_FLOATS(RV_U8_RISES), bases = RV_FLOATS(RV_U8_BASES);
  const __m256 up = _mm256_set1_ps(scale);
  int64_t i = 0;
  for (; i + 8 <= n; i += 8) {
    __m256i q = _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)(codes + i)));
    __m256 k = _mm256_cvtepi32_ps(_mm256_add_epi32(q, _mm256_set1_epi32(1)));
    __m256i line = _mm256_srli_epi32(_mm256_castps_si256(k), 23);
    __m256 x = _mm256_mul_ps(_mm256_permutevar8x32_ps(rises, line), k);
    x = _mm256_add_ps(x, _mm256_permutevar8x32_ps(bases, line));
    _mm256_storeu_ps(d + i, _mm256_mul_ps(x, up));
  }
  return i;
}

// The largest size as bits; four at once, since each waits for the one before it.
RV_BY_8 static int64_t rv_largest_by_32(uint32_t *largest, const float *x, int64_t n) {
  const __m256i size = _mm256_set1_epi32(0x7FFFFFFF);
  __m256i a = _mm256_setzero_si256(), b = a, c = a, d = a;
  int64_t i = 0;
  for (; i + 32 <= n; i += 32) {
    const __m256i *p = (const __m256i *)(x + i);
    a = _mm256_max_epu32(a, _mm256_and_si256(size, _mm256_loadu_si256(p)));
    b = _mm256_max_epu32(b, _mm256_and_si256(size, _mm256_loadu_si256(p + 1)));
    c = _mm256_max_epu32(c, _mm256_and_si256(size, _mm256_loadu_si256(p + 2)));
    d = _mm256_max_epu32(d, _mm256_and_si256(size, _mm256_loadu_si256(p + 3)));
  }
  a = _mm256_max_epu32(_mm256_max_epu32(a, b), _mm256_max_epu32(c, d));
  __m128i four = _mm_max_epu32(_mm256_castsi256_si128(a), _mm256_extracti128_si256(a, 1));
  four = _mm_max_epu32(four, _mm_shuffle_epi32(four, 0x4E));
  four = _mm_max_epu32(four, _mm_shuffle_epi32(four, 0xB1));
  *largest = (uint32_t)_mm_cvtsi128_si32(four);
  return i;
}

// The line of y: a guess from its exponent and first digits, never more than one too low, and the
// border above the guess. `slope` of 65536 and the order of the borders go together.
RV_BY_8 RV_INLINE __m256i rv_line_of(__m256 y, __m256 borders, int slope) {
  __m256i first = _mm256_srli_epi32(_mm256_castps_si256(y), 16);
  __m256i guess = _mm256_mulhi_epu16(first, _mm256_set1_epi32(slope));
  __m256 border = _mm256_permutevar8x32_ps(borders, guess);
  return _mm256_sub_epi32(guess, _mm256_castps_si256(_mm256_cmp_ps(y, border, _CMP_GE_OQ)));
}

RV_BY_8 RV_INLINE __m256i rv_code_on(__m256 y, __m256i line, __m256 rates, __m256 starts) {
  __m256 start = _mm256_permutevar8x32_ps(starts, line);
  __m256 k = _mm256_mul_ps(y, _mm256_permutevar8x32_ps(rates, line));
  k = _mm256_add_ps(k, start);
  return _mm256_cvttps_epi32(
      _mm256_min_ps(k, _mm256_mul_ps(start, _mm256_set1_ps((float)RV_LINE_END))));
}

// 32 codes with `offset` added, as bytes: what is below 0 becomes 0.
RV_BY_8 RV_INLINE void rv_put_32(uint8_t *codes, const int32_t *k, __m256i offset) {
  const __m256i *four = (const __m256i *)k;
  __m256i low = _mm256_packs_epi32(_mm256_load_si256(four), _mm256_load_si256(four + 1));
  __m256i high = _mm256_packs_epi32(_mm256_load_si256(four + 2), _mm256_load_si256(four + 3));
  __m256i bytes = _mm256_packus_epi16(
      _mm256_add_epi16(low, offset), _mm256_add_epi16(high, offset));
  bytes = _mm256_permutevar8x32_epi32(bytes, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
  _mm256_storeu_si256((__m256i *)codes, bytes);
}

#define RV_MIDDLE_RATES(shift) \
  (float)RV_RATE(1, 1e-5, shift), (float)RV_RATE(2, 1e-4, shift), (float)RV_RATE(3, 1e-3, shift), \
  (float)RV_RATE(4, 1e-2, shift), (float)RV_RATE(5, 1e-1, shift), (float)RV_RATE(6, 1.0, shift)
#define RV_MIDDLE_STARTS(shift) \
  (float)RV_START(1, shift), (float)RV_START(2, shift), (float)RV_START(3, shift), \
  (float)RV_START(4, shift), (float)RV_START(5, shift), (float)RV_START(6, shift)
#define RV_BORDERS(shift) \
  (float)RV_BORDER(1, 1e-5, shift), (float)RV_BORDER(2, 1e-4, shift), \
  (float)RV_BORDER(3, 1e-3, shift), (float)RV_BORDER(4, 1e-2, shift), \
  (float)RV_BORDER(5, 1e-1, shift), (float)RV_BORDER(6, 1.0, shift), (float)RV_TOP_BORDER(shift)

// What encodes a map: its lines, the size below which all is on the lowest, and what is added to k.
typedef struct rv_lines {
  __m256 borders, rates, starts;
  int slope, isSigned, offset;
  float least;
} rv_lines;

RV_BY_8 RV_INLINE int64_t rv_encode_by_32(
    uint8_t *codes, const float *x, float scale, int64_t n, const rv_lines lines) {
  if (rv_nearer_one(scale) != 1) return 0;
  const __m256 inverse = _mm256_set1_ps(1 / scale), least = _mm256_set1_ps(lines.least);
  const __m256 size = _mm256_castsi256_ps(_mm256_set1_epi32(0x7FFFFFFF));
  _Alignas(32) float shares[RV_ROOM];
  _Alignas(32) int32_t k[RV_ROOM];
  n = n / 32 * 32;
  for (int64_t done = 0; done < n; done += RV_ROOM, x += RV_ROOM, codes += RV_ROOM) {
    int count = n - done < RV_ROOM ? (int)(n - done) : RV_ROOM;
    for (int i = 0; i < count; i += 8) {
      __m256 y = _mm256_loadu_ps(x + i);
      if (lines.isSigned) y = _mm256_and_ps(y, size);
      y = _mm256_max_ps(_mm256_mul_ps(y, inverse), least);
      _mm256_store_ps(shares + i, y);
      _mm256_store_si256((__m256i *)(k + i), rv_line_of(y, lines.borders, lines.slope));
    }
    for (int i = 0; i < count; i += 8) {
      __m256i line = _mm256_load_si256((const __m256i *)(k + i));
      __m256i code = rv_code_on(_mm256_load_ps(shares + i), line, lines.rates, lines.starts);
      if (lines.isSigned) {
        // -0 has no sign.
        __m256 z = _mm256_add_ps(_mm256_loadu_ps(x + i), _mm256_setzero_ps());
        code = _mm256_sign_epi32(code, _mm256_castps_si256(z));
      } else {
        // What is positive keeps at least the smallest step, whose k is 2.
        __m256 isPositive =
            _mm256_cmp_ps(_mm256_loadu_ps(x + i), _mm256_setzero_ps(), _CMP_GT_OQ);
        code = _mm256_max_epi32(
            code, _mm256_sub_epi32(_mm256_set1_epi32(1), _mm256_castps_si256(isPositive)));
      }
      _mm256_store_si256((__m256i *)(k + i), code);
    }
    for (int i = 0; i < count; i += 32) {
      rv_put_32(codes + i, k + i, _mm256_set1_epi16((short)lines.offset));
    }
  }
  return n;
}

RV_BY_8 static int64_t rv_encode_s8_by_32(
    uint8_t *codes, const float *x, float scale, int64_t n) {
  const rv_lines lines = {
      .borders = RV_FLOATS(RV_BORDERS(0), 2),
      .rates = RV_FLOATS((float)RV_S8_LOWEST_RATE, RV_MIDDLE_RATES(0), 0),
      .starts = RV_FLOATS((float)RV_S8_LOWEST_START, RV_MIDDLE_STARTS(0), 128),
      .slope = 155, .isSigned = 1, .offset = 127, .least = 4.2e-7f};
  return rv_encode_by_32(codes, x, scale, n, lines);
}

// The guess of the lowest line is 4 of 8.
#define RV_FLOATS_FROM_4(...) rv_from_4(RV_FLOATS(__VA_ARGS__))
RV_BY_8 RV_INLINE __m256 rv_from_4(__m256 x) { return _mm256_permute2f128_ps(x, x, 1); }

RV_BY_8 static int64_t rv_encode_u8_by_32(
    uint8_t *codes, const float *x, float scale, int64_t n) {
  const rv_lines lines = {
      .borders = RV_FLOATS_FROM_4(RV_BORDERS(1), 2),
      .rates = RV_FLOATS_FROM_4((float)RV_U8_LOWEST_RATE, RV_MIDDLE_RATES(1), 0),
      .starts = RV_FLOATS_FROM_4((float)RV_U8_LOWEST_START, RV_MIDDLE_STARTS(1), 256),
      .slope = 138, .isSigned = 0, .offset = -1, .least = 1.2e-7f};
  return rv_encode_by_32(codes, x, scale, n, lines);
}

// The same sixteen at a time, from one loop: a vector of them has room for all the tables, twice.
#if defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512DQ__) && defined(__AVX512VL__)
#define RV_BY_16
#define RV_HAS_16 1
#else
#define RV_BY_16 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl")))
#define RV_HAS_16 __builtin_cpu_supports("avx512bw")
#endif
#define RV_TWICE(...) _mm512_setr_ps(__VA_ARGS__, __VA_ARGS__)

RV_BY_16 static int64_t rv_decode_s8_by_16(
    float *d, const uint8_t *codes, float scale, int64_t n) {
  const __m512 rises = RV_TWICE(RV_S8_RISES), bases = RV_TWICE(RV_S8_BASES);
  const __m512 up = _mm512_set1_ps(scale), down = _mm512_set1_ps(-scale);
  int64_t i = 0;
  for (; i + 16 <= n; i += 16) {
    __m512i q = _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)(codes + i)));
    __m512i j = _mm512_sub_epi32(q, _mm512_set1_epi32(127));
    __m512 k = _mm512_add_ps(_mm512_cvtepi32_ps(_mm512_abs_epi32(j)), _mm512_set1_ps(0.5f));
    __m512i line = _mm512_srli_epi32(_mm512_castps_si512(k), 23);
    __m512 x = _mm512_mul_ps(_mm512_permutexvar_ps(line, rises), k);
    x = _mm512_add_ps(x, _mm512_permutexvar_ps(line, bases));
    x = _mm512_mul_ps(x, _mm512_mask_blend_ps(_mm512_movepi32_mask(j), up, down));
    _mm512_storeu_ps(d + i, x);
  }
  return i;
}

RV_BY_16 static int64_t rv_decode_u8_by_16(
    float *d, const uint8_t *codes, float scale, int64_t n) {
  const __m512 rises = RV_TWICE(RV_U8_RISES), bases = RV_TWICE(RV_U8_BASES);
  const __m512 up = _mm512_set1_ps(scale);
  int64_t i = 0;
  for (; i + 16 <= n; i += 16) {
    __m512i q = _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)(codes + i)));
    __m512 k = _mm512_cvtepi32_ps(_mm512_add_epi32(q, _mm512_set1_epi32(1)));
    __m512i line = _mm512_srli_epi32(_mm512_castps_si512(k), 23);
    __m512 x = _mm512_mul_ps(_mm512_permutexvar_ps(line, rises), k);
    x = _mm512_add_ps(x, _mm512_permutexvar_ps(line, bases));
    _mm512_storeu_ps(d + i, _mm512_mul_ps(x, up));
  }
  return i;
}

RV_BY_16 static int64_t rv_largest_by_64(uint32_t *largest, const float *x, int64_t n) {
  const __m512i size = _mm512_set1_epi32(0x7FFFFFFF);
  __m512i a = _mm512_setzero_si512(), b = a, c = a, d = a;
  int64_t i = 0;
  for (; i + 64 <= n; i += 64) {
    const float *p = x + i;
    a = _mm512_max_epu32(a, _mm512_and_si512(size, _mm512_loadu_si512(p)));
    b = _mm512_max_epu32(b, _mm512_and_si512(size, _mm512_loadu_si512(p + 16)));
    c = _mm512_max_epu32(c, _mm512_and_si512(size, _mm512_loadu_si512(p + 32)));
    d = _mm512_max_epu32(d, _mm512_and_si512(size, _mm512_loadu_si512(p + 48)));
  }
  *largest = _mm512_reduce_max_epu32(_mm512_max_epu32(_mm512_max_epu32(a, b), _mm512_max_epu32(c, d)));
  return i;
}

RV_BY_16 RV_INLINE int64_t rv_encode_by_16(
    uint8_t *codes, const float *x, float scale, int64_t n, const __m512 borders,
    const __m512 rates, const __m512 starts, int slope, int isSigned, int offset, float least) {
  if (rv_nearer_one(scale) != 1) return 0;
  const __m512 inverse = _mm512_set1_ps(1 / scale), smallest = _mm512_set1_ps(least);
  const __m512 end = _mm512_set1_ps((float)RV_LINE_END), zero = _mm512_setzero_ps();
  int64_t i = 0;
  for (; i + 16 <= n; i += 16) {
    const __m512 z = _mm512_loadu_ps(x + i);
    __m512 y = isSigned ? _mm512_abs_ps(z) : z;
    y = _mm512_max_ps(_mm512_mul_ps(y, inverse), smallest);
    __m512i line = _mm512_mulhi_epu16(
        _mm512_srli_epi32(_mm512_castps_si512(y), 16), _mm512_set1_epi32(slope));
    __mmask16 isAbove = _mm512_cmp_ps_mask(y, _mm512_permutexvar_ps(line, borders), _CMP_GE_OQ);
    line = _mm512_mask_add_epi32(line, isAbove, line, _mm512_set1_epi32(1));
    __m512 start = _mm512_permutexvar_ps(line, starts);
    __m512 k = _mm512_mul_ps(y, _mm512_permutexvar_ps(line, rates));
    k = _mm512_min_ps(_mm512_add_ps(k, start), _mm512_mul_ps(start, end));
    __m512i code;
    if (isSigned) {
      // What is 0 has no sign.
      __mmask16 isAny = _mm512_cmp_ps_mask(z, zero, _CMP_NEQ_UQ);
      __mmask16 isBelow = _mm512_movepi32_mask(_mm512_castps_si512(z));
      __m512i distance = _mm512_maskz_cvttps_epi32(isAny, k), middle = _mm512_set1_epi32(offset);
      code = _mm512_add_epi32(middle, distance);
      code = _mm512_mask_sub_epi32(code, isBelow, middle, distance);
      // The map ends before -1.
      code = _mm512_max_epi32(code, _mm512_setzero_si512());
    } else {
      // What is positive keeps at least the smallest step, whose k is 2.
      __mmask16 isPositive = _mm512_cmp_ps_mask(z, zero, _CMP_GT_OQ);
      __m512i lowest = _mm512_mask_mov_epi32(_mm512_set1_epi32(1), isPositive, _mm512_set1_epi32(2));
      code = _mm512_add_epi32(
          _mm512_max_epi32(_mm512_cvttps_epi32(k), lowest), _mm512_set1_epi32(offset));
    }
    _mm_storeu_si128((__m128i *)(codes + i), _mm512_cvtusepi32_epi8(code));
  }
  return i;
}

RV_BY_16 static int64_t rv_encode_s8_by_16(
    uint8_t *codes, const float *x, float scale, int64_t n) {
  return rv_encode_by_16(
      codes, x, scale, n, RV_TWICE(RV_BORDERS(0), 2),
      RV_TWICE((float)RV_S8_LOWEST_RATE, RV_MIDDLE_RATES(0), 0),
      RV_TWICE((float)RV_S8_LOWEST_START, RV_MIDDLE_STARTS(0), 128), 155, 1, 127, 4.2e-7f);
}

RV_BY_16 static int64_t rv_encode_u8_by_16(
    uint8_t *codes, const float *x, float scale, int64_t n) {
  // The guess of the lowest line is 4 of 8.
  const __m512i halves = _mm512_setr_epi32(4, 5, 6, 7, 0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3);
  return rv_encode_by_16(
      codes, x, scale, n, _mm512_permutexvar_ps(halves, RV_TWICE(RV_BORDERS(1), 2)),
      _mm512_permutexvar_ps(halves, RV_TWICE((float)RV_U8_LOWEST_RATE, RV_MIDDLE_RATES(1), 0)),
      _mm512_permutexvar_ps(halves, RV_TWICE((float)RV_U8_LOWEST_START, RV_MIDDLE_STARTS(1), 256)),
      138, 0, -1, 1.2e-7f);
}

static int64_t rv_decode_s8_many(float *d, const uint8_t *codes, float scale, int64_t n) {
  if (RV_HAS_16) return rv_decode_s8_by_16(d, codes, scale, n);
  return RV_HAS_8 ? rv_decode_s8_by_8(d, codes, scale, n) : 0;
}
static int64_t rv_decode_u8_many(float *d, const uint8_t *codes, float scale, int64_t n) {
  if (RV_HAS_16) return rv_decode_u8_by_16(d, codes, scale, n);
  return RV_HAS_8 ? rv_decode_u8_by_8(d, codes, scale, n) : 0;
}
static int64_t rv_largest_many(uint32_t *largest, const float *x, int64_t n) {
  if (RV_HAS_16) return rv_largest_by_64(largest, x, n);
  return RV_HAS_8 ? rv_largest_by_32(largest, x, n) : 0;
}
static int64_t rv_encode_s8_many(uint8_t *codes, const float *x, float scale, int64_t n) {
  if (RV_HAS_16) return rv_encode_s8_by_16(codes, x, scale, n);
  return RV_HAS_8 ? rv_encode_s8_by_32(codes, x, scale, n) : 0;
}
static int64_t rv_encode_u8_many(uint8_t *codes, const float *x, float scale, int64_t n) {
  if (RV_HAS_16) return rv_encode_u8_by_16(codes, x, scale, n);
  return RV_HAS_8 ? rv_encode_u8_by_32(codes, x, scale, n) : 0;
}
#else
#define rv_decode_s8_many(d, codes, scale, n) 0
#define rv_decode_u8_many(d, codes, scale, n) 0
#define rv_largest_many(largest, x, n) 0
#define rv_encode_s8_many(codes, x, scale, n) 0
#define rv_encode_u8_many(codes, x, scale, n) 0
#endif
