#pragma once
#include <stdint.h>

// What interpreted and compiled passes share; compiled passes begin with the text of this file.

/// What a run of a plan sees: memory slots, scalar registers, scratch, and the random counter.
/// Blocks that run at once have frames of their own, which share the slots.
typedef struct rv_frame {
  void **slots;
  double *scalars;
  // Accumulators of the column reductions of one block.
  double *sums;
  // Room for one chunk a scratch register, and for the cursors of the largest segment.
  char *scratch;
  char **cursors;
  // Recorded draws that stand in for those of a call site, one entry a replay index; NULL draws.
  const double *const *replays;
  uint64_t seed;
  uint32_t step;
  uint32_t tensor;
  // Scalar registers in all.
  int64_t scalarCount;
  const struct rv_draws *draws;
} rv_frame;

/// Runs elements [start, end) of a pass: adds into the accumulators, whose initial values its
/// caller has set.
typedef void (*rv_range)(const rv_frame *frame, int64_t start, int64_t end);
