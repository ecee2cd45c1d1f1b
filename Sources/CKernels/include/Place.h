#pragma once
#include <stdint.h>
#include "Frame.h"

// What a positioned operation needs to know of its place: it makes elements [start, start + n) of
// a value, so the same number comes out however a tensor is cut into chunks.
enum rv_positioned {
  RV_PLACE_STRIDED, RV_PLACE_IOTA, RV_PLACE_IDENTITY, RV_PLACE_DRAW,
  RV_REDUCE_ROWS, RV_REDUCE_COLUMNS, RV_PLACE_DECODE, RV_PLACE_ENCODE
};

// How numbers lie in memory. Those of eight and of one bit are in blocks with a scale each.
enum rv_element {
  RV_F32 = 0, RV_F64 = 1, RV_BF16 = 2, RV_F16 = 3, RV_S8 = 4, RV_U8 = 5, RV_SIGN1 = 6
};

enum rv_fold { RV_FOLD_SUM, RV_FOLD_MAX, RV_FOLD_MIN };

#define RV_MAX_AXES 8

typedef struct rv_place {
  int32_t kind;
  int32_t axes;
  // Strided loads: the axes of the iteration space, outermost first, and the operand's strides in
  // elements. Iota and identity: extent[0] counts, stride[0] is the product of the inner extents.
  // Reductions: extent[0] rows, extent[1] columns. Stored states: extent[0] numbers share a scale,
  // extent[1] are there in all; `distribution` is the format, `fold` 1 where chance rounds.
  int64_t extent[RV_MAX_AXES];
  int64_t stride[RV_MAX_AXES];
  int32_t fold;
  // Draws: distribution (in the order of `Distribution`), call site, whether all tensors share the
  // numbers, replay index. bernoulli: stride[0] is 1 where the probability is a vector.
  int32_t distribution;
  uint32_t site;
  int32_t isGlobal;
  int32_t replay;
  // The scalar register in which a row reduction carries its unfinished row.
  int32_t carry;
} rv_place;

/// Random numbers of elements [start, start + n) of a tensor: draws in both types, and the bits of those that round by chance.
typedef struct rv_draws {
  void (*draw_f32)(
      void *d, const void *operand, const rv_place *p, const rv_frame *f, int64_t start, int64_t n);
  void (*draw_f64)(
      void *d, const void *operand, const rv_place *p, const rv_frame *f, int64_t start, int64_t n);
  void (*bits)(const rv_place *p, const rv_frame *f, int64_t start, uint64_t *d, int64_t n);
} rv_draws;
