#include "Kernels.h"
#include "Random.h"

// Draws by vectors, for all passes: compiled ones call them too, and so take less time to compile.

// Pairs made at once: their bits and numbers stay in the nearest cache.
#define RV_PAIRS 256

RV_CLONES static void bits_of_pairs(rv_random r, uint64_t first, uint64_t *even, uint64_t *odd, int64_t n) {
  RV_LOOP
  for (int64_t i = 0; i < n; i++) {
    uint64_t bits[2];
    rv_random_pair(r, first + (uint64_t)i, bits);
    even[i] = bits[0];
    odd[i] = bits[1];
  }
}

#define RV_DRAWS(name, distribution) \
  RV_CLONES static void name( \
      double *restrict d, const uint64_t *restrict even, const uint64_t *restrict odd, int64_t n) { \
    for (int64_t i = 0; i < n; i++) { \
      const uint64_t bits[2] = {even[i], odd[i]}; \
      double x[2]; \
      rv_draw_pair(distribution, bits, x); \
      d[2 * i] = x[0]; \
      d[2 * i + 1] = x[1]; \
    } \
  }
RV_DRAWS(normals, RV_NORMAL)
RV_DRAWS(uniforms, RV_UNIFORM)
RV_DRAWS(signs, RV_RADEMACHER)
RV_DRAWS(exponentials, RV_EXPONENTIAL_DRAW)

static void draw_pairs(int distribution, rv_random r, uint64_t first, double *d, int64_t n) {
  uint64_t even[RV_PAIRS], odd[RV_PAIRS];
  bits_of_pairs(r, first, even, odd, n);
  switch (distribution) {
  case RV_NORMAL: normals(d, even, odd, n); break;
  case RV_RADEMACHER: signs(d, even, odd, n); break;
  case RV_EXPONENTIAL_DRAW: exponentials(d, even, odd, n); break;
  default: uniforms(d, even, odd, n);
  }
}

static rv_random random_of(const rv_place *p, const rv_frame *f) {
  return rv_random_at(f->seed, f->step, p->isGlobal ? 0xFFFFFFFFu : f->tensor, p->site);
}

#define T float
#define N(name) name##_f32
#define UNIFORM_LIMIT 0x1.fffffep-1f
#include "DrawTemplate.h"
#undef T
#undef N
#undef UNIFORM_LIMIT
#define T double
#define N(name) name##_f64
#define UNIFORM_LIMIT 0x1.fffffffffffffp-1
#include "DrawTemplate.h"

static void bits_at(const rv_place *p, const rv_frame *f, int64_t start, uint64_t *d, int64_t n) {
  rv_random r = random_of(p, f);
  while (n > 0) {
    uint64_t even[RV_PAIRS], odd[RV_PAIRS];
    int64_t skipped = start & 1, most = 2 * RV_PAIRS - skipped, count = n < most ? n : most;
    bits_of_pairs(r, (uint64_t)start >> 1, even, odd, (skipped + count + 1) / 2);
    for (int64_t i = 0; i < count; i++) {
      int64_t k = skipped + i;
      d[i] = k & 1 ? odd[k >> 1] : even[k >> 1];
    }
    start += count;
    d += count;
    n -= count;
  }
}

const rv_draws *rv_draw_kernels(void) {
  static const rv_draws kernels = {draw_f32, draw_f64, bits_at};
  return &kernels;
}
