#pragma once
#include "Kernels.h"

// Steps over whole tensors, row-major. `element` is an `rv_element`; pointers are to that type.

/// d[rows, cols]: each row as a distribution, shifted by its maximum.
void rv_softmax(int element, const void *x, void *d, int64_t rows, int64_t cols);
void rv_log_softmax(int element, const void *x, void *d, int64_t rows, int64_t cols);

/// d[n, n] with x on the diagonal.
void rv_diagonal(int element, const void *x, void *d, int64_t n);

/// Zeros in d[total] with the `count` entries of x at the places that start at `offset` and stride
/// as `place` says.
void rv_place_slice(
    int element, const void *x, void *d, int64_t count, int64_t total, int64_t offset,
    const rv_place *place);

// Indices are numbers in the element type; indexCount 1 serves all rows. The result is -1, or the
// position of the first index that is outside of 0 ..< its limit.
int64_t rv_gather(
    int element, const void *table, int64_t tableRows, const void *index, int64_t indexCount,
    void *d, int64_t rows, int64_t cols);
int64_t rv_scatter_add(
    int element, const void *index, int64_t indexCount, const void *values, void *d,
    int64_t valueRows, int64_t rows, int64_t cols);
int64_t rv_take_along(
    int element, const void *x, const void *index, int64_t indexCount, void *d, int64_t rows,
    int64_t cols);
int64_t rv_place_along(
    int element, const void *values, const void *index, int64_t indexCount, void *d, int64_t rows,
    int64_t cols);
double rv_number_at(int element, const void *x, int64_t i);

/// Ascending order of x, equal entries in their order, NaN last: values, or their numbers.
/// `scratch` has 2 n entries of eight bytes.
void rv_sort(int element, const void *x, void *d, int64_t n, int givesIndices, int64_t *scratch);
/// 1 at the ceil(fraction n) largest entries, earlier ones first among equals, NaN largest.
void rv_top_k_mask(int element, const void *x, void *d, int64_t n, double fraction, int64_t *scratch);
/// Linear interpolation between order statistics; NaN of nothing or of a NaN.
double rv_quantile(int element, const void *x, int64_t n, double q, int64_t *scratch);

/// The number of the largest (smallest) of n entries `stride` apart; the first NaN wins. 0 of none.
double rv_arg_extreme(int element, const void *x, int64_t n, int64_t stride, int wantsLargest);
void rv_set_number(int element, void *d, int64_t i, double x);

/// c[m, n] = op(a) op(b) by a register-blocked kernel: for small matrices, where calling BLAS costs
/// more than the product. Transposed operands are stored [k, m] and [n, k]. k <= RV_SMALL_DEPTH.
#define RV_SMALL_DEPTH 512
void rv_small_product(
    int element, int transposeA, int transposeB, int64_t m, int64_t n, int64_t k, const void *a,
    int64_t lda, const void *b, int64_t ldb, void *c);
/// `count` such products, c of each behind that of the last; operands lie `stepA` and `stepB` apart. Many of
/// them are shared among at most `threads` threads.
void rv_small_products(
    int threads, int element, int64_t count, int transposeA, int transposeB, int64_t m, int64_t n,
    int64_t k, const void *a, int64_t lda, int64_t stepA, const void *b, int64_t ldb, int64_t stepB,
    void *c);

/// Images [images, height, width, channels] and their patches [images, down, across, rows, cols,
/// channels], `stride` places apart, with `pad` rows and columns of zeros around each image.
typedef struct {
  int64_t images, height, width, channels, rows, cols, stride, pad, down, across;
} rv_patches;

/// d <- the patches of x; and d <- the images that patches x add up to. The same for any number of threads.
void rv_unfold(int threads, int element, const void *x, void *d, const rv_patches *patches);
void rv_fold(int threads, int element, const void *x, void *d, const rv_patches *patches);
