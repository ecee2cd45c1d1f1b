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
  case RV_PLACE_DRAW: N(place_draw)(d, a, p, f, start, n); break;
  case RV_REDUCE_ROWS: N(reduce_rows)(d, a, p, f->scalars + p->carry, start, n); break;
  default: N(reduce_columns)(a, p, d, start, n);
  }
}
