// Functions of one element that take more than an instruction, once per element type: T the type,
// N(name) its suffix and M(name) a function of libm. Kernels, programs of numbers and compiled
// passes are made of this one text.

RV_INLINE T N(rv_sign)(T x) {
  return __builtin_islessgreater(x, 0) ? M(copysign)(1, x) : x;
}
RV_INLINE T N(rv_minimum)(T x, T y) {
  T z = x < y ? x : y;
  return x != x ? x : z;
}
RV_INLINE T N(rv_maximum)(T x, T y) {
  T z = x > y ? x : y;
  return x != x ? x : z;
}
// A NaN among the three stays one. One choice a line: GCC makes no vectors of a choice within another.
RV_INLINE T N(rv_clip)(T x, T low, T high) {
  T y = x < low ? low : x;
  y = low != low ? low : y;
  T z = y > high ? high : y;
  return high != high ? high : z;
}
// The remainder with the sign of the divisor.
RV_INLINE T N(rv_modulo)(T x, T y) {
  T rest = M(fmod)(x, y);
  if (rest == 0) return M(copysign)(0, y);
  return (rest < 0) != (y < 0) ? rest + y : rest;
}
#if defined(RV_HAS_POWERS)
// Whole exponents up to 4 are products, so that x^2 is x * x in every engine.
RV_INLINE T N(rv_power)(T x, double y) {
  if (sizeof(T) == 4) {
    // All of them and a choice: a loop with exponents of its own is one of vectors.
    T k = (T)y;
    T z = N(rv_pow)(x, k);
    z = k == 2 ? x * x : z;
    z = k == 1 ? x : z;
    z = k == 3 ? x * x * x : z;
    z = k == 4 ? (x * x) * (x * x) : z;
    z = k == -1 ? 1 / x : z;
    z = k == (T)0.5 ? __builtin_elementwise_sqrt(x) : z;
    return k == 0 ? 1 : z;
  }
  if (y == 2) return x * x;
  if (y == 0) return 1;
  if (y == 1) return x;
  if (y == 3) return x * x * x;
  if (y == 4) return (x * x) * (x * x);
  if (y == -1) return 1 / x;
  if (y == 0.5) return __builtin_elementwise_sqrt(x);
  return N(rv_pow)(x, (T)y);
}
#endif
