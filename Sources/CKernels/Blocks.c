#include <math.h>

#include "Kernels.h"

static double first_of(int fold) {
  return fold == RV_FOLD_SUM ? 0 : fold == RV_FOLD_MAX ? -INFINITY : INFINITY;
}

static double folded(int fold, double x, double y) {
  if (fold == RV_FOLD_SUM) return x + y;
  // A NaN stays a NaN, as within a block.
  if (x != x || y != y) return NAN;
  if (fold == RV_FOLD_MAX) return y > x ? y : x;
  return y < x ? y : x;
}

static void run_block(const rv_segment *s, const rv_frame *frame, double *partial, int64_t block) {
  rv_frame own = *frame;
  own.sums = partial + s->initialCount;
  for (int k = 0; k < s->initialCount; k++) {
    own.scalars[s->initials[k].scalar] = s->initials[k].value;
  }
  for (int k = 0; k < s->columnsCount; k++) {
    const rv_columns *c = s->columns + k;
    double value = first_of(c->fold);
    for (int64_t i = 0; i < c->count; i++) own.sums[c->first + i] = value;
  }
  int64_t start = block * s->block;
  int64_t end = s->count - start < s->block ? s->count : start + s->block;
  if (s->compiled) {
    s->compiled(&own, start, end);
  } else {
    rv_run_range(s, &own, start, end);
  }
  for (int k = 0; k < s->initialCount; k++) {
    partial[k] = own.scalars[s->initials[k].scalar];
  }
}

/// Combines what the blocks left, always in their order.
static void finish(const rv_segment *s, const rv_frame *f, double *partials) {
  for (int k = 0; k < s->initialCount; k++) {
    double x = partials[k];
    for (int64_t b = 1; b < s->blockCount; b++) {
      x = folded(s->initials[k].fold, x, partials[b * s->partialCount + k]);
    }
    f->scalars[s->initials[k].scalar] = x;
  }
  for (int k = 0; k < s->columnsCount; k++) {
    const rv_columns *c = s->columns + k;
    double *sums = partials + s->initialCount + c->first;
    for (int64_t b = 1; b < s->blockCount; b++) {
      const double *other = sums + b * s->partialCount;
      for (int64_t i = 0; i < c->count; i++) sums[i] = folded(c->fold, sums[i], other[i]);
    }
    void *to = (char *)f->slots[c->slot] + c->offset;
    if (s->element == RV_F32) {
      for (int64_t i = 0; i < c->count; i++) ((float *)to)[i] = (float)sums[i];
    } else {
      for (int64_t i = 0; i < c->count; i++) ((double *)to)[i] = sums[i];
    }
  }
}

void rv_run_segment(const rv_segment *s, const rv_frame *f, double *partials) {
  if (s->guard >= 0 && f->scalars[s->guard] == 0) return;
  for (int64_t b = 0; b < s->blockCount; b++) {
    run_block(s, f, partials + b * s->partialCount, b);
  }
  if (s->partialCount > 0) finish(s, f, partials);
}
