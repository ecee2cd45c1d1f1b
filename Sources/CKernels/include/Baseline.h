#pragma once
#include <stddef.h>
#include <stdint.h>

// Steps as a C programmer writes them: what the benchmark compares the engines with.

/// One AdamW step.
void rv_baseline_adamw(
    float *w, const float *g, float *m, float *v, size_t n, float lr, float beta1, float beta2,
    float eps, float decay, float correction1, float correction2);

/// One Lion step.
void rv_baseline_lion(
    float *w, const float *g, float *m, size_t n, float lr, float beta1, float beta2, float decay);

/// Does rounds of fused multiply-adds in registers and returns how many multiplications and additions
/// they were; `result` only keeps the work from being left out.
double rv_peak_operations(int64_t rounds, float *result);
