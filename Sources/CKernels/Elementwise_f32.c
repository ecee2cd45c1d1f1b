#include "Formats.h"
#include "Kernels.h"
#include "Math.h"

#define T float
// What is rare goes by way of doubles, so that loops vectorize; in double itself libm is called.
#define RV_BY_DOUBLES
#define OTHER double
#define N(name) name##_f32
#define M(name) name##f
#include "ElementwiseTemplate.h"
