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

enum rv_element { RV_F32 = 0, RV_F64 = 1 };

// Elementwise operations and the fused forms that a plan's peephole chooses.
enum rv_op {
  RV_COPY, RV_NEGATE, RV_ABSOLUTE, RV_SIGN, RV_SQUARE_ROOT, RV_CUBE_ROOT, RV_EXPONENTIAL, RV_EXPM1,
  RV_LOGARITHM, RV_LOG1P, RV_TANH, RV_SINH, RV_COSH, RV_SINE, RV_COSINE, RV_TANGENT, RV_ARCSINE,
  RV_ARCCOSINE, RV_ARCTANGENT, RV_FLOOR, RV_CEILING, RV_ROUND, RV_ERROR_FUNCTION, RV_IS_FINITE,
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
  // Reductions of a chunk into the double at d: d <- d + sum(a), d + sum(a * b), max, min.
  RV_SUM, RV_DOT, RV_MAX, RV_MIN,
  // Float and double arrays: conversion from and to the other element type.
  RV_FROM_OTHER, RV_TO_OTHER,
  RV_OP_COUNT
};

/// The kernel of an operation; `scalars` has bit k set where operand k is a scalar.
/// NULL where there is no such kernel.
rv_kernel rv_find_kernel(int element, int op, unsigned scalars);

enum rv_operand_kind { RV_MEMORY, RV_FIXED, RV_SCRATCH, RV_SCALAR };

/// One operand of a segment: memory that advances with the chunk, memory that does not, a scratch
/// register of one chunk, or a scalar.
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

typedef struct rv_initial {
  int32_t scalar;
  int32_t unused;
  double value;
} rv_initial;

/// A pass over n elements: what the interpreter runs chunk by chunk.
typedef struct rv_segment {
  int64_t count;
  int32_t chunk;
  int32_t element;
  int32_t operandCount;
  int32_t instructionCount;
  int32_t initialCount;
  // Scalar register that says whether the pass is wanted at all, or -1.
  int32_t guard;
  const rv_operand *operands;
  const rv_instruction *instructions;
  const rv_initial *initials;
  const rv_place *places;
  // Compiled code that takes the place of the instructions, or NULL.
  rv_range native;
} rv_segment;

void rv_run_segment(const rv_segment *segment, const rv_frame *frame);

// Scalar programs: doubles in registers.
typedef struct rv_scalar {
  uint16_t op;
  uint16_t unused;
  int32_t d, a, b, c;
} rv_scalar;

// Beyond the elementwise operations: a draw, and one number of a slot (place `c`: byte offset in
// stride[0], slot in stride[1], element bytes in extent[0]).
enum rv_scalar_extra { RV_SCALAR_DRAW = RV_OP_COUNT, RV_SCALAR_FETCH };

/// Runs elementwise operations on numbers; the meaning is that of `Folding`.
void rv_run_scalars(
    const rv_scalar *program, size_t count, const rv_place *places, const rv_frame *frame);

double rv_power(double x, double y);
int rv_all_finite(int element, const void *a, size_t n);
