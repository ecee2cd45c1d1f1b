#pragma once
#include "Kernels.h"
#include "LinearAlgebra.h"
int rv_kernels_version(void);
#include "Interrupt.h"
#include "Steps.h"
