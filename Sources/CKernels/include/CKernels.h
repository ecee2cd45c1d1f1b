#pragma once
#include "Kernels.h"
#include "Steps.h"
