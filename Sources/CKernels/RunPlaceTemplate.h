// Included once per element type: an instruction that knows its place.

static void N(run_place)(
    const rv_instruction *in, const rv_place *p, char **cursor, const rv_frame *f, int64_t start,
    int64_t n) {
  void *d = cursor[in->d];
  const void *a = cursor[in->a];
  switch (p->kind) {
  case RV_PLACE_STRIDED: N(place_strided)(d, a, p, start, n); break;
  case RV_PLACE_IOTA: N(place_iota)(d, p, start, n); break;
  case RV_PLACE_IDENTITY: N(place_identity)(d, p, start, n); break;
  case RV_PLACE_DRAW: f->draws->N(draw)(d, a, p, f, start, n); break;
  case RV_REDUCE_ROWS: N(reduce_rows)(d, a, p, f->scalars + p->carry, start, n); break;
  case RV_PLACE_DECODE: N(place_decode)(d, a, p, start, n); break;
  case RV_PLACE_ENCODE: N(place_encode)(d, a, p, f, start, n); break;
  default: N(reduce_columns)(a, p, d, start, n);
  }
}

// Whole states for those who have them as doubles, a block at a time.

static int64_t N(block_of)(const rv_place *p, int64_t start, int64_t most) {
  int64_t block = p->extent[0] > 0 ? p->extent[0] : most, left = p->extent[1] - start;
  return block < left ? block : left;
}

static void N(encode_all)(
    void *memory, const double *values, const rv_place *p, uint64_t seed, uint32_t step,
    uint32_t tensor) {
  rv_frame frame = {.seed = seed, .step = step, .tensor = tensor, .draws = rv_draw_kernels()};
  T *scratch = malloc(sizeof(T) * RV_LONGEST_BLOCK);
  if (!scratch) abort();
  for (int64_t start = 0; start < p->extent[1];) {
    int64_t n = N(block_of)(p, start, RV_LONGEST_BLOCK);
    for (int64_t i = 0; i < n; i++) scratch[i] = (T)values[start + i];
    N(place_encode)(memory, scratch, p, &frame, start, n);
    start += n;
  }
  free(scratch);
}

static void N(decode_all)(double *values, const void *memory, const rv_place *p) {
  T *scratch = malloc(sizeof(T) * RV_LONGEST_BLOCK);
  if (!scratch) abort();
  for (int64_t start = 0; start < p->extent[1];) {
    int64_t n = N(block_of)(p, start, RV_LONGEST_BLOCK);
    N(place_decode)(scratch, memory, p, start, n);
    for (int64_t i = 0; i < n; i++) values[start + i] = (double)scratch[i];
    start += n;
  }
  free(scratch);
}

// Codes with which the block reads back as `values`, under a scale near `scale`.
static int N(restores)(
    uint8_t *codes, const T *x, const double *values, float scale, int64_t n) {
  N(encode_s8)(codes, x, scale, n);
  for (int64_t i = 0; i < n; i++) {
    if ((double)((T)rv_map_s8[codes[i]] * (T)scale) != values[i]) return 0;
  }
  return 1;
}

// Encodes what was decoded: to nearest, and a block whose numbers come out of the signed map gets the
// scale that they had, also where its largest number is the map's negative end, which is not -1.
// Returns how many numbers read back otherwise.
static int N(restore)(
    void *memory, const double *values, const rv_place *place, uint64_t seed, uint32_t tensor) {
  rv_place nearest = *place, *p = &nearest;
  nearest.fold = 0;
  N(encode_all)(memory, values, p, seed, 0, tensor);
  int64_t block = p->extent[0], blocks = block > 0 ? (p->extent[1] + block - 1) / block : 0;
  T *scratch = malloc(sizeof(T) * RV_LONGEST_BLOCK);
  if (!scratch) abort();
  for (int64_t b = 0; p->distribution == RV_S8 && b < blocks; b++) {
    int64_t start = b * block, n = N(block_of)(p, start, block);
    float *scale = (float *)memory + b;
    uint8_t *codes = (uint8_t *)((float *)memory + blocks) + start;
    for (int64_t i = 0; i < n; i++) scratch[i] = (T)values[start + i];
    if (N(restores)(codes, scratch, values + start, *scale, n)) continue;
    float first = *scale, found = first, guess = first / -rv_map_s8[0];
    int32_t bits = rv_int_f32(guess);
    for (int32_t k = -3; k <= 3; k++) {
      float near = rv_bits_f32(bits + k);
      if (N(restores)(codes, scratch, values + start, near, n)) { found = near; break; }
    }
    *scale = found;
    if (found == first) N(encode_s8)(codes, scratch, first, n);
  }
  int different = 0;
  for (int64_t start = 0; start < p->extent[1];) {
    int64_t n = N(block_of)(p, start, RV_LONGEST_BLOCK);
    N(place_decode)(scratch, memory, p, start, n);
    for (int64_t i = 0; i < n; i++) different += (double)scratch[i] != values[start + i];
    start += n;
  }
  free(scratch);
  return different;
}
