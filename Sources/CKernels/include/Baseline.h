#pragma once
#include <stddef.h>

/// One AdamW step as a C programmer writes it: what the benchmark compares the interpreter with.
void rv_baseline_adamw(
    float *w, const float *g, float *m, float *v, size_t n, float lr, float beta1, float beta2,
    float eps, float decay, float correction1, float correction2);
