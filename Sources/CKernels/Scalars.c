#include "Formats.h"
#include "Kernels.h"
#include "Math.h"
#include "Random.h"
#include "Steps.h"

double rv_power(double x, double y) { return rv_power_inline(x, y); }

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
    switch (in->op) {
    case RV_COPY: z = x; break;
    case RV_NEGATE: z = -x; break;
    case RV_ABSOLUTE: z = __builtin_fabs(x); break;
    case RV_SIGN: z = x > 0 ? 1 : x < 0 ? -1 : x; break;
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
    case RV_ERROR_FUNCTION: z = erf(x); break;
    case RV_IS_FINITE: z = x - x == 0; break;
    case RV_LOGICAL_NOT: z = x == 0; break;
    case RV_ADD: z = x + y; break;
    case RV_SUBTRACT: z = x - y; break;
    case RV_MULTIPLY: z = x * y; break;
    case RV_DIVIDE: z = x / y; break;
    case RV_POWER: z = rv_power_inline(x, y); break;
    case RV_MINIMUM: z = x != x ? x : y != y ? y : x < y ? x : y; break;
    case RV_MAXIMUM: z = x != x ? x : y != y ? y : x > y ? x : y; break;
    case RV_MODULO:
      z = fmod(x, y);
      z = z == 0 ? __builtin_copysign(0, y) : (z < 0) != (y < 0) ? z + y : z;
      break;
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
    case RV_CLIP: {
      double low = x < y ? y : x;
      z = x != x ? x : low > r[in->c] ? r[in->c] : low;
      break;
    }
    case RV_SCALAR_DRAW: z = draw(places + in->c, f, x); break;
    case RV_SCALAR_FETCH: {
      const rv_place *p = places + in->c;
      const char *at = (const char *)f->slots[p->stride[1]] + p->stride[0];
      z = rv_number_at((int)p->extent[0], at, 0);
      break;
    }
    default: z = x;
    }
    r[in->d] = z;
  }
}
