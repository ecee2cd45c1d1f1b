#pragma once
#include "LinearAlgebra.h"
int rv_kernels_version(void);
#include "Interrupt.h"
