#include "Tape.h"
#include "Clones.h"
#include "Steps.h"

#include <math.h>
#include <string.h>

// Rows of a few vectors: a loop that the compiler unrolls would leave most of one to its rest.
#define T float
#define N(name) name##_f32
#include "TapeTemplate.h"
#undef T
#undef N
#define T double
#define N(name) name##_f64
#include "TapeTemplate.h"
#undef T
#undef N

static void narrow(int element, void *d, const double *x, int64_t n) {
  if (element == RV_F32)
    for (int64_t i = 0; i < n; i++) ((float *)d)[i] = (float)x[i];
  else
    memcpy(d, x, (size_t)n * sizeof(double));
}

static void arg_extreme(int element, const rv_tape_op *op) {
  int64_t width = element == RV_F32 ? 4 : 8;
  for (int64_t run = 0; run < op->m; run++) {
    const char *from = (const char *)op->a + run * op->limit * width;
    double x = rv_arg_extreme(element, from, op->n, op->k, op->flags & 1);
    if (op->flags & 2)
      *(double *)op->d = x;
    else
      rv_set_number(element, op->d, run, x);
  }
}

/// An operation on whole tensors; 0 where it has no answer.
static int run_whole(int element, const rv_tape_op *op) {
  switch ((enum rv_tape_kind)op->kind) {
  case RV_TAPE_SOFTMAX:
    if (op->flags & 1) rv_log_softmax(element, op->a, op->d, op->m, op->n);
    else rv_softmax(element, op->a, op->d, op->m, op->n);
    return 1;
  case RV_TAPE_DIAGONAL: rv_diagonal(element, op->a, op->d, op->n); return 1;
  case RV_TAPE_PLACE_SLICE:
    rv_place_slice(element, op->a, op->d, op->m, op->n, op->k, op->place);
    return 1;
  case RV_TAPE_GATHER:
    return rv_gather(element, op->a, op->limit, op->b, op->k, op->d, op->m, op->n) < 0;
  case RV_TAPE_SCATTER_ADD:
    return rv_scatter_add(element, op->b, op->k, op->a, op->d, op->m, op->limit, op->n) < 0;
  case RV_TAPE_TAKE_ALONG:
    return rv_take_along(element, op->a, op->b, op->k, op->d, op->m, op->n) < 0;
  case RV_TAPE_PLACE_ALONG:
    return rv_place_along(element, op->a, op->b, op->k, op->d, op->m, op->n) < 0;
  case RV_TAPE_SORT:
    rv_sort(element, op->a, op->d, op->n, op->flags & 1, (int64_t *)op->b);
    return 1;
  case RV_TAPE_TOP_K_MASK: {
    double share = *(const double *)op->c;
    if (!(share > 0 && share <= 1)) return 0;
    rv_top_k_mask(element, op->a, op->d, op->n, share, (int64_t *)op->b);
    return 1;
  }
  case RV_TAPE_QUANTILE:
    *(double *)op->d =
        rv_quantile(element, op->a, op->n, *(const double *)op->c, (int64_t *)op->b);
    return 1;
  case RV_TAPE_ARG_EXTREME: arg_extreme(element, op); return 1;
  default: __builtin_trap();
  }
}

int64_t rv_run_tape(
    int element, const rv_tape_op *ops, int64_t count, const rv_frame *frame, double *partials) {
  const rv_tape_op *end = ops + count;
  for (const rv_tape_op *op = ops; op < end; op++) {
    switch ((enum rv_tape_kind)op->kind) {
    case RV_TAPE_KERNEL: op->kernel(op->d, op->a, op->b, op->c, op->e, (size_t)op->n); break;
    case RV_TAPE_PLACE: rv_run_place(element, op->place, op->d, op->a, frame, op->n); break;
    case RV_TAPE_ADD_ROW:
      if (element == RV_F32) add_row_f32(op);
      else add_row_f64(op);
      break;
    case RV_TAPE_COLUMN_SUMS:
      if (element == RV_F32) column_sums_f32(op->d, op->a, op->m, op->n);
      else column_sums_f64(op->d, op->a, op->m, op->n);
      break;
    case RV_TAPE_FILL:
      for (int64_t i = 0; i < op->n; i++) ((double *)op->d)[i] = op->value;
      break;
    case RV_TAPE_NARROW: narrow(element, op->d, op->a, op->n); break;
    case RV_TAPE_PUT: rv_set_number(element, op->d, 0, *(const double *)op->a); break;
    case RV_TAPE_GET: *(double *)op->d = rv_number_at(element, op->a, 0); break;
    case RV_TAPE_NUMBERS: memmove(op->d, op->a, (size_t)op->n * sizeof(double)); break;
    case RV_TAPE_SEGMENT: rv_run_segment(op->segment, frame, partials, 0); break;
    case RV_TAPE_SCALARS: rv_run_scalars(op->scalars, (size_t)op->n, op->a, frame); break;
    case RV_TAPE_UNLESS:
      if (*(const double *)op->a == 0) op += op->skip;
      break;
    case RV_TAPE_PRODUCT:
      rv_small_product(
          element, op->flags & 1, op->flags >> 1 & 1, op->m, op->n, op->k, op->a,
          op->lda, op->b, op->ldb, op->d);
      break;
    default:
      if (!run_whole(element, op)) return op - ops;
    }
  }
  return -1;
}

void rv_gather_rows(
    void *d, const void *source, const int32_t *rows, int64_t count, int64_t bytes) {
  typedef struct { char bytes[32]; } piece;
  char *to = d;
  const char *from = source;
  if (bytes == 4) {
    for (int64_t i = 0; i < count; i++) ((int32_t *)d)[i] = ((const int32_t *)source)[rows[i]];
    return;
  }
  for (int64_t i = 0; i < count; i++, to += bytes) {
    const char *row = from + bytes * rows[i];
    int64_t k = 0;
    for (; k + 32 <= bytes; k += 32) *(piece *)(to + k) = *(const piece *)(row + k);
    for (; k + 4 <= bytes; k += 4) memcpy(to + k, row + k, 4);
    for (; k < bytes; k++) to[k] = row[k];
  }
}
