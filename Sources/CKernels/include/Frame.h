#pragma once
#include <stdint.h>

// What interpreted and compiled passes share; compiled passes begin with the text of this file.

/// What a run of a plan sees: memory slots, scalar registers, scratch, and the random counter.
typedef struct rv_frame {
  void **slots;
  double *scalars;
  // Room for one chunk a scratch register, and for the cursors of the largest segment.
  char *scratch;
  char **cursors;
  // Recorded draws that stand in for those of a call site, one entry a replay index; NULL draws.
  const double *const *replays;
  uint64_t seed;
  uint32_t step;
  uint32_t tensor;
} rv_frame;

/// A pass over elements [start, end) of a segment. The caller has set the accumulators to their
/// initials; a range adds to them.
typedef void (*rv_range)(const rv_frame *frame, int64_t start, int64_t end);
