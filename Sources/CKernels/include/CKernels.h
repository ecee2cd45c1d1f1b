#pragma once
#include "Baseline.h"
#include "Interrupt.h"
#include "Kernels.h"
#include "LinearAlgebra.h"
#include "Steps.h"
#include "System.h"
#include "Text.h"
