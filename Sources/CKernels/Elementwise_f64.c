#include "Formats.h"
#include "Kernels.h"
#include "Math.h"

#define T double
#define OTHER float
#define N(name) name##_f64
#define M(name) name
#include "ElementwiseTemplate.h"
