#include "Clones.h"
#include "Kernels.h"
#include "MatrixLibrary.h"
#include "Routines.h"

#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>

#define RV_PAIRS __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")))

// A tile of c takes 24 registers, and a row of its panel of b two. A block of b stays in the cache of
// the second level while panels of a pass by; LINE words keep the rows of such a panel in different
// sets of the first.
enum { ROWS = 12, LANES = 16, COLUMNS = 2 * LANES, DEPTH = 512, WIDTH = 512, LINE = DEPTH / 2 + 16 };

RV_INLINE uint16_t half(const float *x) {
  uint32_t bits;
  memcpy(&bits, x, 4);
  return (uint16_t)(bits >> 16);
}

/// Rows of a, along the sum.
RV_PAIRS static void pack_a(
    const float *a, int64_t row, int64_t next, int rows, int depth, uint16_t *to) {
  memset(to, 0, sizeof(uint32_t) * ROWS * LINE);
  if (next == 1)
    for (int i = 0; i < rows; i++)
      for (int p = 0; p < depth; p++) to[i * 2 * LINE + p] = half(a + i * row + p);
  else
    for (int p = 0; p < depth; p++)
      for (int i = 0; i < rows; i++) to[i * 2 * LINE + p] = half(a + i * row + p * next);
}

RV_INLINE void pack_columns(
    const float *b, int64_t next, int64_t column, int columns, int depth, uint32_t *to) {
  for (int p = 0; p < depth; p += 2, to += COLUMNS, b += 2 * next)
    for (int j = 0; j < columns; j++)
      to[j] = half(b + j * column)
          | (p + 1 < depth ? (uint32_t)half(b + j * column + next) << 16 : 0);
}

/// Columns of b side by side, two neighbours along the sum in each word.
RV_PAIRS static void pack_b(
    const float *b, int64_t next, int64_t column, int columns, int depth, uint32_t *to) {
  if (column == 1 && columns == COLUMNS && depth % 2 == 0)
    return pack_columns(b, next, 1, COLUMNS, depth, to);
  memset(to, 0, sizeof(uint32_t) * COLUMNS * (size_t)((depth + 1) / 2));
  pack_columns(b, next, column, columns, depth, to);
}

/// Whether a number has no exponent: the instruction takes it for 0.
RV_PAIRS static int has_subnormals(const void *halves, int64_t count) {
  const uint16_t *x = halves;
  uint16_t least = UINT16_MAX;
  for (int64_t i = 0; i < count; i++) {
    uint16_t magnitude = (uint16_t)(x[i] * 2 - 1);
    least = least < magnitude ? least : magnitude;
  }
  return least < 0xFF;
}

RV_PAIRS static void tile(
    const uint32_t *a, const uint32_t *b, int words, float *c, int64_t ldc, int rows, int columns,
    int adds) {
  __m512 sum[ROWS][2];
  __mmask16 left = (__mmask16)(columns >= LANES ? 0xFFFF : (1 << columns) - 1);
  __mmask16 right = (__mmask16)(columns >= LANES ? (1 << (columns - LANES)) - 1 : 0);
#pragma clang loop unroll(full)
  for (int i = 0; i < ROWS; i++) {
    int isHere = adds && i < rows;
    sum[i][0] = isHere ? _mm512_maskz_loadu_ps(left, c + i * ldc) : _mm512_setzero_ps();
    sum[i][1] = isHere ? _mm512_maskz_loadu_ps(right, c + i * ldc + LANES) : _mm512_setzero_ps();
  }
  for (int p = 0; p < words; p++) {
    __m512bh first = (__m512bh)_mm512_load_si512(b + p * COLUMNS);
    __m512bh second = (__m512bh)_mm512_load_si512(b + p * COLUMNS + LANES);
#pragma clang loop unroll(full)
    for (int i = 0; i < ROWS; i++) {
      __m512bh x = (__m512bh)_mm512_set1_epi32((int)a[i * LINE + p]);
      sum[i][0] = _mm512_dpbf16_ps(sum[i][0], x, first);
      sum[i][1] = _mm512_dpbf16_ps(sum[i][1], x, second);
    }
  }
#pragma clang loop unroll(full)
  for (int i = 0; i < ROWS; i++) {
    if (i == rows) return;
    _mm512_mask_storeu_ps(c + i * ldc, left, sum[i][0]);
    _mm512_mask_storeu_ps(c + i * ldc + LANES, right, sum[i][1]);
  }
}

int rv_product_bf16(int ta, int tb, int m, int n, int k, const float *a, int64_t lda,
                    const float *b, int64_t ldb, float *c, int64_t ldc, int below) {
  if (below >= n) return 1;
  _Alignas(64) uint32_t panel[ROWS * LINE], block[DEPTH / 2 * WIDTH];
  int64_t row = ta ? 1 : lda, nextA = ta ? lda : 1, nextB = tb ? 1 : ldb, column = tb ? ldb : 1;
  for (int l = 0; l < k; l += DEPTH) {
    int depth = k - l < DEPTH ? k - l : DEPTH, words = (depth + 1) / 2;
    for (int j = 0; j < n; j += WIDTH) {
      int width = n - j < WIDTH ? n - j : WIDTH;
      for (int q = 0; q < width; q += COLUMNS) {
        int columns = width - q < COLUMNS ? width - q : COLUMNS;
        uint32_t *to = block + q * words;
        pack_b(b + l * nextB + (j + q) * column, nextB, column, columns, depth, to);
        if (has_subnormals(to, 2 * words * COLUMNS)) return 0;
      }
      for (int i = 0; i < m; i += ROWS) {
        int rows = m - i < ROWS ? m - i : ROWS;
        pack_a(a + i * row + l * nextA, row, nextA, rows, depth, (uint16_t *)panel);
        if (has_subnormals(panel, 2 * ROWS * LINE)) return 0;
        for (int q = 0; q < width; q += COLUMNS) {
          int columns = width - q < COLUMNS ? width - q : COLUMNS;
          // The next panel comes nearer, a piece with each tile.
          for (int r = i + ROWS; nextA == 1 && r < m && r < i + 2 * ROWS; r++)
            for (int p = q; p < depth && p < q + COLUMNS; p += LANES)
              _mm_prefetch(a + r * row + l + p, _MM_HINT_T1);
          if (below + i < j + q + columns)
            tile(panel, block + q * words, words, c + i * ldc + j + q, ldc, rows, columns, l > 0);
        }
      }
    }
  }
  return k > 0;
}

int rv_multiplies_bf16(void) {
  uint32_t needed = RV_HAS_AVX512 | RV_HAS_AVX512_BF16;
  return (rv_processor_features() & needed) == needed;
}
#else
int rv_product_bf16(int ta, int tb, int m, int n, int k, const float *a, int64_t lda,
                    const float *b, int64_t ldb, float *c, int64_t ldc, int below) {
  (void)ta, (void)tb, (void)m, (void)n, (void)k, (void)a, (void)lda, (void)b, (void)ldb, (void)c;
  return (void)ldc, (void)below, 0;
}
int rv_multiplies_bf16(void) { return 0; }
#endif
