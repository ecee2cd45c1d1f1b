// Included once per element type, with T the type and N(name) its suffix.
#pragma STDC FP_CONTRACT OFF

typedef T N(row) __attribute__((vector_size(32)));
typedef T N(loose_row) __attribute__((vector_size(32), aligned(sizeof(T)), may_alias));
#define RV_ROW ((int64_t)(32 / sizeof(T)))

RV_CLONES static void N(add_row)(const rv_tape_op *op) {
  const T *a = op->a, *b = op->b;
  T *d = op->d;
  int64_t rows = op->m, cols = op->n;
  T low = op->flags & 1 ? (T) * (const double *)op->c : (T)-INFINITY;
  N(row) lows = (N(row)){0} + low;
  for (int64_t r = 0; r < rows; r++, d += cols, a += cols) {
    int64_t i = 0;
    for (; i + RV_ROW <= cols; i += RV_ROW) {
      N(row) x = *(const N(loose_row) *)(a + i) + *(const N(loose_row) *)(b + i);
      // As the kernel of `max`: a NaN stays one.
      __typeof__(x > lows) keeps = (x > lows) | (x != x);
      typedef __typeof__(keeps) bits;
      *(N(loose_row) *)(d + i) = (N(row))((keeps & (bits)x) | (~keeps & (bits)lows));
    }
    for (; i < cols; i++) {
      T x = a[i] + b[i];
      d[i] = x > low || x != x ? x : low;
    }
  }
}

// Sums of `width` columns in registers, in double, row after row.
#define RV_COLUMNS(width)                                                                          \
  for (; c + width <= cols; c += width) {                                                          \
    double s[width];                                                                               \
    const T *row = x + c;                                                                          \
    _Pragma("clang loop unroll(full)") for (int j = 0; j < width; j++) s[j] = 0;                   \
    for (int64_t r = 0; r < rows; r++, row += cols) {                                              \
      _Pragma("clang loop unroll(full)") for (int j = 0; j < width; j++) s[j] += (double)row[j];   \
    }                                                                                              \
    _Pragma("clang loop unroll(full)") for (int j = 0; j < width; j++) d[c + j] = (T)s[j];         \
  }

RV_CLONES static void N(column_sums)(T *d, const T *x, int64_t rows, int64_t cols) {
  int64_t c = 0;
  RV_COLUMNS(16)
  RV_COLUMNS(4)
  RV_COLUMNS(1)
}
#undef RV_COLUMNS
#undef RV_ROW
#pragma STDC FP_CONTRACT DEFAULT
