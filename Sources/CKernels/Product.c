#include "LinearAlgebra.h"
#include "Kernels.h"
#include "Pool.h"

// A large product is cut into parts by its shape alone, so its digits do not depend on the number of
// threads: the library may round differently at the edges of a part, but always at the same edges.

typedef struct {
  int element, ta, tb, m, n, k, lda, ldb, ldc;
  const char *a, *b;
  char *c;
  int rows, columns;
  // Parts side by side in a row of parts.
  int across;
} product;

// Multiply-adds that a part should have, at least: packing the operands for each part costs a product
// of 1024 x 1024 x 1024 five percent in eight parts, and three in four.
#define PART 200e6
enum { MOST_PARTS = 16, LEAST_SIDE = 192 };

/// Halves the longer side, so that each part reads little of both operands.
static void cut(product *p) {
  int down = 1, across = 1;
  double each = (double)p->m * p->n * p->k;
  while (each >= 2 * PART && down * across < MOST_PARTS) {
    int tall = p->m / down, wide = p->n / across;
    if (tall >= wide && tall >= 2 * LEAST_SIDE) {
      down *= 2;
    } else if (wide >= 2 * LEAST_SIDE) {
      across *= 2;
    } else {
      break;
    }
    each /= 2;
  }
  // Whole tiles of the kernels.
  p->rows = (p->m + down - 1) / down;
  if (down > 1) p->rows = (p->rows + 15) / 16 * 16;
  p->columns = (p->n + across - 1) / across;
  if (across > 1) p->columns = (p->columns + 15) / 16 * 16;
  p->across = (p->n + p->columns - 1) / p->columns;
}

static void run_part(void *context, int64_t item, int participant) {
  const product *p = context;
  (void)participant;
  int row = (int)(item / p->across) * p->rows, column = (int)(item % p->across) * p->columns;
  int m = p->m - row < p->rows ? p->m - row : p->rows;
  int n = p->n - column < p->columns ? p->n - column : p->columns;
  int64_t width = p->element == RV_F32 ? 4 : 8;
  const char *a = p->a + width * (p->ta ? row : (int64_t)row * p->lda);
  const char *b = p->b + width * (p->tb ? (int64_t)column * p->ldb : column);
  char *c = p->c + width * ((int64_t)row * p->ldc + column);
  if (p->element == RV_F32) {
    rv_gemm_f32(
        p->ta, p->tb, m, n, p->k, 1, (const float *)a, p->lda, (const float *)b, p->ldb, 0,
        (float *)c, p->ldc);
  } else {
    rv_gemm_f64(
        p->ta, p->tb, m, n, p->k, 1, (const double *)a, p->lda, (const double *)b, p->ldb, 0,
        (double *)c, p->ldc);
  }
}

void rv_product(int threads, int element, int ta, int tb, int m, int n, int k, const void *a,
                int lda, const void *b, int ldb, void *c, int ldc) {
  product p = {
      .element = element, .ta = ta, .tb = tb, .m = m, .n = n, .k = k, .lda = lda, .ldb = ldb,
      .ldc = ldc, .a = a, .b = b, .c = c};
  cut(&p);
  int64_t parts = (int64_t)p.across * ((m + p.rows - 1) / p.rows);
  if (threads > 1 && rv_pool_run(threads, parts, run_part, &p)) return;
  for (int64_t k = 0; k < parts; k++) run_part(&p, k, 0);
}
