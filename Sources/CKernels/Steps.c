#include "Steps.h"
#include "Formats.h"
#include "Math.h"
#include "Pool.h"

#if defined(RV_WIDE)
#include <immintrin.h>

static inline int rv_has_wide(void) { return __builtin_cpu_supports("x86-64-v4"); }
#endif

#define T float
#define N(name) name##_f32
#define RV_MM(name) _mm512_##name##_ps
#include "StepsTemplate.h"
#undef T
#undef N
#undef RV_MM
#define T double
#define N(name) name##_f64
#define RV_MM(name) _mm512_##name##_pd
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

// Work that is cut into items, each done by one thread.
enum { ITEM = 1 << 20 };

typedef struct {
  int element;
  int64_t count, each, m, n, k, rowA, colA, stepA, rowB, colB, stepB;
  const char *a, *b;
  char *c;
} products;

static void run_products(void *context, int64_t item, int participant) {
  const products *p = context;
  (void)participant;
  int64_t first = item * p->each, rest = p->count - first;
  int64_t count = rest < p->each ? rest : p->each, width = p->element == RV_F32 ? 4 : 8;
  const char *a = p->a + width * first * p->stepA, *b = p->b + width * first * p->stepB;
  char *c = p->c + width * first * p->m * p->n;
  if (p->element == RV_F32)
    small_products_f32(
        count, p->m, p->n, p->k, (const float *)a, p->rowA, p->colA, p->stepA, (const float *)b,
        p->rowB, p->colB, p->stepB, (float *)c);
  else
    small_products_f64(
        count, p->m, p->n, p->k, (const double *)a, p->rowA, p->colA, p->stepA, (const double *)b,
        p->rowB, p->colB, p->stepB, (double *)c);
}

static void run_items(int threads, int64_t items, rv_body body, void *context) {
  if (threads > 1 && items > 1 && rv_pool_run(threads, items, body, context)) return;
  for (int64_t item = 0; item < items; item++) body(context, item, 0);
}

void rv_small_products(
    int threads, int element, int64_t count, int transposeA, int transposeB, int64_t m, int64_t n,
    int64_t k, const void *a, int64_t lda, int64_t stepA, const void *b, int64_t ldb, int64_t stepB,
    void *c) {
  int64_t work = m * n * (k > 0 ? k : 1);
  products p = {
      .element = element, .count = count, .each = work < ITEM ? ITEM / work : 1, .m = m, .n = n,
      .k = k, .rowA = transposeA ? 1 : lda, .colA = transposeA ? lda : 1, .stepA = stepA,
      .rowB = transposeB ? 1 : ldb, .colB = transposeB ? ldb : 1, .stepB = stepB, .a = a, .b = b,
      .c = c};
  run_items(threads, (count + p.each - 1) / p.each, run_products, &p);
}

typedef struct {
  const rv_patches *layout;
  int element, isFold;
  int64_t each, image, patches;
  const char *x;
  char *d;
} moved_patches;

static void run_patches(void *context, int64_t item, int participant) {
  const moved_patches *p = context;
  (void)participant;
  int64_t width = p->element == RV_F32 ? 4 : 8, end = (item + 1) * p->each;
  if (end > p->layout->images) end = p->layout->images;
  for (int64_t k = item * p->each; k < end; k++) {
    const char *x = p->x + width * k * (p->isFold ? p->patches : p->image);
    char *d = p->d + width * k * (p->isFold ? p->image : p->patches);
    if (p->element == RV_F32)
      (p->isFold ? fold_f32 : unfold_f32)((const float *)x, (float *)d, p->layout);
    else
      (p->isFold ? fold_f64 : unfold_f64)((const double *)x, (double *)d, p->layout);
  }
}

static void move_patches(
    int threads, int element, const void *x, void *d, const rv_patches *layout, int isFold) {
  int64_t image = layout->height * layout->width * layout->channels;
  int64_t patches = layout->down * layout->across * layout->rows * layout->cols * layout->channels;
  int64_t work = image + patches + 1;
  moved_patches p = {
      .layout = layout, .element = element, .isFold = isFold, .each = work < ITEM ? ITEM / work : 1,
      .image = image, .patches = patches, .x = x, .d = d};
  run_items(threads, (layout->images + p.each - 1) / p.each, run_patches, &p);
}

void rv_unfold(int threads, int element, const void *x, void *d, const rv_patches *patches) {
  move_patches(threads, element, x, d, patches, 0);
}

void rv_fold(int threads, int element, const void *x, void *d, const rv_patches *patches) {
  move_patches(threads, element, x, d, patches, 1);
}
