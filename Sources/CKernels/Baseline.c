#include "Baseline.h"
#include "Clones.h"

RV_CLONES void rv_baseline_adamw(
    float *restrict w, const float *restrict g, float *restrict m, float *restrict v, size_t n,
    float lr, float beta1, float beta2, float eps, float decay, float correction1,
    float correction2) {
  for (size_t i = 0; i < n; i++) {
    m[i] = beta1 * m[i] + (1 - beta1) * g[i];
    v[i] = beta2 * v[i] + (1 - beta2) * (g[i] * g[i]);
    float mean = m[i] / correction1;
    float root = __builtin_elementwise_sqrt(v[i] / correction2) + eps;
    w[i] = w[i] - lr * (mean / root + decay * w[i]);
  }
}

RV_CLONES void rv_baseline_lion(
    float *restrict w, const float *restrict g, float *restrict m, size_t n, float lr, float beta1,
    float beta2, float decay) {
  for (size_t i = 0; i < n; i++) {
    float c = beta1 * m[i] + (1 - beta1) * g[i];
    float sign = c > 0 ? 1.0f : c < 0 ? -1.0f : 0.0f;
    m[i] = beta2 * m[i] + (1 - beta2) * g[i];
    w[i] = w[i] - lr * (sign + decay * w[i]);
  }
}
