// Included once per element type: draws of the elements [start, start + n) of a tensor.

RV_CLONES static void N(round_draws)(T *d, const double *x, int isUniform, int64_t n) {
  const T most = isUniform ? UNIFORM_LIMIT : (T)INFINITY;
  RV_LOOP
  for (int64_t i = 0; i < n; i++) {
    T y = (T)x[i];
    d[i] = y > most ? most : y;
  }
}

RV_CLONES static void N(below)(T *d, const double *x, const T *limits, int64_t n) {
  RV_LOOP
  for (int64_t i = 0; i < n; i++) d[i] = x[i] < (double)limits[i] ? 1 : 0;
}

RV_CLONES static void N(below_one)(T *d, const double *x, double limit, int64_t n) {
  RV_LOOP
  for (int64_t i = 0; i < n; i++) d[i] = x[i] < limit ? 1 : 0;
}

static void N(draw)(
    void *to, const void *operand, const rv_place *p, const rv_frame *f, int64_t start, int64_t n) {
  T *d = to;
  const double *replay = f->replays[p->replay];
  if (replay) {
    for (int64_t i = 0; i < n; i++) d[i] = (T)replay[start + i];
    return;
  }
  rv_random r = random_of(p, f);
  for (int64_t i = 0; i < n;) {
    double drawn[2 * RV_PAIRS];
    int64_t element = start + i, skipped = element & 1;
    int64_t most = 2 * RV_PAIRS - skipped, count = n - i < most ? n - i : most;
    draw_pairs(p->distribution, r, (uint64_t)element >> 1, drawn, (skipped + count + 1) / 2);
    const double *x = drawn + skipped;
    if (p->distribution != RV_BERNOULLI) {
      N(round_draws)(d + i, x, p->distribution == RV_UNIFORM, count);
    } else if (p->stride[0]) {
      N(below)(d + i, x, (const T *)operand + i, count);
    } else {
      N(below_one)(d + i, x, *(const double *)operand, count);
    }
    i += count;
  }
}
