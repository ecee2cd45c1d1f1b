/* A rule from text, two tensors, three steps, a checkpoint; then a rule that is wrong.
 *
 *     cc adamw.c $(pkg-config --cflags --libs ravine) -o adamw
 */
#include <math.h>
#include <ravine.h>
#include <stdio.h>

static const char *source =
    "rule MyAdamW(lr = 0.1, β1 = 0.9, β2 = 0.999, ε = 1e-8, λ = 0.01) {\n"
    "    state m, v\n"
    "    m' = ema(m, g, β1)\n"
    "    v' = ema(v, g^2, β2)\n"
    "    w' = w - lr * (debias(m', β1) / (sqrt(debias(v', β2)) + ε) + λ * w)\n"
    "}\n";

/* Says what went wrong and ends; a program of yours may go on. */
#define TRY(call)                                                                                            \
    do {                                                                                                     \
        if ((call) != RAVINE_OK) return fputs(ravine_error(), stderr), 1;                                    \
    } while (0)

int main(void) {
    ravine_rule rule;
    TRY(ravine_rule_from_source(source, "MyAdamW(lr = 0.05)", "mine.opt", &rule));

    float kernel[] = {1, 2, 3, 4}, bias[] = {-1, 0, 1};
    const int64_t square[] = {2, 2}, three[] = {3};
    const ravine_tensor tensors[] = {{"kernel", square, 2}, {"bias", three, 1}};
    void *parameters[] = {kernel, bias};
    /* The gradient of ½|w|² is w. */
    const void *gradients[] = {kernel, bias};

    ravine_optimizer optimizer;
    TRY(ravine_optimizer_new(rule, tensors, 2, NULL, &optimizer));
    TRY(ravine_initialise(optimizer, parameters, 2));
    for (int step = 0; step < 3; step++) TRY(ravine_step(optimizer, parameters, gradients, 2, NAN));
    printf("kernel: %.4f %.4f %.4f %.4f\n", kernel[0], kernel[1], kernel[2], kernel[3]);

    double m[3];
    TRY(ravine_state(optimizer, 1, "m", m, 3));
    printf("m of bias: %.4f %.4f %.4f\n", m[0], m[1], m[2]);
    TRY(ravine_save(optimizer, "adamw.safetensors", (const void *const *)parameters, 2));

    char *json;
    if (ravine_compare(source, "MyAdamW", "AdamW(lr = 0.1, λ = 0.01)", &json) != RAVINE_OK) return 1;
    printf("the same as AdamW: yes\n");
    ravine_free(json);

    ravine_rule broken;
    if (ravine_rule_from_source("rule Bad(lr = 0.1) {\n    w' = w - lr * gg\n}\n", NULL, "bad.opt", &broken)
        == RAVINE_PROGRAM)
        fputs(ravine_error(), stdout);

    TRY(ravine_optimizer_free(optimizer));
    TRY(ravine_rule_free(rule));
    return 0;
}
