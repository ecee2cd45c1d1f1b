#include <stdatomic.h>

#include "Clones.h"
#include "Kernels.h"
#include "Pool.h"

// Elements of an item of work.
enum { PIECE = 65536, STRIDE = 4096 };

typedef uint16_t bits16 __attribute__((may_alias, aligned(1)));
typedef uint32_t bits32 __attribute__((may_alias, aligned(1)));
typedef uint64_t bits64 __attribute__((may_alias, aligned(1)));

// All bits of the exponent are set in infinities and NaNs alone.
RV_CLONES static int finite_f32(const bits32 *x, int64_t n) {
  uint32_t bad = 0;
  for (int64_t i = 0; i < n; i++) bad |= (x[i] & 0x7F800000u) == 0x7F800000u;
  return !bad;
}

RV_CLONES static int finite_f64(const bits64 *x, int64_t n) {
  uint64_t bad = 0;
  const uint64_t exponent = 0x7FF0000000000000u;
  for (int64_t i = 0; i < n; i++) bad |= (x[i] & exponent) == exponent;
  return !bad;
}

RV_CLONES static int finite_16(const bits16 *x, uint16_t exponent, int64_t n) {
  uint16_t bad = 0;
  for (int64_t i = 0; i < n; i++) bad |= (x[i] & exponent) == exponent;
  return !bad;
}

static int finite(int element, const char *x, int64_t start, int64_t n) {
  switch (element) {
  case RV_F32: return finite_f32((const bits32 *)(x + 4 * start), n);
  case RV_F64: return finite_f64((const bits64 *)(x + 8 * start), n);
  default:
    return finite_16((const bits16 *)(x + 2 * start), element == RV_BF16 ? 0x7F80 : 0x7C00, n);
  }
}

typedef struct {
  int element;
  const void *const *tensors;
  const int64_t *counts;
  int64_t tensorCount;
  atomic_int found;
} search;

static int64_t pieces(int64_t count) { return (count + PIECE - 1) / PIECE; }

static void look(search *s, int64_t tensor, int64_t start, int64_t end) {
  for (; start < end; start += STRIDE) {
    if (atomic_load_explicit(&s->found, memory_order_relaxed)) return;
    int64_t n = end - start < STRIDE ? end - start : STRIDE;
    if (!finite(s->element, s->tensors[tensor], start, n)) {
      atomic_store_explicit(&s->found, 1, memory_order_relaxed);
    }
  }
}

static void run_item(void *context, int64_t item, int participant) {
  search *s = context;
  (void)participant;
  for (int64_t k = 0; k < s->tensorCount; k++) {
    int64_t here = pieces(s->counts[k]);
    if (item < here) {
      int64_t start = item * PIECE, end = start + PIECE;
      look(s, k, start, end < s->counts[k] ? end : s->counts[k]);
      return;
    }
    item -= here;
  }
}

int rv_all_finite(
    int element, const void *const *tensors, const int64_t *counts, int64_t tensorCount,
    const rv_team *team) {
  search s = {element, tensors, counts, tensorCount, 0};
  int64_t items = 0, work = 0;
  for (int64_t k = 0; k < tensorCount; k++) {
    items += pieces(counts[k]);
    work += counts[k];
  }
  if (!team || work < team->worth || !rv_pool_run((int)team->threads, items, run_item, &s)) {
    for (int64_t k = 0; k < tensorCount; k++) look(&s, k, 0, counts[k]);
  }
  return !atomic_load(&s.found);
}
