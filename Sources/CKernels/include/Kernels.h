#pragma once
#include "Frame.h"
#include "Place.h"
#include <stddef.h>
#include <stdint.h>

// Chunk kernels of the vectorizing interpreter, for float (`_f32`) and double (`_f64`).
//
// A kernel reads up to four operands and writes one destination of n elements. A vector operand is
// a pointer to n elements; a scalar operand is a pointer to one double, whatever the element type.
// The destination may be exactly one of the operands; other overlap is not allowed.

typedef void (*rv_kernel)(
    void *d, const void *a, const void *b, const void *c, const void *e, size_t n);

// Elementwise operations and the fused forms that a plan's peephole chooses.
enum rv_op {
  RV_COPY, RV_NEGATE, RV_ABSOLUTE, RV_SIGN, RV_SQUARE_ROOT, RV_CUBE_ROOT, RV_EXPONENTIAL, RV_EXPM1,
  RV_LOGARITHM, RV_LOG1P, RV_TANH, RV_SINH, RV_COSH, RV_SINE, RV_COSINE, RV_TANGENT, RV_ARCSINE,
  RV_ARCCOSINE, RV_ARCTANGENT, RV_FLOOR, RV_CEILING, RV_ROUND, RV_ERROR_FUNCTION, RV_IS_FINITE,
  RV_ROUND_BF16, RV_ROUND_F16, RV_EXP2, RV_LOG2, RV_LOG10, RV_ARCSINH, RV_ARCCOSH, RV_ARCTANH,
  RV_RECIPROCAL,
  RV_LOGICAL_NOT,
  RV_ADD, RV_SUBTRACT, RV_MULTIPLY, RV_DIVIDE, RV_POWER, RV_MINIMUM, RV_MAXIMUM, RV_MODULO,
  RV_ARCTANGENT2, RV_COPY_SIGN, RV_LESS, RV_LESS_OR_EQUAL, RV_GREATER, RV_GREATER_OR_EQUAL,
  RV_EQUAL, RV_NOT_EQUAL, RV_LOGICAL_AND, RV_LOGICAL_OR,
  RV_SELECT, RV_CLIP,
  // a * b + c, a * b - c, c - a * b, each product rounded as written.
  RV_MULTIPLY_ADD, RV_MULTIPLY_SUBTRACT, RV_SUBTRACT_MULTIPLY,
  // a * b + c * e with scalars b and e; the square of c instead of c.
  RV_BLEND, RV_BLEND_SQUARE,
  // sqrt(a / b) + c, sqrt(a) + c, (a / b) / c with scalar b.
  RV_ROOT_QUOTIENT_ADD, RV_ROOT_ADD, RV_QUOTIENT_DIVIDE,
  // a - b * (c + e * a) with scalars b and e: a step with decoupled decay.
  RV_DECAYED_STEP,
  // The same with the sign of c.
  RV_SIGNED_STEP,
  // Reductions of a chunk into the double at d: d <- d + sum(a), d + sum(a * a), max, min.
  RV_SUM, RV_SQUARES, RV_MAX, RV_MIN,
  // Float and double arrays: conversion from and to the other element type.
  RV_FROM_OTHER, RV_TO_OTHER,
  // Conversion from and to numbers of sixteen bits, to nearest even.
  RV_FROM_BF16, RV_TO_BF16, RV_FROM_F16, RV_TO_F16,
  RV_OP_COUNT
};

/// The kernel of an operation; `scalars` has bit k set where operand k is a scalar.
/// NULL where there is no such kernel.
rv_kernel rv_find_kernel(int element, int op, unsigned scalars);

enum rv_operand_kind { RV_MEMORY, RV_FIXED, RV_SCRATCH, RV_SCALAR, RV_SUMS };

/// One operand of a segment: memory that advances with the chunk, memory that does not, a scratch
/// register of one chunk, a scalar, or a block's accumulators of a column reduction (`offset` in
/// bytes).
typedef struct rv_operand {
  int32_t kind;
  int32_t index;
  int64_t offset;
  int32_t stride;
  int32_t unused;
} rv_operand;

enum rv_instruction_kind { RV_PLAIN, RV_UNLESS, RV_AT };

typedef struct rv_instruction {
  rv_kernel kernel;
  uint16_t kind;
  // RV_UNLESS: when the scalar operand `a` is zero, skip this many instructions.
  uint16_t skip;
  uint16_t d, a, b, c, e;
  uint16_t unused;
  // RV_AT: index of the segment's places.
  int32_t place;
} rv_instruction;

/// A scalar register in which a pass folds a whole tensor, and the number it starts from.
typedef struct rv_initial {
  int32_t scalar;
  // An rv_fold.
  int32_t fold;
  double value;
} rv_initial;

/// A column reduction: its accumulators among a block's sums, and where the results go.
typedef struct rv_columns {
  int64_t first;
  int64_t count;
  int32_t fold;
  int32_t slot;
  // Bytes.
  int64_t offset;
} rv_columns;

/// A pass over n elements: what the interpreter runs chunk by chunk.
///
/// It is cut into blocks of a size that depends on nothing but the pass. Each block folds into
/// accumulators of its own, which are combined in the order of the blocks: so the result is the
/// same whoever runs which block.
typedef struct rv_segment {
  int64_t count;
  // Elements of a block; the last one may have fewer.
  int64_t block;
  int64_t blockCount;
  // Doubles that one block leaves: one an initial, and the accumulators of the columns.
  int64_t partialCount;
  int32_t chunk;
  int32_t element;
  int32_t operandCount;
  int32_t instructionCount;
  int32_t initialCount;
  int32_t columnsCount;
  // Scalar register that says whether the pass is wanted at all, or -1.
  int32_t guard;
  const rv_operand *operands;
  const rv_instruction *instructions;
  const rv_initial *initials;
  const rv_columns *columns;
  const rv_place *places;
  // Compiled code that stands in for the instructions, or NULL.
  rv_range compiled;
} rv_segment;

/// Runs elements [start, end) of a pass by its instructions.
void rv_run_range(const rv_segment *segment, const rv_frame *frame, int64_t start, int64_t end);

/// Runs a positioned operation on elements [0, n): from a to d.
void rv_run_place(
    int element, const rv_place *place, void *d, const void *a, const rv_frame *frame, int64_t n);

/// The memory in which one thread takes part in passes: chunks, cursors, scalar registers.
typedef struct rv_scratch {
  char *chunks;
  char **cursors;
  double *scalars;
} rv_scratch;

/// The threads that share the passes of one optimizer, and scratch memory for each.
typedef struct rv_team {
  int64_t threads;
  // Elements times instructions below which nobody is woken.
  int64_t worth;
  const rv_scratch *scratch;
} rv_team;

/// A pass of one tensor; `partials` holds `partialCount` Doubles a block.
typedef struct rv_task {
  const rv_segment *segment;
  const rv_frame *frame;
  double *partials;
  // Blocks of the tasks before it; set by the run.
  int64_t firstItem;
} rv_task;

/// Runs a whole pass, block by block; `team` may be NULL.
void rv_run_segment(
    const rv_segment *segment, const rv_frame *frame, double *partials, const rv_team *team);

/// Runs passes that do not depend on each other, the blocks of all of them side by side where that
/// pays. The result is that of one after the other.
void rv_run_tasks(rv_task *tasks, int64_t count, const rv_team *team);

// Scalar programs: doubles in registers.
typedef struct rv_scalar {
  uint16_t op;
  uint16_t unused;
  int32_t d, a, b, c;
} rv_scalar;

// Beyond the elementwise operations: a draw, and one number of a slot (place `c`: byte offset in
// stride[0], slot in stride[1], the rv_element in extent[0]).
enum rv_scalar_extra { RV_SCALAR_DRAW = RV_OP_COUNT, RV_SCALAR_FETCH };

/// Runs elementwise operations on numbers; the meaning is that of `Folding`.
void rv_run_scalars(
    const rv_scalar *program, size_t count, const rv_place *places, const rv_frame *frame);

// States in fewer bits, or in blocks, as doubles; `compute` is the type whose arithmetic they take part
// in. `place` as for RV_PLACE_ENCODE.
void rv_encode_state(
    int compute, const rv_place *place, void *memory, const double *values, uint64_t seed,
    uint32_t step, uint32_t tensor);
void rv_decode_state(int compute, const rv_place *place, const void *memory, double *values);
/// Encodes to nearest so that what `rv_decode_state` gave reads back the same; returns how many
/// numbers do not.
int rv_restore_state(
    int compute, const rv_place *place, void *memory, const double *values, uint64_t seed,
    uint32_t tensor);

/// What `rv_frame.draws` points to.
const rv_draws *rv_draw_kernels(void);

/// Whether every number of some tensors is finite.
int rv_all_finite(
    int element, const void *const *tensors, const int64_t *counts, int64_t tensorCount,
    const rv_team *team);
