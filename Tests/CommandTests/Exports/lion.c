/*
 * Lion: evolved sign momentum. lion_pytorch and optax decay before the step, which is the same in
 * exact arithmetic.
 * Chen et al. 2023, "Symbolic Discovery of Optimization Algorithms", arXiv:2302.06675
 *
 * Needs libm alone. Give each tensor its w, rows, cols and rank, then:
 *
 *     lion self;
 *     if (lion_init(&self, count, tensors, lion_defaults())) return 1;
 *     lion_step(&self, grads);
 *     lion_free(&self);
 *
 * Printed by Ravine from
 *
 *     rule Lion(lr = 1e-4 in [0, inf), β1 = 0.9 in [0, 1), β2 = 0.99 in [0, 1), λ = 0 in [0, inf)) {
 *         state m
 *         update = sign(ema(m, g, β1))
 *         w' = w - lr * (update + λ * w)
 *         m' = ema(m, g, β2)
 *     }
 */

#include <math.h>
#include <stddef.h>
#include <stdlib.h>

/* The type of parameters, gradients and states: -Dreal=float for single precision. */
#ifndef real
#define real double
#endif

/* Hyperparameters, which may change between steps. */
typedef struct {
    double lr;
    double beta1;
    double beta2;
    double lambda;
} lion_options;

/* A parameter and its states; cols is the product of all axes but the first. */
typedef struct {
    real *w;
    size_t rows, cols;
    int rank;
    real *m;
} lion_tensor;

typedef struct {
    lion_options options;
    size_t count;
    lion_tensor *tensors;
    long t;
} lion;

static double sign(double x) { return x > 0.0 ? 1.0 : x < 0.0 ? -1.0 : x; }

lion_options lion_defaults(void) {
    lion_options options = {
        .lr = 0.0001,
        .beta1 = 0.9,
        .beta2 = 0.99,
        .lambda = 0.0,
    };
    return options;
}

/* Makes the states of tensors whose w, rows, cols and rank are set; 1 without memory. */
int lion_init(lion *self, size_t count, lion_tensor *tensors, lion_options options) {
    *self = (lion){.options = options, .count = count, .tensors = tensors};
    for (size_t k = 0; k < count; k++) {
        lion_tensor *p = &self->tensors[k];
        const size_t n = p->rows * p->cols;
        p->m = calloc(n, sizeof(real));
        if (!p->m) return 1;
    }
    return 0;
}

/* One step by the gradients of the tensors. */
void lion_step(lion *self, const real *const *grads) {
    self->t++;
    const double lr = self->options.lr;
    const double beta1 = self->options.beta1;
    const double beta2 = self->options.beta2;
    const double lambda = self->options.lambda;
    for (size_t k = 0; k < self->count; k++) {
        lion_tensor *p = &self->tensors[k];
        const size_t n = p->rows * p->cols;
        const real *grad = grads[k];
        for (size_t i = 0; i < n; i++) {
            const double m = p->m[i];
            const double g = grad[i];
            const double w = p->w[i];
            const double update = sign(beta1 * m + (1.0 - beta1) * g);
            p->w[i] = (real)(w - lr * (update + lambda * w));
            p->m[i] = (real)(beta2 * m + (1.0 - beta2) * g);
        }
    }
}

void lion_free(lion *self) {
    for (size_t k = 0; k < self->count; k++) {
        free(self->tensors[k].m);
    }
}
