// Included once per element type, with T the type and N(name) its suffix.
// Without contraction a fused kernel rounds exactly as the kernels that it replaces.
#pragma STDC FP_CONTRACT OFF

#include "ScalarTemplate.h"

#define RV_V(p) (((const T *)(p))[i])
#define RV_S(p) (p##_scalar)
#define RV_HEAD(name, form) \
  RV_CLONES static void N(name##_##form)( \
      void *d_, const void *a, const void *b, const void *c, const void *e, size_t n)

#define RV_BODY1(expression, A, la) \
  { la; T *d = d_; RV_LOOP for (size_t i = 0; i < n; i++) { T x = A; d[i] = (T)(expression); } \
    (void)a; (void)b; (void)c; (void)e; }
#define RV_BODY2(expression, A, B, loads) \
  { loads; T *d = d_; RV_LOOP for (size_t i = 0; i < n; i++) \
    { T x = A; T y = B; d[i] = (T)(expression); } (void)a; (void)b; (void)c; (void)e; }
#define RV_BODY3(expression, A, B, C, loads) \
  { loads; T *d = d_; RV_LOOP for (size_t i = 0; i < n; i++) \
    { T x = A; T y = B; T z = C; d[i] = (T)(expression); } (void)a; (void)b; (void)c; (void)e; }
#define RV_BODY4(expression, A, B, C, E, loads) \
  { loads; T *d = d_; RV_LOOP for (size_t i = 0; i < n; i++) \
    { T x = A; T y = B; T z = C; T u = E; d[i] = (T)(expression); } \
    (void)a; (void)b; (void)c; (void)e; }

#define RV_LA T a_scalar = (T) * (const double *)a
#define RV_LB T b_scalar = (T) * (const double *)b
#define RV_LC T c_scalar = (T) * (const double *)c
#define RV_LE T e_scalar = (T) * (const double *)e

#define RV_UNARY(name, expression) \
  RV_HEAD(name, 0) RV_BODY1(expression, RV_V(a), ) \
  RV_HEAD(name, 1) RV_BODY1(expression, RV_S(a), RV_LA)

#define RV_BINARY(name, expression) \
  RV_HEAD(name, 0) RV_BODY2(expression, RV_V(a), RV_V(b), ) \
  RV_HEAD(name, 1) RV_BODY2(expression, RV_S(a), RV_V(b), RV_LA) \
  RV_HEAD(name, 2) RV_BODY2(expression, RV_V(a), RV_S(b), RV_LB)

#define RV_TERNARY(name, expression) \
  RV_HEAD(name, 0) RV_BODY3(expression, RV_V(a), RV_V(b), RV_V(c), ) \
  RV_HEAD(name, 1) RV_BODY3(expression, RV_S(a), RV_V(b), RV_V(c), RV_LA) \
  RV_HEAD(name, 2) RV_BODY3(expression, RV_V(a), RV_S(b), RV_V(c), RV_LB) \
  RV_HEAD(name, 3) RV_BODY3(expression, RV_S(a), RV_S(b), RV_V(c), RV_LA; RV_LB) \
  RV_HEAD(name, 4) RV_BODY3(expression, RV_V(a), RV_V(b), RV_S(c), RV_LC) \
  RV_HEAD(name, 5) RV_BODY3(expression, RV_S(a), RV_V(b), RV_S(c), RV_LA; RV_LC) \
  RV_HEAD(name, 6) RV_BODY3(expression, RV_V(a), RV_S(b), RV_S(c), RV_LB; RV_LC)

#define RV_POWERS \
  RV_HEAD(power, 0) RV_BODY2(N(rv_power)(x, y), RV_V(a), RV_V(b), ) \
  RV_HEAD(power, 1) RV_BODY2(N(rv_power)(x, y), RV_S(a), RV_V(b), RV_LA) \
  RV_HEAD(power_general, 2) RV_BODY2(N(rv_power)(x, y), RV_V(a), RV_S(b), RV_LB)

// Calls of libm, one element at a time. Each also stands in the language's definition of the
// operation, so the two engines agree.
#pragma push_macro("RV_LOOP")
#undef RV_LOOP
#define RV_LOOP
#if !defined(RV_BY_DOUBLES)
RV_UNARY(cubeRoot, M(cbrt)(x))
RV_UNARY(expm1, M(expm1)(x))
RV_UNARY(log1p, M(log1p)(x))
RV_UNARY(exp2, M(exp2)(x))
RV_UNARY(log2, M(log2)(x))
RV_UNARY(log10, M(log10)(x))
#endif
RV_UNARY(sinh, M(sinh)(x))
RV_UNARY(cosh, M(cosh)(x))
RV_UNARY(sine, M(sin)(x))
RV_UNARY(cosine, M(cos)(x))
RV_UNARY(tangent, M(tan)(x))
RV_UNARY(arcsine, M(asin)(x))
RV_UNARY(arccosine, M(acos)(x))
RV_UNARY(arctangent, M(atan)(x))
RV_UNARY(errorFunction, M(erf)(x))
RV_UNARY(arcsinh, M(asinh)(x))
RV_UNARY(arccosh, M(acosh)(x))
RV_UNARY(arctanh, M(atanh)(x))
RV_BINARY(arctangent2, M(atan2)(x, y))

RV_BINARY(modulo, N(rv_modulo)(x, y))

#if !defined(RV_BY_DOUBLES)
RV_POWERS
#endif
#pragma pop_macro("RV_LOOP")

#if defined(RV_BY_DOUBLES)
RV_UNARY(cubeRoot, N(rv_cbrt)(x))
RV_UNARY(expm1, N(rv_expm1)(x))
RV_UNARY(log1p, N(rv_log1p)(x))
RV_UNARY(exp2, N(rv_exp2)(x))
RV_UNARY(log2, N(rv_log2)(x))
RV_UNARY(log10, N(rv_log10)(x))
RV_POWERS
#endif
RV_UNARY(copy, x)
RV_UNARY(negate, -x)
RV_UNARY(absolute, __builtin_elementwise_abs(x))
RV_UNARY(sign, N(rv_sign)(x))
RV_UNARY(reciprocal, 1 / x)
RV_UNARY(squareRoot, __builtin_elementwise_sqrt(x))
RV_UNARY(exponential, N(rv_exp)(x))
RV_UNARY(logarithm, N(rv_log)(x))
RV_UNARY(tanh, N(rv_tanh)(x))
RV_UNARY(floor, __builtin_elementwise_floor(x))
RV_UNARY(ceiling, __builtin_elementwise_ceil(x))
RV_UNARY(round, __builtin_elementwise_roundeven(x))
RV_UNARY(roundBF16, N(rv_from_bf16)(N(rv_to_bf16)(x)))
RV_UNARY(roundF16, N(rv_from_f16)(N(rv_to_f16)(x)))
RV_UNARY(isFinite, x - x == 0 ? (T)1 : (T)0)
RV_UNARY(logicalNot, x == 0 ? (T)1 : (T)0)

RV_BINARY(add, x + y)
RV_BINARY(subtract, x - y)
RV_BINARY(multiply, x *y)
RV_BINARY(divide, x / y)
RV_BINARY(minimum, N(rv_minimum)(x, y))
RV_BINARY(maximum, N(rv_maximum)(x, y))
RV_BINARY(copySign, __builtin_elementwise_copysign(x, y))
RV_BINARY(less, x < y ? (T)1 : (T)0)
RV_BINARY(lessOrEqual, x <= y ? (T)1 : (T)0)
RV_BINARY(greater, x > y ? (T)1 : (T)0)
RV_BINARY(greaterOrEqual, x >= y ? (T)1 : (T)0)
RV_BINARY(equal, x == y ? (T)1 : (T)0)
RV_BINARY(notEqual, x != y ? (T)1 : (T)0)
RV_BINARY(logicalAnd, ((x != 0) & (y != 0)) ? (T)1 : (T)0)
RV_BINARY(logicalOr, ((x != 0) | (y != 0)) ? (T)1 : (T)0)
RV_BINARY(rootAdd, __builtin_elementwise_sqrt(x) + y)

// One exponent for the chunk: the special ones are loops of products.
RV_HEAD(power, 2) {
  T y = (T) * (const double *)b;
#define RV_POWER(Y) if (y == Y) RV_BODY1(N(rv_power)(x, Y), RV_V(a), ) else
  RV_POWER(2) RV_POWER(3) RV_POWER(4) RV_POWER(-1) RV_POWER(0.5) RV_POWER(1) RV_POWER(0)
#undef RV_POWER
  N(power_general_2)(d_, a, b, c, e, n);
}

// A condition that is not a number counts as true, as in the meaning of `select` (x != 0).
RV_TERNARY(select, x != 0 ? y : z)
RV_TERNARY(clip, N(rv_clip)(x, y, z))
RV_TERNARY(multiplyAdd, x *y + z)
RV_TERNARY(multiplySubtract, x *y - z)
RV_TERNARY(subtractMultiply, z - x * y)

// a * b + c * e, b and e scalars.
RV_HEAD(blend, 10) RV_BODY4(x *y + z * u, RV_V(a), RV_S(b), RV_V(c), RV_S(e), RV_LB; RV_LE)
RV_HEAD(blendSquare, 10)
RV_BODY4(x *y + (z * z) * u, RV_V(a), RV_S(b), RV_V(c), RV_S(e), RV_LB; RV_LE)

RV_HEAD(decayedStep, 10)
RV_BODY4(x - y * (z + u * x), RV_V(a), RV_S(b), RV_V(c), RV_S(e), RV_LB; RV_LE)

RV_HEAD(signedStep, 10)
RV_BODY4(
    x - y * (N(rv_sign)(z) + u * x), RV_V(a), RV_S(b), RV_V(c), RV_S(e),
    RV_LB; RV_LE)

// In float32, division by one number is multiplication by its reciprocal where that is a normal
// number: at most one more rounding, and only under a root or a further quotient, where nothing is
// discrete.
#define RV_IS_FLOAT (sizeof(T) == 4)
RV_HEAD(rootQuotientAdd, 6) {
  double reciprocal = 1 / *(const double *)b;
  T q = (T)reciprocal;
  if (RV_IS_FLOAT && __builtin_fabs(reciprocal) < 1e30 && __builtin_fabs(reciprocal) > 1e-30) {
    RV_BODY2(__builtin_elementwise_sqrt(x *q) + y, RV_V(a), RV_S(c), RV_LC)
  } else {
    RV_BODY3(__builtin_elementwise_sqrt(x / y) + z, RV_V(a), RV_S(b), RV_S(c), RV_LB; RV_LC)
  }
}
RV_HEAD(quotientDivide, 2) {
  double reciprocal = 1 / *(const double *)b;
  T q = (T)reciprocal;
  if (RV_IS_FLOAT && __builtin_fabs(reciprocal) < 1e30 && __builtin_fabs(reciprocal) > 1e-30) {
    RV_BODY2((x * q) / y, RV_V(a), RV_V(c), )
  } else {
    RV_BODY3((x / y) / z, RV_V(a), RV_S(b), RV_V(c), RV_LB)
  }
}

#include "ReductionTemplate.h"

RV_CLONES static void N(fromOther_0)(
    void *d_, const void *a, const void *b, const void *c, const void *e, size_t n) {
  T *d = d_;
  const OTHER *x = a;
  for (size_t i = 0; i < n; i++) d[i] = (T)x[i];
  (void)b; (void)c; (void)e;
}
RV_CLONES static void N(toOther_0)(
    void *d_, const void *a, const void *b, const void *c, const void *e, size_t n) {
  OTHER *d = d_;
  const T *x = a;
  for (size_t i = 0; i < n; i++) d[i] = (OTHER)x[i];
  (void)b; (void)c; (void)e;
}

#define RV_CONVERSION(name, FROM, TO, convert) \
  RV_CLONES static void N(name##_0)( \
      void *d_, const void *a, const void *b, const void *c, const void *e, size_t n) { \
    TO *d = d_; \
    const FROM *x = a; \
    RV_LOOP for (size_t i = 0; i < n; i++) d[i] = N(convert)(x[i]); \
    (void)b; (void)c; (void)e; \
  }
RV_CONVERSION(fromBF16, uint16_t, T, rv_from_bf16)
RV_CONVERSION(toBF16, T, uint16_t, rv_to_bf16)
RV_CONVERSION(fromF16, uint16_t, T, rv_from_f16)
RV_CONVERSION(toF16, T, uint16_t, rv_to_f16)

#define RV_ROW1(name) {N(name##_0), N(name##_1)}
#define RV_ROW2(name) {N(name##_0), N(name##_1), N(name##_2)}
#define RV_ROW3(name) \
  {N(name##_0), N(name##_1), N(name##_2), N(name##_3), N(name##_4), N(name##_5), N(name##_6)}

rv_kernel N(rv_kernel_at)(int op, unsigned scalars) {
  static const rv_kernel table[RV_OP_COUNT][16] = {
      [RV_COPY] = RV_ROW1(copy),
      [RV_NEGATE] = RV_ROW1(negate),
      [RV_ABSOLUTE] = RV_ROW1(absolute),
      [RV_SIGN] = RV_ROW1(sign),
      [RV_SQUARE_ROOT] = RV_ROW1(squareRoot),
      [RV_CUBE_ROOT] = RV_ROW1(cubeRoot),
      [RV_EXPONENTIAL] = RV_ROW1(exponential),
      [RV_EXPM1] = RV_ROW1(expm1),
      [RV_LOGARITHM] = RV_ROW1(logarithm),
      [RV_LOG1P] = RV_ROW1(log1p),
      [RV_TANH] = RV_ROW1(tanh),
      [RV_SINH] = RV_ROW1(sinh),
      [RV_COSH] = RV_ROW1(cosh),
      [RV_SINE] = RV_ROW1(sine),
      [RV_COSINE] = RV_ROW1(cosine),
      [RV_TANGENT] = RV_ROW1(tangent),
      [RV_ARCSINE] = RV_ROW1(arcsine),
      [RV_ARCCOSINE] = RV_ROW1(arccosine),
      [RV_ARCTANGENT] = RV_ROW1(arctangent),
      [RV_FLOOR] = RV_ROW1(floor),
      [RV_CEILING] = RV_ROW1(ceiling),
      [RV_ROUND] = RV_ROW1(round),
      [RV_ROUND_BF16] = RV_ROW1(roundBF16),
      [RV_ROUND_F16] = RV_ROW1(roundF16),
      [RV_ERROR_FUNCTION] = RV_ROW1(errorFunction),
      [RV_EXP2] = RV_ROW1(exp2),
      [RV_LOG2] = RV_ROW1(log2),
      [RV_LOG10] = RV_ROW1(log10),
      [RV_ARCSINH] = RV_ROW1(arcsinh),
      [RV_ARCCOSH] = RV_ROW1(arccosh),
      [RV_ARCTANH] = RV_ROW1(arctanh),
      [RV_RECIPROCAL] = RV_ROW1(reciprocal),
      [RV_IS_FINITE] = RV_ROW1(isFinite),
      [RV_LOGICAL_NOT] = RV_ROW1(logicalNot),
      [RV_ADD] = RV_ROW2(add),
      [RV_SUBTRACT] = RV_ROW2(subtract),
      [RV_MULTIPLY] = RV_ROW2(multiply),
      [RV_DIVIDE] = RV_ROW2(divide),
      [RV_POWER] = RV_ROW2(power),
      [RV_MINIMUM] = RV_ROW2(minimum),
      [RV_MAXIMUM] = RV_ROW2(maximum),
      [RV_MODULO] = RV_ROW2(modulo),
      [RV_ARCTANGENT2] = RV_ROW2(arctangent2),
      [RV_COPY_SIGN] = RV_ROW2(copySign),
      [RV_LESS] = RV_ROW2(less),
      [RV_LESS_OR_EQUAL] = RV_ROW2(lessOrEqual),
      [RV_GREATER] = RV_ROW2(greater),
      [RV_GREATER_OR_EQUAL] = RV_ROW2(greaterOrEqual),
      [RV_EQUAL] = RV_ROW2(equal),
      [RV_NOT_EQUAL] = RV_ROW2(notEqual),
      [RV_LOGICAL_AND] = RV_ROW2(logicalAnd),
      [RV_LOGICAL_OR] = RV_ROW2(logicalOr),
      [RV_SELECT] = RV_ROW3(select),
      [RV_CLIP] = RV_ROW3(clip),
      [RV_MULTIPLY_ADD] = RV_ROW3(multiplyAdd),
      [RV_MULTIPLY_SUBTRACT] = RV_ROW3(multiplySubtract),
      [RV_SUBTRACT_MULTIPLY] = RV_ROW3(subtractMultiply),
      [RV_BLEND] = {[10] = N(blend_10)},
      [RV_BLEND_SQUARE] = {[10] = N(blendSquare_10)},
      [RV_ROOT_QUOTIENT_ADD] = {[6] = N(rootQuotientAdd_6)},
      [RV_DECAYED_STEP] = {[10] = N(decayedStep_10)},
      [RV_SIGNED_STEP] = {[10] = N(signedStep_10)},
      [RV_ROOT_ADD] = RV_ROW2(rootAdd),
      [RV_QUOTIENT_DIVIDE] = {[2] = N(quotientDivide_2)},
      [RV_SUM] = {N(sum_0)},
      [RV_SQUARES] = {N(squares_0)},
      [RV_MAX] = {N(max_0)},
      [RV_MIN] = {N(min_0)},
      [RV_FROM_OTHER] = {N(fromOther_0)},
      [RV_TO_OTHER] = {N(toOther_0)},
      [RV_FROM_BF16] = {N(fromBF16_0)},
      [RV_TO_BF16] = {N(toBF16_0)},
      [RV_FROM_F16] = {N(fromF16_0)},
      [RV_TO_F16] = {N(toF16_0)},
  };
  return table[op][scalars & 15];
}
