#pragma once
#include <stddef.h>

// Steps as a C programmer writes them: what the benchmark compares the engines with.

/// One AdamW step.
void rv_baseline_adamw(
    float *w, const float *g, float *m, float *v, size_t n, float lr, float beta1, float beta2,
    float eps, float decay, float correction1, float correction2);

/// One Lion step.
void rv_baseline_lion(
    float *w, const float *g, float *m, size_t n, float lr, float beta1, float beta2, float decay);
