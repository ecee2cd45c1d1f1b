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
