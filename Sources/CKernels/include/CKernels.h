#pragma once
#include "Kernels.h"
#include "LinearAlgebra.h"
#include "Steps.h"
