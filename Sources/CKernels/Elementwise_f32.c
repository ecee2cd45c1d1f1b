#include "Formats.h"
#include "Kernels.h"
#include "Math.h"

#define T float
#define OTHER double
#define N(name) name##_f32
#define M(name) name##f
#include "ElementwiseTemplate.h"
