// States stored in fewer bits than they are computed in; included once per element type, with T the
// type and N(name) its suffix, after Formats.h and Lines.h. A place says: `distribution` the format,
// extent[0] the numbers of a block, extent[1] the numbers in all, `fold` whether chance rounds, `site`.
//
// A state in blocks is the scales, one float a block, and then the codes. What runs at once must hold
// whole blocks and whole bytes.
#pragma STDC FP_CONTRACT OFF

// Numbers that chance rounds, at once.
#define RV_CHANCES 256

// k of the nearest code for y in [0, 1], by the lines of Lines.h. At a distance of a rounding from
// the middle between two codes it may be either.
#define RV_ABOVE(i, power, shift) \
  rate = y >= (T)RV_BORDER(i, power, shift) ? (T)RV_RATE(i, power, shift) : rate; \
  start = y >= (T)RV_BORDER(i, power, shift) ? (T)RV_START(i, shift) : start;
#define RV_NEAREST(lowestRate, lowestStart, shift) \
  T rate = (T)lowestRate, start = (T)lowestStart; \
  RV_ABOVE(1, 1e-5, shift) RV_ABOVE(2, 1e-4, shift) RV_ABOVE(3, 1e-3, shift) \
  RV_ABOVE(4, 1e-2, shift) RV_ABOVE(5, 1e-1, shift) RV_ABOVE(6, 1.0, shift) \
  rate = y >= (T)RV_TOP_BORDER(shift) ? 0 : rate; \
  start = y >= (T)RV_TOP_BORDER(shift) ? (T)(128 << shift) : start; \
  T k = y * rate + start, end = start * (T)RV_LINE_END; \
  return (int)(k < end ? k : end);
RV_INLINE int N(nearest_signed)(T y) { RV_NEAREST(RV_S8_LOWEST_RATE, RV_S8_LOWEST_START, 0) }
RV_INLINE int N(nearest_unsigned)(T y) { RV_NEAREST(RV_U8_LOWEST_RATE, RV_U8_LOWEST_START, 1) }
#undef RV_ABOVE
#undef RV_NEAREST

RV_INLINE float N(scale_of)(T largest) {
  float scale = (float)largest;
  // What has no number or no end in it has no scale.
  return scale - scale == 0 ? scale : NAN;
}

RV_INLINE float N(largest)(const T *x, int64_t n) {
#if RV_IS_WIDE
  double largest = 0;
  for (int64_t i = 0; i < n; i++) {
    double y = fabs(x[i]);
    largest = y > largest || y != y ? y : largest;
    if (largest != largest) break;
  }
  return N(scale_of)(largest);
#else
  // Bits of positive floats are in their order, and those of NaN above all.
  uint32_t largest = 0;
  int64_t done = rv_largest_many(&largest, x, n);
  for (int64_t i = done; i < n; i++) {
    uint32_t u;
    memcpy(&u, x + i, 4);
    u &= 0x7FFFFFFFu;
    largest = u > largest ? u : largest;
  }
  float scale;
  memcpy(&scale, &largest, 4);
  return N(scale_of)(scale);
#endif
}

RV_INLINE T N(divisor)(float scale) { return scale > 0 ? (T)scale : 1; }

#if RV_IS_WIDE
RV_INLINE T N(size_of)(T x) { return fabs(x); }
#else
RV_INLINE T N(size_of)(T x) { return fabsf(x); }
#endif

#if RV_IS_WIDE
#define RV_MANY(call) 0
#else
#define RV_MANY(call) call
#endif

RV_CLONES static void N(encode_s8)(uint8_t *codes, const T *x, float scale, int64_t n) {
  if (scale == 0 || scale - scale != 0) {
    memset(codes, 127, (size_t)n);
    return;
  }
  const T nearer = rv_nearer_one(scale), inverse = 1 / ((T)scale * nearer);
  int64_t done = RV_MANY(rv_encode_s8_many(codes, x, scale, n));
  RV_LOOP for (int64_t i = done; i < n; i++) {
    T z = x[i];
    int k = N(nearest_signed)(N(size_of)(z) * nearer * inverse);
    // A number that is not 0 keeps its sign; the map ends before -1.
    int code = 127 + (z > 0 ? k : z < 0 ? -k : 0);
    codes[i] = (uint8_t)(code < 0 ? 0 : code);
  }
}

RV_CLONES static void N(encode_u8)(uint8_t *codes, const T *x, float scale, int64_t n) {
  if (scale == 0 || scale - scale != 0) {
    memset(codes, 0, (size_t)n);
    return;
  }
  const T nearer = rv_nearer_one(scale), inverse = 1 / ((T)scale * nearer);
  int64_t done = RV_MANY(rv_encode_u8_many(codes, x, scale, n));
  RV_LOOP for (int64_t i = done; i < n; i++) {
    int code = N(nearest_unsigned)(x[i] * nearer * inverse) - 1;
    // What is positive keeps at least the smallest step.
    codes[i] = (uint8_t)(x[i] > 0 ? (code > 1 ? code : 1) : 0);
  }
}

RV_CLONES static void N(decode_by)(
    T *d, const float *map, const uint8_t *codes, float scale, int64_t n) {
  for (int64_t i = 0; i < n; i++) d[i] = (T)map[codes[i]] * (T)scale;
}

static void N(decode_s8)(T *d, const uint8_t *codes, float scale, int64_t n) {
  int64_t done = RV_MANY(rv_decode_s8_many(d, codes, scale, n));
  N(decode_by)(d + done, rv_map_s8, codes + done, scale, n - done);
}

static void N(decode_u8)(T *d, const uint8_t *codes, float scale, int64_t n) {
  int64_t done = RV_MANY(rv_decode_u8_many(d, codes, scale, n));
  N(decode_by)(d + done, rv_map_u8, codes + done, scale, n - done);
}
#undef RV_MANY

static float N(mean_size)(const T *x, int64_t n) {
  double sums[8] = {0}, sum = 0;
  for (int64_t i = 0; i < n; i++) sums[i & 7] += fabs((double)x[i]);
  for (int k = 0; k < 8; k++) sum += sums[k];
  return N(scale_of)((T)(sum / (double)n));
}

// One of the two codes around x, so that the mean is x within the map's ends.
static uint8_t N(code_by_chance)(const float *map, T x, float scale, uint64_t bits) {
  double y = (double)x / (double)N(divisor)(scale);
  int low = 0, high = 255;
  if (!(y > map[0])) return 0;
  if (y >= 1) return 255;
  while (high - low > 1) {
    int middle = (low + high) / 2;
    if (map[middle] <= y) low = middle; else high = middle;
  }
  double share = (y - map[low]) / ((double)map[high] - map[low]);
  return (uint8_t)(share >= 1 - (double)(bits >> 11) * 0x1p-53 ? high : low);
}

static void N(encode_block)(
    const rv_place *p, const rv_frame *f, float *scale, uint8_t *codes, const T *x, int64_t start,
    int64_t n) {
  const int format = p->distribution;
  if (format == RV_SIGN1) {
    *scale = N(mean_size)(x, n);
    for (int64_t i = start; i < start + n; i++) {
      uint8_t bit = (uint8_t)(1 << (i & 7));
      if (x[i - start] < 0) codes[i >> 3] |= bit; else codes[i >> 3] &= (uint8_t)~bit;
    }
    return;
  }
  *scale = N(largest)(x, n);
  if (p->fold) {
    const float *map = format == RV_S8 ? rv_map_s8 : rv_map_u8;
    for (int64_t done = 0; done < n; done += RV_CHANCES) {
      uint64_t bits[RV_CHANCES];
      int64_t count = n - done < RV_CHANCES ? n - done : RV_CHANCES;
      f->draws->bits(p, f, start + done, bits, count);
      for (int64_t i = 0; i < count; i++) {
        codes[start + done + i] = N(code_by_chance)(map, x[done + i], *scale, bits[i]);
      }
    }
  } else if (format == RV_S8) {
    N(encode_s8)(codes + start, x, *scale, n);
  } else {
    N(encode_u8)(codes + start, x, *scale, n);
  }
}

// Elements [start, start + n) of a state into its memory.
static void N(place_encode)(
    void *memory, const T *x, const rv_place *p, const rv_frame *f, int64_t start, int64_t n) {
  if (p->distribution == RV_BF16 || p->distribution == RV_F16) {
    uint16_t *d = (uint16_t *)memory + start;
    for (int64_t done = 0; done < n; done += RV_CHANCES) {
      uint64_t bits[RV_CHANCES];
      int64_t count = n - done < RV_CHANCES ? n - done : RV_CHANCES;
      f->draws->bits(p, f, start + done, bits, count);
      for (int64_t i = 0; i < count; i++) {
        d[done + i] = rv_to_16_by_chance(p->distribution == RV_F16, x[done + i], bits[i]);
      }
    }
    return;
  }
  int64_t block = p->extent[0], blocks = (p->extent[1] + block - 1) / block;
  float *scales = memory;
  uint8_t *codes = (uint8_t *)(scales + blocks);
  for (int64_t i = 0; i < n; i += block) {
    N(encode_block)(
        p, f, scales + (start + i) / block, codes, x + i, start + i,
        n - i < block ? n - i : block);
  }
}

// Elements [start, start + n) of a state out of its memory.
static void N(place_decode)(T *d, const void *memory, const rv_place *p, int64_t start, int64_t n) {
  int64_t block = p->extent[0], blocks = (p->extent[1] + block - 1) / block;
  const float *scales = memory;
  const uint8_t *codes = (const uint8_t *)(scales + blocks);
  for (int64_t i = 0; i < n; i += block) {
    int64_t at = start + i, count = n - i < block ? n - i : block;
    float scale = scales[at / block];
    if (p->distribution == RV_SIGN1) {
      for (int64_t k = 0; k < count; k++) {
        d[i + k] = codes[(at + k) >> 3] >> ((at + k) & 7) & 1 ? -(T)scale : (T)scale;
      }
    } else if (p->distribution == RV_S8) {
      N(decode_s8)(d + i, codes + at, scale, count);
    } else {
      N(decode_u8)(d + i, codes + at, scale, count);
    }
  }
}
