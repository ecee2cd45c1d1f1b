#include "LinearAlgebra.h"
#include "Kernels.h"
#include "MatrixLibrary.h"
#include "Pool.h"
#include "Routines.h"
#include "Steps.h"

// A large product is cut into parts by its shape alone, so its digits do not depend on the number of
// threads: the library may round differently at the edges of a part, but always at the same edges.

typedef struct {
  int element, isBF16, ta, tb, m, n, k, lda, ldb, ldc;
  const char *a, *b;
  char *c;
  int rows, columns;
  // Parts side by side in a row of parts.
  int across;
  // c is its own transpose, so what lies below the diagonal is copied.
  int isMirrored;
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

/// Without a library: blocks that the kernel for small products takes, added up.
#define RV_BLOCKWISE(T)                                                                            \
  static void blockwise_##T(int ta, int tb, int m, int n, int k, const T *a, int lda, const T *b,  \
                            int ldb, T *c, int ldc) {                                              \
    enum { SIDE = 128, DEPTH = 256 };                                                              \
    T block[SIDE * SIDE];                                                                          \
    for (int64_t i = 0; i < m; i += SIDE)                                                          \
      for (int64_t j = 0; j < n; j += SIDE)                                                        \
        for (int64_t l = 0; l < k; l += DEPTH) {                                                   \
          int64_t rows = m - i < SIDE ? m - i : SIDE, columns = n - j < SIDE ? n - j : SIDE;       \
          rv_small_product(                                                                        \
              sizeof(T) == 4 ? RV_F32 : RV_F64, ta, tb, rows, columns,                             \
              k - l < DEPTH ? k - l : DEPTH, a + (ta ? l * lda + i : i * lda + l), lda,            \
              b + (tb ? j * ldb + l : l * ldb + j), ldb, block);                                   \
          for (int64_t r = 0; r < rows; r++)                                                       \
            for (int64_t q = 0; q < columns; q++) {                                                \
              T *to = c + (i + r) * ldc + j + q;                                                   \
              *to = l ? *to + block[r * columns + q] : block[r * columns + q];                     \
            }                                                                                      \
        }                                                                                          \
  }

RV_BLOCKWISE(float)
RV_BLOCKWISE(double)

#define RV_PART(P, T)                                                                              \
  if (rv_library_routines.P##gemm)                                                                 \
    rv_library_routines.P##gemm(                                                                   \
        RV_ROW_MAJOR, p->ta ? RV_TRANSPOSED : RV_UNTRANSPOSED, p->tb ? RV_TRANSPOSED : RV_UNTRANSPOSED, m, n,    \
        p->k, 1, (const T *)a, p->lda, (const T *)b, p->ldb, 0, (T *)c, p->ldc);                   \
  else                                                                                             \
    blockwise_##T(                                                                                 \
        p->ta, p->tb, m, n, p->k, (const T *)a, p->lda, (const T *)b, p->ldb, (T *)c, p->ldc)

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
    int below = p->isMirrored ? row - column : -m;
    if (p->isBF16 && rv_product_bf16(p->ta, p->tb, m, n, p->k, (const float *)a, p->lda,
                                     (const float *)b, p->ldb, (float *)c, p->ldc, below))
      return;
    RV_PART(s, float);
  } else {
    RV_PART(d, double);
  }
}

/// The upper triangle over the lower one. Rows a power of two apart share the eight places of a set of
/// the cache.
static void mirror(float *c, int64_t n, int64_t ldc) {
  enum { SIDE = 8 };
  for (int64_t i = 0; i < n; i += SIDE)
    for (int64_t j = 0; j <= i; j += SIDE)
      for (int64_t r = i; r < n && r < i + SIDE; r++)
        for (int64_t q = j; q < r && q < j + SIDE; q++) c[r * ldc + q] = c[q * ldc + r];
}

static void run_parts(int threads, product *p) {
  int64_t parts = (int64_t)p->across * ((p->m + p->rows - 1) / p->rows);
  if (threads > 1 && rv_pool_run(threads, parts, run_part, p)) return;
  for (int64_t k = 0; k < parts; k++) run_part(p, k, 0);
}

void rv_product(int threads, int element, int isBF16, int ta, int tb, int m, int n, int k,
                const void *a, int lda, const void *b, int ldb, void *c, int ldc) {
  isBF16 = isBF16 && element == RV_F32 && rv_multiplies_bf16();
  product p = {
      .element = element, .isBF16 = isBF16, .ta = ta, .tb = tb, .m = m, .n = n, .k = k, .lda = lda, .ldb = ldb,
      .ldc = ldc, .a = a, .b = b, .c = c,
      .isMirrored = isBF16 && a == b && lda == ldb && m == n && ta != tb};
  cut(&p);
  if (rv_library_routines.dgemm && threads > rv_library_routines.products)
    threads = rv_library_routines.products;
  run_parts(threads, &p);
  if (p.isMirrored) mirror(c, n, ldc);
}
