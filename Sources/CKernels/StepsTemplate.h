// Steps over whole tensors; included once per element type, with T, N(name) and M(name) (libm).
#pragma STDC FP_CONTRACT OFF

// The largest number of a row. A NaN need not be found: it makes the row's sum a NaN.
RV_INLINE T N(row_maximum)(const T *x, int64_t n) {
  T best = -INFINITY;
  for (int64_t i = 0; i < n; i++) best = x[i] > best ? x[i] : best;
  return best;
}

RV_CLONES static void N(exp_flat)(const T *x, T *d, int64_t n) {
  RV_LOOP for (int64_t i = 0; i < n; i++) d[i] = N(rv_exp)(x[i]);
}

RV_CLONES static void N(log_flat)(const T *x, T *d, int64_t n) {
  RV_LOOP for (int64_t i = 0; i < n; i++) d[i] = N(rv_log)(x[i]);
}

// Rows are short more often than not, so whole blocks of rows are shifted, then exponentiated as
// one run of numbers. d <- x - max, and sums[r] <- sum of exp(d) over row r; `part` holds the block's
// exponentials.
#define RV_BLOCK 2048
#define RV_BLOCK_ROWS 256

// With the number of columns known the loops over them are written out; else most of a short row would be its loops.
RV_INLINE void N(shift_rows)(const T *x, T *d, int64_t rows, const int64_t cols) {
  for (int64_t r = 0; r < rows; r++, x += cols, d += cols) {
    T shift = N(row_maximum)(x, cols);
    for (int64_t i = 0; i < cols; i++) d[i] = x[i] - shift;
  }
}

RV_INLINE void N(sum_rows)(const T *x, T *sums, int64_t rows, const int64_t cols) {
  for (int64_t r = 0; r < rows; r++, x += cols) {
    double sum = 0;
    for (int64_t i = 0; i < cols; i++) sum += (double)x[i];
    sums[r] = (T)sum;
  }
}

RV_INLINE void N(subtract_rows)(T *d, const T *sums, int64_t rows, const int64_t cols) {
  for (int64_t r = 0; r < rows; r++, d += cols)
    for (int64_t i = 0; i < cols; i++) d[i] -= sums[r];
}

#define RV_BY_COLUMNS(call) \
  switch (cols) { \
  case 2: call(2); break; \
  case 3: call(3); break; \
  case 4: call(4); break; \
  case 5: call(5); break; \
  case 8: call(8); break; \
  case 10: call(10); break; \
  case 16: call(16); break; \
  default: call(cols); \
  }

static void N(shifted_sums)(
    const T *x, T *d, T *part, T *sums, int64_t rows, int64_t cols, int keepsParts) {
#define RV_CALL(cols) N(shift_rows)(x, d, rows, cols)
  RV_BY_COLUMNS(RV_CALL)
#undef RV_CALL
  if (keepsParts) {
    N(exp_flat)(d, part, rows * cols);
#define RV_CALL(cols) N(sum_rows)(part, sums, rows, cols)
    RV_BY_COLUMNS(RV_CALL)
#undef RV_CALL
    return;
  }
  // One long row, piece by piece.
  double sum = 0;
  for (int64_t i = 0; i < cols; i += RV_BLOCK) {
    int64_t n = cols - i < RV_BLOCK ? cols - i : RV_BLOCK;
    N(exp_flat)(d + i, part, n);
    for (int64_t j = 0; j < n; j++) sum += (double)part[j];
  }
  sums[0] = (T)sum;
}

static int64_t N(block_rows)(int64_t rows, int64_t cols) {
  int64_t fit = cols > 0 ? RV_BLOCK / cols : RV_BLOCK_ROWS;
  if (fit > RV_BLOCK_ROWS) fit = RV_BLOCK_ROWS;
  if (fit < 1) fit = 1;
  return fit < rows ? fit : rows;
}

static void N(softmax)(const T *x, T *d, int64_t rows, int64_t cols) {
  T part[RV_BLOCK], sums[RV_BLOCK_ROWS];
  int64_t block = N(block_rows)(rows, cols);
  for (int64_t r = 0; r < rows; r += block, x += block * cols, d += block * cols) {
    int64_t here = rows - r < block ? rows - r : block;
    int fits = here * cols <= RV_BLOCK;
    N(shifted_sums)(x, d, part, sums, here, cols, fits);
    if (fits) memcpy(d, part, (size_t)(here * cols) * sizeof(T));
    else N(exp_flat)(d, d, cols);
    for (int64_t k = 0; k < here; k++)
      for (int64_t i = 0; i < cols; i++) d[k * cols + i] /= sums[k];
  }
}

static void N(log_softmax)(const T *x, T *d, int64_t rows, int64_t cols) {
  T part[RV_BLOCK], sums[RV_BLOCK_ROWS];
  int64_t block = N(block_rows)(rows, cols);
  for (int64_t r = 0; r < rows; r += block, x += block * cols, d += block * cols) {
    int64_t here = rows - r < block ? rows - r : block;
    N(shifted_sums)(x, d, part, sums, here, cols, here * cols <= RV_BLOCK);
    N(log_flat)(sums, sums, here);
#define RV_CALL(cols) N(subtract_rows)(d, sums, here, cols)
    RV_BY_COLUMNS(RV_CALL)
#undef RV_CALL
  }
}

static void N(diagonal)(const T *x, T *d, int64_t n) {
  memset(d, 0, (size_t)(n * n) * sizeof(T));
  for (int64_t i = 0; i < n; i++) d[i * (n + 1)] = x[i];
}

static void N(place_slice)(
    const T *x, T *d, int64_t count, int64_t total, int64_t offset, const rv_place *p) {
  memset(d, 0, (size_t)total * sizeof(T));
  int64_t index[RV_MAX_AXES] = {0};
  int last = p->axes - 1;
  T *row = d + offset;
  int64_t inner = p->extent[last];
  for (int64_t i = 0; i < count; i += inner) {
    for (int64_t j = 0; j < inner; j++) row[j * p->stride[last]] = x[i + j];
    for (int axis = last - 1; axis >= 0; axis--) {
      row += p->stride[axis];
      if (++index[axis] < p->extent[axis]) break;
      row -= p->stride[axis] * p->extent[axis];
      index[axis] = 0;
    }
  }
}

#define RV_INDEX(i, limit) \
  T number = index[indexCount == 1 ? 0 : (i)]; \
  if (!(number >= 0 && number < (T)(limit))) return indexCount == 1 ? 0 : (i); \
  int64_t at = (int64_t)number; \
  if ((T)at != number) return indexCount == 1 ? 0 : (i);

static int64_t N(gather)(
    const T *table, int64_t tableRows, const T *index, int64_t indexCount, T *d, int64_t rows,
    int64_t cols) {
  for (int64_t i = 0; i < rows; i++) {
    RV_INDEX(i, tableRows)
    memcpy(d + i * cols, table + at * cols, (size_t)cols * sizeof(T));
  }
  return -1;
}

static int64_t N(scatter_add)(
    const T *index, int64_t indexCount, const T *values, T *d, int64_t valueRows, int64_t rows,
    int64_t cols) {
  memset(d, 0, (size_t)(rows * cols) * sizeof(T));
  for (int64_t i = 0; i < valueRows; i++) {
    RV_INDEX(i, rows)
    T *row = d + at * cols;
    for (int64_t j = 0; j < cols; j++) row[j] += values[i * cols + j];
  }
  return -1;
}

static int64_t N(take_along)(
    const T *x, const T *index, int64_t indexCount, T *d, int64_t rows, int64_t cols) {
  for (int64_t i = 0; i < rows; i++) {
    RV_INDEX(i, cols)
    d[i] = x[i * cols + at];
  }
  return -1;
}

static int64_t N(place_along)(
    const T *values, const T *index, int64_t indexCount, T *d, int64_t rows, int64_t cols) {
  memset(d, 0, (size_t)(rows * cols) * sizeof(T));
  for (int64_t i = 0; i < rows; i++) {
    RV_INDEX(i, cols)
    d[i * cols + at] = values[i];
  }
  return -1;
}

// Whether x comes strictly before y: NaN after everything (ascending) or before (descending).
static inline int N(before)(T x, T y, int descending) {
  if (x != x || y != y) return descending ? x != x && y == y : y != y && x == x;
  return descending ? x > y : x < y;
}

// Bottom-up merge sort of element numbers: stable, and no allocation. Returns where the order lies.
static int64_t *N(order)(const T *x, int64_t n, int descending, int64_t *scratch) {
  int64_t *from = scratch, *to = scratch + n;
  for (int64_t i = 0; i < n; i++) from[i] = i;
  for (int64_t width = 1; width < n; width *= 2) {
    for (int64_t low = 0; low < n; low += 2 * width) {
      int64_t middle = low + width < n ? low + width : n;
      int64_t high = low + 2 * width < n ? low + 2 * width : n;
      int64_t i = low, j = middle;
      for (int64_t k = low; k < high; k++) {
        int takesRight = i >= middle || (j < high && N(before)(x[from[j]], x[from[i]], descending));
        to[k] = takesRight ? from[j++] : from[i++];
      }
    }
    int64_t *swap = from;
    from = to;
    to = swap;
  }
  return from;
}

static void N(sort)(const T *x, T *d, int64_t n, int givesIndices, int64_t *scratch) {
  const int64_t *order = N(order)(x, n, 0, scratch);
  for (int64_t i = 0; i < n; i++) d[i] = givesIndices ? (T)order[i] : x[order[i]];
}

static void N(top_k_mask)(const T *x, T *d, int64_t n, double fraction, int64_t *scratch) {
  double wanted = ceil(fraction * (double)n);
  int64_t kept = wanted >= (double)n ? n : wanted > 0 ? (int64_t)wanted : 0;
  memset(d, 0, (size_t)n * sizeof(T));
  const int64_t *order = N(order)(x, n, 1, scratch);
  for (int64_t i = 0; i < kept; i++) d[order[i]] = 1;
}

static double N(quantile)(const T *x, int64_t n, double q, int64_t *scratch) {
  if (n == 0 || q != q) return NAN;
  for (int64_t i = 0; i < n; i++)
    if (x[i] != x[i]) return NAN;
  const int64_t *order = N(order)(x, n, 0, scratch);
  double clipped = q < 0 ? 0 : q > 1 ? 1 : q;
  double position = clipped * (double)(n - 1);
  int64_t low = (int64_t)floor(position);
  int64_t high = (int64_t)ceil(position);
  double fraction = position - (double)low;
  double a = x[order[low]], b = x[order[high]];
  if (a == b) return a;
  return fraction < 0.5 ? a + (b - a) * fraction : b - (b - a) * (1 - fraction);
}

static double N(arg_extreme)(const T *x, int64_t n, int64_t stride, int wantsLargest) {
  int64_t best = 0;
  for (int64_t i = 1; i < n; i++) {
    T old = x[best * stride], new = x[i * stride];
    if (old != old) break;
    if (new != new || (wantsLargest ? new > old : new < old)) best = i;
  }
  return (double)best;
}

// A tile of c in registers: up to 6 rows of a against two vectors of b, or up to 12 against one. Twelve
// accumulators, two vectors of b and one entry of a fill the sixteen registers of x86-64-v3, and no
// multiply-add waits for the one before it. The last columns are half a vector where that holds them.
#define RV_LANES ((int64_t)(32 / sizeof(T)))
#define RV_TURNED 4096

#define RV_TILE_OF(name, lanes, loose, BYTES) \
  typedef T N(lanes) __attribute__((vector_size(BYTES))); \
  typedef T N(loose) __attribute__((vector_size(BYTES), aligned(sizeof(T)), may_alias)); \
  RV_INLINE void N(name)( \
      const int rows, const int vectors, int64_t k, const T *a, int64_t rowA, int64_t colA, \
      const T *panel, int64_t step, T *c, int64_t stride, int64_t width) { \
    _Pragma("clang fp contract(fast)") \
    const int64_t each = BYTES / sizeof(T); \
    N(lanes) s[12][2]; \
    _Pragma("clang loop unroll(full)") for (int i = 0; i < rows; i++) \
      _Pragma("clang loop unroll(full)") for (int j = 0; j < vectors; j++) s[i][j] = (N(lanes)){0}; \
    for (int64_t p = 0; p < k; p++) { \
      const T *row = panel + p * step; \
      _Pragma("clang loop unroll(full)") for (int i = 0; i < rows; i++) { \
        T x = a[i * rowA + p * colA]; \
        _Pragma("clang loop unroll(full)") for (int j = 0; j < vectors; j++) \
          s[i][j] += x * *(const N(loose) *)(row + j * each); \
      } \
    } \
    const int last = vectors - 1; \
    _Pragma("clang loop unroll(full)") for (int i = 0; i < rows; i++) { \
      T *to = c + i * stride; \
      if (last == 1) *(N(loose) *)to = s[i][0]; \
      if (width == vectors * each) { \
        *(N(loose) *)(to + last * each) = s[i][last]; \
      } else { \
        T part[BYTES / sizeof(T)]; \
        *(N(loose) *)part = s[i][last]; \
        int64_t q = 0, count = width - last * each; \
        to += last * each; \
        for (; q + 4 <= count; q += 4) __builtin_memcpy(to + q, part + q, 4 * sizeof(T)); \
        for (; q < count; q++) to[q] = part[q]; \
      } \
    } \
  }
RV_TILE_OF(tile, tile_lanes, tile_loose, 32)
RV_TILE_OF(half_tile, half_lanes, half_loose, 16)

#define RV_TILE(name, rows, vectors) \
  N(name)( \
      rows, vectors, k, a + i * rowA, rowA, colA, from, step, c + i * n + j, n, width)
#define RV_SOME(name, rows) \
  if (m - i >= rows) { \
    RV_TILE(name, rows, 1); \
    i += rows; \
  }
#define RV_NARROW(name) \
  for (; i + 12 <= m; i += 12) RV_TILE(name, 12, 1); \
  RV_SOME(name, 8) RV_SOME(name, 4) RV_SOME(name, 2) RV_SOME(name, 1)

#define RV_PRODUCT_OF \
  int64_t m, int64_t n, int64_t k, const T *a, int64_t rowA, int64_t colA, const T *b, \
      int64_t rowB, int64_t colB, T *c
#define RV_PANEL (RV_SMALL_DEPTH * 2 * (32 / sizeof(T)))

// `width` columns of b as rows of `full` entries, zeros behind the last of them.
RV_INLINE void N(pack_columns)(
    int64_t k, const T *b, int64_t rowB, int64_t colB, int64_t width, int64_t full, T *panel) {
  if (width != full)
    for (int64_t q = 0; q < k * full; q += RV_LANES / 2)
      *(N(half_loose) *)(panel + q) = (N(half_lanes)){0};
  if (colB == 1) {
    for (int64_t p = 0; p < k; p++) {
      const T *row = b + p * rowB;
      T *to = panel + p * full;
      int64_t q = 0;
      for (; q + RV_LANES <= width; q += RV_LANES)
        *(N(tile_loose) *)(to + q) = *(const N(tile_loose) *)(row + q);
      for (; q < width; q++) to[q] = row[q];
    }
  } else {
    // Along the columns of b, which lie in rows.
    for (int64_t q = 0; q < width; q++) {
      const T *column = b + q * colB;
      for (int64_t p = 0; p < k; p++) panel[p * full + q] = column[p * rowB];
    }
  }
}

#define RV_COLUMNS_OF_B \
  int64_t width = rest < full ? rest : full; \
  const T *from = b + j * colB; \
  int64_t step = rowB; \
  if (colB != 1 || width != full) { \
    N(pack_columns)(k, from, rowB, colB, width, full, panel); \
    from = panel; \
    step = full; \
  }

RV_CLONES static void N(small_product_usual)(RV_PRODUCT_OF) {
  _Alignas(32) T panel[RV_PANEL];
  for (int64_t j = 0; j < n;) {
    int64_t rest = n - j;
    // In halves of a vector.
    int halves = rest > RV_LANES ? 4 : rest > RV_LANES / 2 ? 2 : 1;
    int64_t full = halves * RV_LANES / 2;
    RV_COLUMNS_OF_B
    int64_t i = 0;
    if (halves == 4) {
      for (; i + 6 <= m; i += 6) RV_TILE(tile, 6, 2);
      switch (m - i) {
      case 5: RV_TILE(tile, 5, 2); break;
      case 4: RV_TILE(tile, 4, 2); break;
      case 3: RV_TILE(tile, 3, 2); break;
      case 2: RV_TILE(tile, 2, 2); break;
      case 1: RV_TILE(tile, 1, 2); break;
      }
    } else if (halves == 2) {
      RV_NARROW(tile)
    } else {
      RV_NARROW(half_tile)
    }
    j += width;
  }
}

#if defined(RV_WIDE)
typedef T N(wide_lanes) __attribute__((vector_size(64)));
typedef T N(wide_loose) __attribute__((vector_size(64), aligned(sizeof(T)), may_alias));
#define RV_WIDE_LANES ((int64_t)(64 / sizeof(T)))

// With 32 registers up to 8 rows against two vectors, or 16 against one. Of the last vector only the lanes of `mask` are read
// and written, so nothing is copied to fill it.
RV_WIDE_INLINE void N(wide_tile)(
    const int rows, const int vectors, const int isMasked, int64_t k, const T *a, int64_t rowA,
    int64_t colA, const T *b, int64_t step, T *c, int64_t stride, unsigned mask) {
  _Pragma("clang fp contract(fast)")
  const int last = vectors - 1;
  N(wide_lanes) s[16][2];
  _Pragma("clang loop unroll(full)") for (int i = 0; i < rows; i++)
    _Pragma("clang loop unroll(full)") for (int j = 0; j < vectors; j++)
      s[i][j] = (N(wide_lanes)){0};
  for (int64_t p = 0; p < k; p++, b += step) {
    N(wide_lanes) y[2];
    if (last == 1) y[0] = *(const N(wide_loose) *)b;
    y[last] = isMasked ? (N(wide_lanes))RV_MM(maskz_loadu)(mask, b + last * RV_WIDE_LANES)
                       : *(const N(wide_loose) *)(b + last * RV_WIDE_LANES);
    _Pragma("clang loop unroll(full)") for (int i = 0; i < rows; i++) {
      T x = a[i * rowA + p * colA];
      _Pragma("clang loop unroll(full)") for (int j = 0; j < vectors; j++) s[i][j] += x * y[j];
    }
  }
  _Pragma("clang loop unroll(full)") for (int i = 0; i < rows; i++) {
    T *to = c + i * stride;
    if (last == 1) *(N(wide_loose) *)to = s[i][0];
    if (isMasked) RV_MM(mask_storeu)(to + last * RV_WIDE_LANES, mask, s[i][last]);
    else *(N(wide_loose) *)(to + last * RV_WIDE_LANES) = s[i][last];
  }
}

#define RV_WIDE_TILE(rows, vectors, isMasked) \
  N(wide_tile)( \
      rows, vectors, isMasked, k, a + i * rowA, rowA, colA, from, step, c + i * n + j, n, mask)
#define RV_WIDE_SOME(rows, vectors, isMasked) \
  if (m - i >= rows) { \
    RV_WIDE_TILE(rows, vectors, isMasked); \
    i += rows; \
  }
#define RV_WIDE_ROWS(isMasked) \
  if (vectors == 2) { \
    for (; i + 8 <= m; i += 8) RV_WIDE_TILE(8, 2, isMasked); \
    RV_WIDE_SOME(4, 2, isMasked) RV_WIDE_SOME(2, 2, isMasked) RV_WIDE_SOME(1, 2, isMasked) \
  } else { \
    for (; i + 16 <= m; i += 16) RV_WIDE_TILE(16, 1, isMasked); \
    RV_WIDE_SOME(8, 1, isMasked) RV_WIDE_SOME(4, 1, isMasked) RV_WIDE_SOME(2, 1, isMasked) \
    RV_WIDE_SOME(1, 1, isMasked) \
  }

// Columns of b that lie in rows, as rows: by whole vectors, or the loads behind would wait for many small stores.
RV_WIDE_INLINE void N(wide_columns)(
    int64_t k, const T *b, int64_t rowB, int64_t colB, int64_t width, int64_t full, T *panel) {
  for (int64_t q = 0; q < full; q += RV_WIDE_LANES) {
    const T *from = b + q * colB;
    int64_t here = width - q;
    for (int64_t p = 0; p < k; p++, from += rowB) {
      N(wide_lanes) row;
      if (here >= RV_WIDE_LANES) {
        _Pragma("clang loop unroll(full)") for (int e = 0; e < RV_WIDE_LANES; e++)
          row[e] = from[e * colB];
      } else {
        row = (N(wide_lanes)){0};
        _Pragma("clang loop unroll(full)") for (int e = 0; e < RV_WIDE_LANES - 1; e++)
          if (e < here) row[e] = from[e * colB];
      }
      *(N(wide_loose) *)(panel + p * full + q) = row;
    }
  }
}

// The same sums: an entry of c adds up in the order of its depth whatever the tile.
RV_WIDE static void N(small_product_wide)(RV_PRODUCT_OF) {
  _Alignas(64) T panel[2 * RV_PANEL];
  for (int64_t j = 0; j < n;) {
    int64_t rest = n - j;
    int vectors = rest > RV_WIDE_LANES ? 2 : 1;
    int64_t full = vectors * RV_WIDE_LANES, width = rest < full ? rest : full;
    unsigned mask = (1u << (width - full + RV_WIDE_LANES)) - 1;
    const T *from = b + j * colB;
    int64_t step = rowB;
    if (colB != 1) {
      N(wide_columns)(k, from, rowB, colB, width, full, panel);
      from = panel;
      step = full;
    }
    int64_t i = 0;
    if (width == full) {
      RV_WIDE_ROWS(0)
    } else {
      RV_WIDE_ROWS(1)
    }
    j += width;
  }
}
#endif

static void N(small_product)(RV_PRODUCT_OF) {
#if defined(RV_WIDE)
  if (rv_has_wide()) {
    N(small_product_wide)(m, n, k, a, rowA, colA, b, rowB, colB, c);
    return;
  }
#endif
  N(small_product_usual)(m, n, k, a, rowA, colA, b, rowB, colB, c);
}
#undef RV_COLUMNS_OF_B

// Where a is stored by columns and c is narrow, vectors run down the columns instead: the transpose
// of c is made, and turned.
static void N(small_product_turned)(
    int64_t m, int64_t n, int64_t k, const T *a, int64_t rowA, int64_t colA, const T *b,
    int64_t rowB, int64_t colB, T *c) {
  T turned[RV_TURNED];
  N(small_product)(n, m, k, b, colB, rowB, a, colA, rowA, turned);
  for (int64_t i = 0; i < m; i++)
    for (int64_t j = 0; j < n; j++) c[i * n + j] = turned[j * m + i];
}

static void N(small_product_either)(
    int64_t m, int64_t n, int64_t k, const T *a, int64_t rowA, int64_t colA, const T *b,
    int64_t rowB, int64_t colB, T *c) {
  if (rowA == 1 && m >= 2 * RV_LANES && n % (2 * RV_LANES) != 0 && n < 2 * m && m * n <= RV_TURNED)
    N(small_product_turned)(m, n, k, a, rowA, colA, b, rowB, colB, c);
  else
    N(small_product)(m, n, k, a, rowA, colA, b, rowB, colB, c);
}

static void N(small_products)(
    int64_t count, int64_t m, int64_t n, int64_t k, const T *a, int64_t rowA, int64_t colA,
    int64_t stepA, const T *b, int64_t rowB, int64_t colB, int64_t stepB, T *c) {
  for (int64_t p = 0; p < count; p++, a += stepA, b += stepB, c += m * n)
    N(small_product_either)(m, n, k, a, rowA, colA, b, rowB, colB, c);
}

// A row of a patch: which of its columns lie in the image, and where the first of these stands there.
typedef struct {
  int64_t first, last, from;
} N(patch_row);

static inline N(patch_row) N(row_of_patch)(
    const rv_patches *p, int64_t down, int64_t across, int64_t row) {
  int64_t y = down * p->stride + row - p->pad, left = across * p->stride - p->pad;
  N(patch_row) r = {0, 0, 0};
  if (y < 0 || y >= p->height) return r;
  r.first = left < 0 ? (-left < p->cols ? -left : p->cols) : 0;
  r.last = p->width - left < p->cols ? p->width - left : p->cols;
  if (r.last < r.first) r.last = r.first;
  r.from = (y * p->width + left + r.first) * p->channels;
  return r;
}

#define RV_EACH_PATCH_ROW(p) \
  for (int64_t i = 0; i < p->down; i++) \
    for (int64_t j = 0; j < p->across; j++) \
      for (int64_t r = 0; r < p->rows; r++)

static void N(unfold)(const T *x, T *d, const rv_patches *p) {
  int64_t channels = p->channels;
  RV_EACH_PATCH_ROW(p) {
    N(patch_row) row = N(row_of_patch)(p, i, j, r);
    const T *from = x + row.from;
    int64_t first = row.first * channels, last = row.last * channels, width = p->cols * channels;
    for (int64_t k = 0; k < first; k++) d[k] = 0;
    for (int64_t k = first; k < last; k++) d[k] = from[k - first];
    for (int64_t k = last; k < width; k++) d[k] = 0;
    d += width;
  }
}

static void N(fold)(const T *x, T *d, const rv_patches *p) {
  int64_t channels = p->channels;
  memset(d, 0, (size_t)(p->height * p->width * channels) * sizeof(T));
  RV_EACH_PATCH_ROW(p) {
    N(patch_row) row = N(row_of_patch)(p, i, j, r);
    T *to = d + row.from;
    int64_t first = row.first * channels, count = (row.last - row.first) * channels;
    for (int64_t k = 0; k < count; k++) to[k] += x[first + k];
    x += p->cols * channels;
  }
}
