// Included once per element type, with T the type and N(name) its suffix: reductions of a chunk into
// the double at d. RV_HEAD(name, 0) begins such a kernel.

// Sums run in 32 lanes (64 bytes wide, several times), folded in a fixed order and then in double,
// so the result is the same on every machine and does not lose digits over a long tensor.
typedef T N(lanes) __attribute__((vector_size(32)));
#define RV_WIDTH (32 / sizeof(T))

// The same, at any address. Macros, since a vector argument would change the calling convention
// between the clones.
typedef T N(loose) __attribute__((vector_size(32), aligned(sizeof(T)), may_alias));
#define RV_LOAD(p) (*(const N(loose) *)(p))
#define RV_FOLD_LANES(total) \
  double total = 0; \
  { \
    N(lanes) s = (s0 + s1) + (s2 + s3); \
    for (size_t j = 0; j < RV_WIDTH; j++) total += (double)s[j]; \
  }

RV_HEAD(sum, 0) {
  const T *x = a;
  N(lanes) s0 = {0}, s1 = {0}, s2 = {0}, s3 = {0};
  size_t i = 0;
  for (; i + 4 * RV_WIDTH <= n; i += 4 * RV_WIDTH) {
    s0 += RV_LOAD(x + i);
    s1 += RV_LOAD(x + i + RV_WIDTH);
    s2 += RV_LOAD(x + i + 2 * RV_WIDTH);
    s3 += RV_LOAD(x + i + 3 * RV_WIDTH);
  }
  double rest = 0;
  for (; i < n; i++) rest += (double)x[i];
  RV_FOLD_LANES(total)
  total += rest;
  // Floats whose sum is none have one among the doubles.
  if (sizeof(T) == 4 && total - total != 0)
    for (i = 0, total = 0; i < n; i++) total += (double)x[i];
  *(double *)d_ += total;
  (void)b; (void)c; (void)e;
}

RV_HEAD(squares, 0) {
  const T *x = a;
  N(lanes) s0 = {0}, s1 = {0}, s2 = {0}, s3 = {0};
  size_t i = 0;
  for (; i + 4 * RV_WIDTH <= n; i += 4 * RV_WIDTH) {
    s0 += RV_LOAD(x + i) * RV_LOAD(x + i);
    s1 += RV_LOAD(x + i + RV_WIDTH) * RV_LOAD(x + i + RV_WIDTH);
    s2 += RV_LOAD(x + i + 2 * RV_WIDTH) * RV_LOAD(x + i + 2 * RV_WIDTH);
    s3 += RV_LOAD(x + i + 3 * RV_WIDTH) * RV_LOAD(x + i + 3 * RV_WIDTH);
  }
  double rest = 0;
  for (; i < n; i++) rest += (double)(T)(x[i] * x[i]);
  RV_FOLD_LANES(total)
  total += rest;
  // Floats whose squares are none have squares among the doubles.
  if (sizeof(T) == 4 && !(total >= 0x1p-100 && total <= 0x1p127)) {
    double part[8] = {0};
    for (i = 0; i + 8 <= n; i += 8)
      for (size_t j = 0; j < 8; j++) part[j] += (double)x[i + j] * (double)x[i + j];
    total = 0;
    for (; i < n; i++) total += (double)x[i] * (double)x[i];
    for (size_t j = 0; j < 8; j++) total += part[j];
  }
  *(double *)d_ += total;
  (void)b; (void)c; (void)e;
}

#define RV_EXTREME(name, compare) \
  RV_HEAD(name, 0) { \
    const T *x = a; \
    T lane[16]; \
    double found = *(double *)d_; \
    int nan = found != found; \
    size_t i = 0; \
    if (n >= 16) { \
      T bad[16]; \
      for (int j = 0; j < 16; j++) { lane[j] = x[j]; bad[j] = 0; } \
      for (; i + 16 <= n; i += 16) \
        for (int j = 0; j < 16; j++) { \
          T v = x[i + j]; \
          lane[j] = v compare lane[j] ? v : lane[j]; \
          bad[j] = v != v ? (T)1 : bad[j]; \
        } \
      for (int j = 0; j < 16; j++) { \
        nan |= bad[j] != 0; \
        if ((double)lane[j] compare found) found = lane[j]; \
      } \
    } \
    for (; i < n; i++) { \
      nan |= x[i] != x[i]; \
      if ((double)x[i] compare found) found = x[i]; \
    } \
    *(double *)d_ = nan ? NAN : found; \
    (void)b; (void)c; (void)e; \
  }
RV_EXTREME(max, >)
RV_EXTREME(min, <)
