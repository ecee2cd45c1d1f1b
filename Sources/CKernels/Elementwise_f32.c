#include "Formats.h"
#include "Kernels.h"
#include "Math.h"

#define T float
// By way of double, so that loops vectorize; in double itself libm is called.
#define RV_VECTOR_CBRT
#define OTHER double
#define N(name) name##_f32
#define M(name) name##f
#include "ElementwiseTemplate.h"
