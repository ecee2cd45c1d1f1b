#include "Steps.h"
#include "Formats.h"
#include "Math.h"

#define T float
#define N(name) name##_f32
#include "StepsTemplate.h"
#undef T
#undef N
#define T double
#define N(name) name##_f64
#include "StepsTemplate.h"

#define RV_EITHER(call_f32, call_f64) \
  if (element == RV_F32) return call_f32; \
  return call_f64

void rv_softmax(int element, const void *x, void *d, int64_t rows, int64_t cols) {
  RV_EITHER(softmax_f32(x, d, rows, cols), softmax_f64(x, d, rows, cols));
}

void rv_log_softmax(int element, const void *x, void *d, int64_t rows, int64_t cols) {
  RV_EITHER(log_softmax_f32(x, d, rows, cols), log_softmax_f64(x, d, rows, cols));
}

void rv_diagonal(int element, const void *x, void *d, int64_t n) {
  RV_EITHER(diagonal_f32(x, d, n), diagonal_f64(x, d, n));
}

void rv_place_slice(
    int element, const void *x, void *d, int64_t count, int64_t total, int64_t offset,
    const rv_place *place) {
  RV_EITHER(
      place_slice_f32(x, d, count, total, offset, place),
      place_slice_f64(x, d, count, total, offset, place));
}

int64_t rv_gather(
    int element, const void *table, int64_t tableRows, const void *index, int64_t indexCount,
    void *d, int64_t rows, int64_t cols) {
  RV_EITHER(
      gather_f32(table, tableRows, index, indexCount, d, rows, cols),
      gather_f64(table, tableRows, index, indexCount, d, rows, cols));
}

int64_t rv_scatter_add(
    int element, const void *index, int64_t indexCount, const void *values, void *d,
    int64_t valueRows, int64_t rows, int64_t cols) {
  RV_EITHER(
      scatter_add_f32(index, indexCount, values, d, valueRows, rows, cols),
      scatter_add_f64(index, indexCount, values, d, valueRows, rows, cols));
}

int64_t rv_take_along(
    int element, const void *x, const void *index, int64_t indexCount, void *d, int64_t rows,
    int64_t cols) {
  RV_EITHER(
      take_along_f32(x, index, indexCount, d, rows, cols),
      take_along_f64(x, index, indexCount, d, rows, cols));
}

int64_t rv_place_along(
    int element, const void *values, const void *index, int64_t indexCount, void *d, int64_t rows,
    int64_t cols) {
  RV_EITHER(
      place_along_f32(values, index, indexCount, d, rows, cols),
      place_along_f64(values, index, indexCount, d, rows, cols));
}

double rv_number_at(int element, const void *x, int64_t i) {
  switch (element) {
  case RV_F32: return ((const float *)x)[i];
  case RV_F64: return ((const double *)x)[i];
  case RV_BF16: return rv_from_bf16(((const uint16_t *)x)[i]);
  default: return rv_from_f16(((const uint16_t *)x)[i]);
  }
}

void rv_set_number(int element, void *d, int64_t i, double x) {
  switch (element) {
  case RV_F32: ((float *)d)[i] = (float)x; break;
  case RV_F64: ((double *)d)[i] = x; break;
  case RV_BF16: ((uint16_t *)d)[i] = rv_to_bf16_f64(x); break;
  default: ((uint16_t *)d)[i] = rv_to_f16_f64(x);
  }
}

void rv_sort(int element, const void *x, void *d, int64_t n, int givesIndices, int64_t *scratch) {
  RV_EITHER(sort_f32(x, d, n, givesIndices, scratch), sort_f64(x, d, n, givesIndices, scratch));
}

void rv_top_k_mask(int element, const void *x, void *d, int64_t n, double fraction, int64_t *scratch) {
  RV_EITHER(top_k_mask_f32(x, d, n, fraction, scratch), top_k_mask_f64(x, d, n, fraction, scratch));
}

double rv_quantile(int element, const void *x, int64_t n, double q, int64_t *scratch) {
  RV_EITHER(quantile_f32(x, n, q, scratch), quantile_f64(x, n, q, scratch));
}

double rv_arg_extreme(int element, const void *x, int64_t n, int64_t stride, int wantsLargest) {
  RV_EITHER(
      arg_extreme_f32(x, n, stride, wantsLargest), arg_extreme_f64(x, n, stride, wantsLargest));
}

void rv_small_product(
    int element, int transposeA, int transposeB, int64_t m, int64_t n, int64_t k, const void *a,
    int64_t lda, const void *b, int64_t ldb, void *c) {
  int64_t rowA = transposeA ? 1 : lda, colA = transposeA ? lda : 1;
  int64_t rowB = transposeB ? 1 : ldb, colB = transposeB ? ldb : 1;
  RV_EITHER(
      small_product_either_f32(m, n, k, a, rowA, colA, b, rowB, colB, c),
      small_product_either_f64(m, n, k, a, rowA, colA, b, rowB, colB, c));
}
