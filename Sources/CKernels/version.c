#include "CKernels.h"
int rv_kernels_version(void) { return 1; }
