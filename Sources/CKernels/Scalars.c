#include "Formats.h"
#include "Kernels.h"
#include "Math.h"
#include "Random.h"
#include "Steps.h"

#define T double
#define N(name) name##_f64
#define M(name) name
#include "ScalarTemplate.h"

static double draw(const rv_place *p, const rv_frame *f, double operand) {
  const double *replay = f->replays[p->replay];
  if (replay) return replay[0];
  rv_random r = rv_random_at(f->seed, f->step, p->isGlobal ? 0xFFFFFFFFu : f->tensor, p->site);
  uint64_t bits[2];
  double x[2];
  rv_random_pair(r, 0, bits);
  rv_draw_pair(p->distribution, bits, x);
  return p->distribution == RV_BERNOULLI ? (x[0] < operand ? 1 : 0) : x[0];
}

void rv_run_scalars(
    const rv_scalar *program, size_t count, const rv_place *places, const rv_frame *f) {
  double *r = f->scalars;
  for (const rv_scalar *in = program, *end = program + count; in < end; in++) {
    double x = r[in->a], y = r[in->b], z;
    if (in->op == RV_SCALAR_FETCH) {
      const rv_place *p = places + in->c;
      const char *at = (const char *)f->slots[p->stride[1]] + p->stride[0];
      r[in->d] = rv_number_at((int)p->extent[0], at, 0);
      continue;
    }
    // Exhaustive: an operation without a case is a warning, and warnings are errors here.
    switch ((enum rv_op)in->op) {
    case RV_COPY: z = x; break;
    case RV_NEGATE: z = -x; break;
    case RV_ABSOLUTE: z = __builtin_fabs(x); break;
    case RV_SIGN: z = rv_sign_f64(x); break;
    case RV_SQUARE_ROOT: z = __builtin_elementwise_sqrt(x); break;
    case RV_CUBE_ROOT: z = cbrt(x); break;
    case RV_EXPONENTIAL: z = exp(x); break;
    case RV_EXPM1: z = expm1(x); break;
    case RV_LOGARITHM: z = log(x); break;
    case RV_LOG1P: z = log1p(x); break;
    case RV_TANH: z = tanh(x); break;
    case RV_SINH: z = sinh(x); break;
    case RV_COSH: z = cosh(x); break;
    case RV_SINE: z = sin(x); break;
    case RV_COSINE: z = cos(x); break;
    case RV_TANGENT: z = tan(x); break;
    case RV_ARCSINE: z = asin(x); break;
    case RV_ARCCOSINE: z = acos(x); break;
    case RV_ARCTANGENT: z = atan(x); break;
    case RV_FLOOR: z = floor(x); break;
    case RV_CEILING: z = ceil(x); break;
    case RV_ROUND: z = __builtin_elementwise_roundeven(x); break;
    case RV_ROUND_BF16: z = rv_from_bf16(rv_to_bf16_f64(x)); break;
    case RV_ROUND_F16: z = rv_from_f16(rv_to_f16_f64(x)); break;
    case RV_EXP2: z = exp2(x); break;
    case RV_LOG2: z = log2(x); break;
    case RV_LOG10: z = log10(x); break;
    case RV_ARCSINH: z = asinh(x); break;
    case RV_ARCCOSH: z = acosh(x); break;
    case RV_ARCTANH: z = atanh(x); break;
    case RV_RECIPROCAL: z = 1 / x; break;
    case RV_ERROR_FUNCTION: z = erf(x); break;
    case RV_IS_FINITE: z = x - x == 0; break;
    case RV_LOGICAL_NOT: z = x == 0; break;
    case RV_ADD: z = x + y; break;
    case RV_SUBTRACT: z = x - y; break;
    case RV_MULTIPLY: z = x * y; break;
    case RV_DIVIDE: z = x / y; break;
    case RV_POWER: z = rv_power_f64(x, y); break;
    case RV_MINIMUM: z = rv_minimum_f64(x, y); break;
    case RV_MAXIMUM: z = rv_maximum_f64(x, y); break;
    case RV_MODULO: z = rv_modulo_f64(x, y); break;
    case RV_ARCTANGENT2: z = atan2(x, y); break;
    case RV_COPY_SIGN: z = __builtin_copysign(x, y); break;
    case RV_LESS: z = x < y; break;
    case RV_LESS_OR_EQUAL: z = x <= y; break;
    case RV_GREATER: z = x > y; break;
    case RV_GREATER_OR_EQUAL: z = x >= y; break;
    case RV_EQUAL: z = x == y; break;
    case RV_NOT_EQUAL: z = x != y; break;
    case RV_LOGICAL_AND: z = (x != 0) & (y != 0); break;
    case RV_LOGICAL_OR: z = (x != 0) | (y != 0); break;
    case RV_SELECT: z = x != 0 ? y : r[in->c]; break;
    case RV_CLIP: z = rv_clip_f64(x, y, r[in->c]); break;
    case RV_MULTIPLY_ADD: case RV_MULTIPLY_SUBTRACT: case RV_SUBTRACT_MULTIPLY: case RV_BLEND:
    case RV_BLEND_SQUARE: case RV_ROOT_QUOTIENT_ADD: case RV_ROOT_ADD: case RV_QUOTIENT_DIVIDE:
    case RV_DECAYED_STEP: case RV_SIGNED_STEP: case RV_SUM: case RV_SQUARES: case RV_MAX: case RV_MIN:
    case RV_FROM_OTHER: case RV_TO_OTHER: case RV_FROM_BF16: case RV_TO_BF16: case RV_FROM_F16:
    case RV_TO_F16: __builtin_trap();
    // Draws begin where the operations end.
    case RV_OP_COUNT: z = draw(places + in->c, f, x); break;
    }
    r[in->d] = z;
  }
}
