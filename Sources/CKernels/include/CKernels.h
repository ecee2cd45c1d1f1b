#pragma once
#include "Baseline.h"
#include "Interrupt.h"
#include "Kernels.h"
#include "LinearAlgebra.h"
#include "Pool.h"
#include "Steps.h"
