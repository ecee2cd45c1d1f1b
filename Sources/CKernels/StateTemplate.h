// States stored in fewer bits than they are computed in; included once per element type, with T the
// type and N(name) its suffix, after Formats.h and Random.h. A place says: `distribution` the format,
// extent[0] the numbers of a block, extent[1] the numbers in all, `fold` whether chance rounds, `site`.
//
// A state in blocks is the scales, one float a block, and then the codes. What runs at once must hold
// whole blocks and whole bytes.
#pragma STDC FP_CONTRACT OFF

// The number of the nearest code of one sign for y in [0, 1], by the map's formula: the decade from
// the borders between decades, the part of it from a product. At a distance of a rounding from the
// middle between two codes it may be either.
#define RV_START(i, power, shift) ((T)(power * (0.1 + 0.18 / (1 << (i + shift)))))
#define RV_ABOVE(i, power, shift) \
  rate = y >= RV_START(i, power, shift) ? (T)((1 << (i + shift)) / (0.9 * power)) : rate; \
  parts = y >= RV_START(i, power, shift) ? (T)(1 << (i + shift)) : parts;
#define RV_NEAREST(shift) \
  T rate = (T)((1 << shift) / 0.9e-6), parts = (T)(1 << shift); \
  RV_ABOVE(1, 1e-5, shift) RV_ABOVE(2, 1e-4, shift) RV_ABOVE(3, 1e-3, shift) \
  RV_ABOVE(4, 1e-2, shift) RV_ABOVE(5, 1e-1, shift) RV_ABOVE(6, 1.0, shift) \
  T part = y * rate + parts * (T)(8 / 9.0), last = 2 * parts - 1; \
  part = part < parts ? parts : part; \
  int code = (int)(part < last ? part : last) - shift; \
  code += y >= (T)(1 - 0.225 / (64 << shift)); \
  return y < (T)(0.5e-6 * (0.1 + 0.45 / (1 << shift))) ? 0 : code;
RV_INLINE int N(nearest_signed)(T y) { RV_NEAREST(0) }
RV_INLINE int N(nearest_unsigned)(T y) { RV_NEAREST(1) }

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
  for (int64_t i = 0; i < n; i++) {
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

#if !RV_IS_WIDE && defined(__AVX2__) && defined(__GNUC__) && !defined(__clang__)
// The same codes eight at a time: the number of the decade, which picks its line from registers.
typedef float rv_8f __attribute__((vector_size(32)));
typedef int32_t rv_8i __attribute__((vector_size(32)));
// Codes before they become bytes.
enum { RV_ROOM = 256 };

#define RV_BORDER(i, power, shift) ((float)(power * (0.1 + 0.18 / (1 << (i + shift)))))
#define RV_RATE(i, power, shift) ((float)((1 << (i + shift)) / (0.9 * power)))
#define RV_PARTS(i, shift) ((float)(1 << (i + shift)))
#define RV_LINES(shift) \
  const rv_8f rates = { \
      (float)((1 << shift) / 0.9e-6), RV_RATE(1, 1e-5, shift), RV_RATE(2, 1e-4, shift), \
      RV_RATE(3, 1e-3, shift), RV_RATE(4, 1e-2, shift), RV_RATE(5, 1e-1, shift), \
      RV_RATE(6, 1.0, shift), 0}; \
  const rv_8f parts = { \
      RV_PARTS(0, shift), RV_PARTS(1, shift), RV_PARTS(2, shift), RV_PARTS(3, shift), \
      RV_PARTS(4, shift), RV_PARTS(5, shift), RV_PARTS(6, shift), 2 * RV_PARTS(6, shift)}; \
  const rv_8f one = {1, 1, 1, 1, 1, 1, 1, 1}, ends = {0, 0, 0, 0, 0, 0, 0, 2 * RV_PARTS(6, shift)}; \
  const rv_8f starts = parts * (float)(8 / 9.0) * (1 - ends / (2 * RV_PARTS(6, shift))) + ends; \
  const rv_8f lasts = (2 * parts - 1) * (1 - ends / (2 * RV_PARTS(6, shift))) + ends;

#define RV_CODES(shift) \
  y = __builtin_ia32_minps256(y, one); \
  rv_8i decade = \
      -((y >= RV_BORDER(1, 1e-5, shift)) + (y >= RV_BORDER(2, 1e-4, shift)) \
        + (y >= RV_BORDER(3, 1e-3, shift)) + (y >= RV_BORDER(4, 1e-2, shift)) \
        + (y >= RV_BORDER(5, 1e-1, shift)) + (y >= RV_BORDER(6, 1.0, shift)) \
        + (y >= (float)(1 - 0.225 / (64 << shift)))); \
  rv_8f part = y * __builtin_shuffle(rates, decade) + __builtin_shuffle(starts, decade); \
  rv_8f last = __builtin_shuffle(lasts, decade); \
  part = __builtin_ia32_maxps256(one, part); \
  part = __builtin_ia32_minps256(part, last); \
  rv_8i code = __builtin_convertvector(part, rv_8i);

static void narrow_256(uint8_t *codes, const int32_t *room) {
  for (int k = 0; k < RV_ROOM; k++) codes[k] = (uint8_t)room[k];
}

static int64_t encode_s8_by_8(uint8_t *codes, const float *x, float divisor, int64_t n) {
  RV_LINES(0)
  int32_t room[RV_ROOM];
  int64_t i = 0;
  for (; i + 8 <= n; i += 8) {
    rv_8f z, y;
    memcpy(&z, x + i, 32);
    rv_8i bits = (rv_8i)z, sign = bits >> 31;
    y = (rv_8f)(bits & 0x7FFFFFFF) / divisor;
    RV_CODES(0)
    code &= z != 0;
    code = ((code ^ sign) - sign) + 127;
    code &= code > 0;
    memcpy(room + i % RV_ROOM, &code, 32);
    if ((i + 8) % RV_ROOM == 0) narrow_256(codes + i + 8 - RV_ROOM, room);
  }
  for (int64_t k = i / RV_ROOM * RV_ROOM; k < i; k++) codes[k] = (uint8_t)room[k % RV_ROOM];
  return i;
}

static int64_t encode_u8_by_8(uint8_t *codes, const float *x, float divisor, int64_t n) {
  RV_LINES(1)
  int32_t room[RV_ROOM];
  int64_t i = 0;
  for (; i + 8 <= n; i += 8) {
    rv_8f z, y;
    memcpy(&z, x + i, 32);
    y = z / divisor;
    RV_CODES(1)
    code = (code - 1) & (y >= (float)(0.5e-6 * (0.1 + 0.45 / 2)));
    memcpy(room + i % RV_ROOM, &code, 32);
    if ((i + 8) % RV_ROOM == 0) narrow_256(codes + i + 8 - RV_ROOM, room);
  }
  for (int64_t k = i / RV_ROOM * RV_ROOM; k < i; k++) codes[k] = (uint8_t)room[k % RV_ROOM];
  return i;
}
#define RV_ENCODE_MANY(name) n -= done = name##_by_8(codes, x, divisor, n), codes += done, x += done;
#else
#define RV_ENCODE_MANY(name)
#endif

RV_CLONES static void N(encode_s8)(uint8_t *codes, const T *x, float scale, int64_t n) {
  T divisor = N(divisor)(scale);
  int64_t done = 0;
  RV_ENCODE_MANY(encode_s8)
  (void)done;
  RV_LOOP for (int64_t i = 0; i < n; i++) {
    T z = x[i], y = N(size_of)(z) / divisor;
    y = y < 1 ? y : 1;
    int code = N(nearest_signed)(y);
    // A number that is not 0 keeps its sign; the map ends before -1.
    int least = z == 0 ? 0 : 1, sign = z < 0 ? -1 : 1;
    code = 127 + sign * (code > least ? code : least);
    codes[i] = (uint8_t)(code < 0 ? 0 : code);
  }
}

RV_CLONES static void N(encode_u8)(uint8_t *codes, const T *x, float scale, int64_t n) {
  T divisor = N(divisor)(scale);
  int64_t done = 0;
  RV_ENCODE_MANY(encode_u8)
  (void)done;
  RV_LOOP for (int64_t i = 0; i < n; i++) {
    T y = x[i] / divisor;
    y = y < 1 ? y : 1;
    codes[i] = (uint8_t)(y > 0 ? N(nearest_unsigned)(y) : 0);
  }
}

RV_CLONES static void N(decode_8)(
    T *d, const float *map, const uint8_t *codes, float scale, int64_t n) {
  for (int64_t i = 0; i < n; i++) d[i] = (T)map[codes[i]] * (T)scale;
}

static float N(mean_size)(const T *x, int64_t n) {
  double sums[8] = {0}, sum = 0;
  for (int64_t i = 0; i < n; i++) sums[i & 7] += fabs((double)x[i]);
  for (int k = 0; k < 8; k++) sum += sums[k];
  return N(scale_of)((T)(sum / (double)n));
}

static uint64_t N(bits_at)(rv_random r, int64_t element) {
  uint64_t bits[2];
  rv_random_pair(r, (uint64_t)element >> 1, bits);
  return bits[element & 1];
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
    const rv_place *p, float *scale, uint8_t *codes, const T *x, rv_random random, int64_t start,
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
    for (int64_t i = start; i < start + n; i++) {
      codes[i] = N(code_by_chance)(map, x[i - start], *scale, N(bits_at)(random, i));
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
  rv_random random = rv_random_at(f->seed, f->step, f->tensor, p->site);
  if (p->distribution == RV_BF16 || p->distribution == RV_F16) {
    uint16_t *d = (uint16_t *)memory + start;
    for (int64_t i = 0; i < n; i++) {
      d[i] = rv_to_16_by_chance(p->distribution == RV_F16, x[i], N(bits_at)(random, start + i));
    }
    return;
  }
  int64_t block = p->extent[0], blocks = (p->extent[1] + block - 1) / block;
  float *scales = memory;
  uint8_t *codes = (uint8_t *)(scales + blocks);
  for (int64_t i = 0; i < n; i += block) {
    N(encode_block)(
        p, scales + (start + i) / block, codes, x + i, random, start + i,
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
      N(decode_8)(d + i, rv_map_s8, codes + at, scale, count);
    } else {
      N(decode_8)(d + i, rv_map_u8, codes + at, scale, count);
    }
  }
}
#undef RV_ENCODE_MANY
