// Operations that know their place in the iteration space; included once per element type, with T
// the type and N(name) its suffix.

static void N(place_strided)(T *d, const T *source, const rv_place *p, int64_t start, int64_t n) {
  int last = p->axes - 1;
  int64_t index[RV_MAX_AXES];
  int64_t rest = start;
  const T *row = source;
  for (int axis = last; axis >= 0; axis--) {
    index[axis] = rest % p->extent[axis];
    rest /= p->extent[axis];
    row += index[axis] * p->stride[axis];
  }
  int64_t inner = p->extent[last], step = p->stride[last];
  if (p->axes == 2 && p->stride[0] == 0 && step == 1) {
    // One row again and again: once by hand, then by doubling what is there.
    int64_t have = 0, at = index[last];
    while (have < inner && have < n) {
      int64_t count = inner - at < n - have ? inner - at : n - have;
      if (count > inner - have) count = inner - have;
      memcpy(d + have, source + at, (size_t)count * sizeof(T));
      have += count;
      at = 0;
    }
    while (have < n) {
      int64_t count = have < n - have ? have : n - have;
      memcpy(d + have, d, (size_t)count * sizeof(T));
      have += count;
    }
    return;
  }
  while (n > 0) {
    int64_t count = inner - index[last];
    if (count > n) count = n;
    if (step == 0) {
      T x = *row;
      for (int64_t i = 0; i < count; i++) d[i] = x;
    } else if (step == 1) {
      memcpy(d, row, (size_t)count * sizeof(T));
    } else {
      for (int64_t i = 0; i < count; i++) d[i] = row[i * step];
    }
    d += count;
    n -= count;
    row -= index[last] * step;
    index[last] = 0;
    for (int axis = last - 1; axis >= 0; axis--) {
      row += p->stride[axis];
      if (++index[axis] < p->extent[axis]) break;
      row -= p->stride[axis] * p->extent[axis];
      index[axis] = 0;
    }
  }
}

static void N(place_iota)(T *d, const rv_place *p, int64_t start, int64_t n) {
  int64_t inner = p->stride[0], extent = p->extent[0];
  for (int64_t i = 0; i < n; i++) d[i] = (T)((start + i) / inner % extent);
}

static void N(place_identity)(T *d, const rv_place *p, int64_t start, int64_t n) {
  int64_t cols = p->extent[1];
  for (int64_t i = 0; i < n; i++) d[i] = (start + i) / cols == (start + i) % cols ? 1 : 0;
}

// RV_FOLD_RUN(fold, carry, x, n): the fold of n elements into a double.
static void N(reduce_rows)(
    T *d, const T *x, const rv_place *p, double *carry, int64_t start, int64_t n) {
  int64_t cols = p->extent[1];
  double first = p->fold == RV_FOLD_SUM ? 0 : p->fold == RV_FOLD_MAX ? -INFINITY : INFINITY;
  if (cols == 0) {
    for (int64_t i = 0; i < p->extent[0]; i++) d[i] = (T)first;
    return;
  }
  while (n > 0) {
    int64_t row = start / cols, col = start % cols;
    int64_t count = cols - col < n ? cols - col : n;
    if (col == 0) *carry = first;
    *carry = RV_FOLD_RUN(p->fold, *carry, x, count);
    if (col + count == cols) d[row] = (T)*carry;
    start += count;
    x += count;
    n -= count;
  }
}

// sums[col ...] += x, row after row of `cols` entries.
RV_CLONES static void N(add_rows)(
    double *sums, const T *x, int64_t cols, int64_t start, int64_t n) {
  int64_t col = start % cols;
  while (n > 0) {
    int64_t count = cols - col < n ? cols - col : n;
    double *s = sums + col;
    RV_LOOP for (int64_t i = 0; i < count; i++) s[i] += (double)x[i];
    col = 0;
    x += count;
    n -= count;
  }
}

static void N(reduce_columns)(
    const T *x, const rv_place *p, double *sums, int64_t start, int64_t n) {
  int64_t cols = p->extent[1];
  if (p->fold == RV_FOLD_SUM) {
    if (n > 0) N(add_rows)(sums, x, cols, start, n);
    return;
  }
  while (n > 0) {
    int64_t col = start % cols;
    int64_t count = cols - col < n ? cols - col : n;
    double *s = sums + col;
    if (p->fold == RV_FOLD_MAX) {
      for (int64_t i = 0; i < count; i++) s[i] = x[i] > s[i] || x[i] != x[i] ? (double)x[i] : s[i];
    } else {
      for (int64_t i = 0; i < count; i++) s[i] = x[i] < s[i] || x[i] != x[i] ? (double)x[i] : s[i];
    }
    start += count;
    x += count;
    n -= count;
  }
}
