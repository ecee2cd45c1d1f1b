#include <stdlib.h>

#include "Kernels.h"
#include "Math.h"
#include "Formats.h"
#include "Lines.h"
#include "Maps.h"

rv_kernel rv_kernel_at_f32(int op, unsigned scalars);
rv_kernel rv_kernel_at_f64(int op, unsigned scalars);

rv_kernel rv_find_kernel(int element, int op, unsigned scalars) {
  if (op < 0 || op >= RV_OP_COUNT) return 0;
  return element == RV_F32 ? rv_kernel_at_f32(op, scalars) : rv_kernel_at_f64(op, scalars);
}

static double fold_run(int element, int fold, double carry, const void *x, int64_t n) {
  static const int op[] = {RV_SUM, RV_MAX, RV_MIN};
  rv_find_kernel(element, op[fold], 0)(&carry, x, x, x, x, (size_t)n);
  return carry;
}

// A block is at most so long.
#define RV_LONGEST_BLOCK 65536

#define T float
#define N(name) name##_f32
#define RV_IS_WIDE 0
#define RV_FOLD_RUN(fold, carry, x, n) fold_run(RV_F32, fold, carry, x, n)
#include "PlaceTemplate.h"
#include "StateTemplate.h"
#include "RunPlaceTemplate.h"
#undef T
#undef N
#undef RV_IS_WIDE
#undef RV_FOLD_RUN
#define T double
#define N(name) name##_f64
#define RV_IS_WIDE 1
#define RV_FOLD_RUN(fold, carry, x, n) fold_run(RV_F64, fold, carry, x, n)
#include "PlaceTemplate.h"
#include "StateTemplate.h"
#include "RunPlaceTemplate.h"

int rv_restore_state(
    int compute, const rv_place *p, void *memory, const double *values, uint64_t seed, uint32_t tensor) {
  if (compute == RV_F32) return restore_f32(memory, values, p, seed, tensor);
  return restore_f64(memory, values, p, seed, tensor);
}

void rv_encode_state(
    int compute, const rv_place *p, void *memory, const double *values, uint64_t seed,
    uint32_t step, uint32_t tensor) {
  if (compute == RV_F32) encode_all_f32(memory, values, p, seed, step, tensor);
  else encode_all_f64(memory, values, p, seed, step, tensor);
}

void rv_decode_state(int compute, const rv_place *p, const void *memory, double *values) {
  if (compute == RV_F32) decode_all_f32(values, memory, p);
  else decode_all_f64(values, memory, p);
}

void rv_run_place(
    int element, const rv_place *p, void *d, const void *a, const rv_frame *f, int64_t n) {
  rv_instruction in = {.d = 0, .a = 1};
  char *cursors[] = {d, (char *)a};
  if (element == RV_F32) run_place_f32(&in, p, cursors, f, 0, n);
  else run_place_f64(&in, p, cursors, f, 0, n);
}

void rv_run_range(const rv_segment *s, const rv_frame *f, int64_t start, int64_t end) {
  char **cursor = f->cursors;
  const rv_operand *operands = s->operands;
  for (int k = 0; k < s->operandCount; k++) {
    const rv_operand *o = operands + k;
    switch (o->kind) {
    case RV_SCRATCH: cursor[k] = f->scratch + o->offset; break;
    case RV_SCALAR: cursor[k] = (char *)(f->scalars + o->index); break;
    case RV_SUMS: cursor[k] = (char *)f->sums + o->offset; break;
    default: cursor[k] = (char *)f->slots[o->index] + o->offset + start * o->stride;
    }
  }
  int64_t chunk = s->chunk;
  const rv_instruction *last = s->instructions + s->instructionCount;
  do {
    int64_t n = end - start < chunk ? end - start : chunk;
    for (const rv_instruction *in = s->instructions; in < last; in++) {
      if (in->kind == RV_PLAIN) {
        in->kernel(
            cursor[in->d], cursor[in->a], cursor[in->b], cursor[in->c], cursor[in->e], (size_t)n);
      } else if (in->kind == RV_UNLESS) {
        if (*(const double *)cursor[in->a] == 0) in += in->skip;
      } else if (s->element == RV_F32) {
        run_place_f32(in, s->places + in->place, cursor, f, start, n);
      } else {
        run_place_f64(in, s->places + in->place, cursor, f, start, n);
      }
    }
    start += n;
    if (start >= end) break;
    for (int k = 0; k < s->operandCount; k++) cursor[k] += operands[k].stride * chunk;
  } while (1);
}
