#pragma once
#include "Kernels.h"

// A tape: a plan whose addresses and lengths are fixed, so that running it decides nothing. For small
// tensors, where looking up what to do costs more than doing it.

enum rv_tape_kind {
  // kernel(d, a, b, c, e, n)
  RV_TAPE_KERNEL,
  // A positioned operation on elements [0, n).
  RV_TAPE_PLACE,
  // m rows of n entries of a, to each of which the row at b is added; with flag 1 no less than the
  // number at c.
  RV_TAPE_ADD_ROW,
  // The sums of the n columns of m rows of a.
  RV_TAPE_COLUMN_SUMS,
  // n doubles at d become `value`.
  RV_TAPE_FILL,
  // n doubles at a go to the elements at d.
  RV_TAPE_NARROW,
  // The number at a goes to element 0 of d, and the other way round.
  RV_TAPE_PUT, RV_TAPE_GET,
  // n doubles at a go to d.
  RV_TAPE_NUMBERS,
  // A pass that is too long to lie in the cache, in chunks.
  RV_TAPE_SEGMENT,
  // n operations on numbers.
  RV_TAPE_SCALARS,
  // Skips `skip` operations where the number at a is 0.
  RV_TAPE_UNLESS,
  // d[m, n] = op(a)[m, k] op(b)[k, n], stored transposed where flags 1 and 2 say so, in rows of lda
  // and ldb entries.
  RV_TAPE_PRODUCT,
  // Rows m, columns n; flag 1 takes the logarithm.
  RV_TAPE_SOFTMAX,
  RV_TAPE_DIAGONAL,
  // m entries of a among n of d, from element k on.
  RV_TAPE_PLACE_SLICE,
  // m rows of n entries of a by the k indices at b, which are below `limit`.
  RV_TAPE_GATHER, RV_TAPE_SCATTER_ADD, RV_TAPE_TAKE_ALONG, RV_TAPE_PLACE_ALONG,
  // n entries of a with scratch at b; flag 1 gives indices. A share or a quantile is the number at c.
  RV_TAPE_SORT, RV_TAPE_TOP_K_MASK, RV_TAPE_QUANTILE,
  // In m runs of n entries k apart, which start `limit` apart; flag 1 takes the largest, and flag 2
  // writes a number rather than elements.
  RV_TAPE_ARG_EXTREME
};

typedef struct rv_tape_op {
  uint16_t kind;
  uint16_t flags;
  int32_t skip;
  void *d;
  const void *a, *b, *c, *e;
  int64_t n, m, k, limit;
  int32_t lda, ldb;
  double value;
  union {
    rv_kernel kernel;
    const rv_place *place;
    const rv_segment *segment;
    const rv_scalar *scalars;
  };
} rv_tape_op;

/// Runs `count` operations in `element`. Draws and numbers are those of `frame`, `partials` is for
/// segments. Returns -1, or the operation that has no answer: an index out of its range, a share that
/// is none.
int64_t rv_run_tape(
    int element, const rv_tape_op *ops, int64_t count, const rv_frame *frame, double *partials);

/// Row `rows[i]` of `source` becomes row i of d, `count` rows of `bytes` each.
void rv_gather_rows(
    void *d, const void *source, const int32_t *rows, int64_t count, int64_t bytes);
