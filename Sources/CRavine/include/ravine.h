/* Ravine: optimizers as source. One header, plain C99, no memory of yours is kept but what you bind.
 *
 * Every function returns a status and writes its results through pointers. What went wrong is then told by
 * `ravine_error` and `ravine_error_json`, for the thread that called. No call ends the process: null, wrong
 * lengths, any bytes as text and handles after their end give RAVINE_USAGE.
 *
 * Threads: any function may be called by any thread. A rule may be used by several at once. An optimizer is
 * used by one thread at a time: a second one gets RAVINE_BUSY and changes nothing. Several optimizers step at
 * the same time. A callback may call any function but those of the optimizer that asks it, and must return.
 */
#ifndef RAVINE_H
#define RAVINE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__) && !defined(RAVINE_API)
#define RAVINE_API __attribute__((visibility("default")))
#elif !defined(RAVINE_API)
#define RAVINE_API
#endif

/* The layout of what this header declares. `ravine_abi()` of a library that fits says the same. */
#define RAVINE_ABI 1

/* What a call comes to. 0 to 4 are the exit statuses of the command line. */
enum {
    RAVINE_OK = 0,
    RAVINE_FINDING = 1, /* an answer of no: rules differ, a recorded run is not matched */
    RAVINE_USAGE = 2,   /* a null, a wrong length, a handle that is none, a file that cannot be read */
    RAVINE_PROGRAM = 3, /* the text is wrong: see `ravine_error_json` */
    RAVINE_NUMERIC = 4, /* a matrix without an answer, a schedule out of its domain: nothing was changed */
    RAVINE_BUSY = 5     /* another thread is using the optimizer: nothing was changed */
};

/* Handles. 0 is none; a handle after its end is never another's. */
typedef uint64_t ravine_rule;
typedef uint64_t ravine_optimizer;

/* ---- What went wrong, and texts ---- */

RAVINE_API int ravine_abi(void);
/* As "0.1.0". */
RAVINE_API const char *ravine_version(void);
/* What the last failed call of this thread has to say, with the line of the text and a caret; "" without one.
 * Stays until the next failed call of the thread. */
RAVINE_API const char *ravine_error(void);
/* The same as a JSON array: code, severity, message, file, line, column, endLine, endColumn, notes, fixits. */
RAVINE_API const char *ravine_error_json(void);
/* Frees a text or bytes that a call made. Null is nothing. */
RAVINE_API void ravine_free(void *text);

/* ---- Rules ---- */

/* A rule of a text. `call` names it with its values, as "Mine(lr = 1e-3)"; null for the last rule of the text.
 * `name` is what messages call the text; null for "<text>". */
RAVINE_API int ravine_rule_from_source(const char *source, const char *call, const char *name,
                                       ravine_rule *rule);
RAVINE_API int ravine_rule_from_file(const char *path, const char *call, ravine_rule *rule);
/* A rule that comes with Ravine: "Lion", "AdamW(lr = cosine(1e-3), λ = 0.1)". */
RAVINE_API int ravine_rule_from_zoo(const char *call, ravine_rule *rule);
RAVINE_API int ravine_rule_free(ravine_rule rule);
/* JSON: label, source, documentation, hyperparameters with value, domain, isSchedule, isStructural; states;
 * what it needs. To be freed. */
RAVINE_API int ravine_rule_manifest(ravine_rule rule, char **json);

/* ---- Optimizers ---- */

typedef struct ravine_tensor {
    /* What routes match, as "layers.0.weight". */
    const char *name;
    /* Lengths, the slowest first; null for one number. */
    const int64_t *shape;
    size_t rank;
} ravine_tensor;

/* The numbers of parameters and gradients. */
enum { RAVINE_F32 = 0, RAVINE_F64 = 1, RAVINE_BF16 = 2, RAVINE_F16 = 3 };

/* What runs a rule. */
enum {
    RAVINE_AUTO = 0,        /* compiled where that pays and there is a compiler, else interpreted */
    RAVINE_INTERPRETER = 1, /* passes over memory */
    RAVINE_NATIVE = 2,      /* passes that the system's `cc` compiles, in the background */
    RAVINE_REFERENCE = 3    /* the definition of the meaning, slow, in double precision */
};

/* All zeros but `size` are the defaults. */
typedef struct ravine_options {
    size_t size; /* sizeof(ravine_options) */
    int32_t type;
    int32_t engine;
    uint64_t seed;
    int64_t horizon;                /* T, the planned number of steps, for schedules that end */
    int32_t threads;                /* at most so many; 0 for one a core. Results do not depend on it */
    int32_t workers;                /* gradients of so many copies lie one after the other; 0 for 1 */
    int64_t batch;                  /* the length of this axis, for rules that read a row an example; 0: none */
    int64_t groups;
} ravine_options;

/* Binds a rule to tensors. `options` may be null. */
RAVINE_API int ravine_optimizer_new(ravine_rule rule, const ravine_tensor *tensors, size_t count,
                                    const ravine_options *options, ravine_optimizer *optimizer);
RAVINE_API int ravine_optimizer_free(ravine_optimizer optimizer);

/* First values of the states. One pointer a tensor, in the order of `ravine_optimizer_new`: row-major, without
 * gaps, no two overlapping. */
RAVINE_API int ravine_initialise(ravine_optimizer optimizer, void *const *parameters, size_t count);

/* One step: changes the parameters and the states, never the gradients. The memory may be another at each
 * step; that of a gradient may be its parameter's, and overlaps no other. `gradients` may be null for rules that read none. `loss` is at the parameters, NAN where nobody knows it. */
RAVINE_API int ravine_step(ravine_optimizer optimizer, void *const *parameters,
                           const void *const *gradients, size_t count, double loss);

/* The objective elsewhere, for rules that look ahead: reads one point a tensor, returns the loss and writes one
 * gradient a tensor, unless `gradients` is null. Sets `*stop` to give up: the step is then not done. The points are there
 * until it returns. */
typedef double (*ravine_objective)(void *context, const void *const *points, void *const *gradients, int *stop);
RAVINE_API int ravine_step_with(ravine_optimizer optimizer, void *const *parameters,
                                const void *const *gradients, size_t count, double loss,
                                ravine_objective objective, void *context);

/* Hyperparameters by name: the value at the last step; from now on this value, whatever a schedule says. */
RAVINE_API int ravine_hyper(ravine_optimizer optimizer, const char *name, double *value);
RAVINE_API int ravine_set_hyper(ravine_optimizer optimizer, const char *name, double value);

/* Copies of a state, row-major. `count` must be its number of elements (`ravine_manifest`). */
RAVINE_API int ravine_state(ravine_optimizer optimizer, size_t tensor, const char *name,
                            double *values, size_t count);
RAVINE_API int ravine_set_state(ravine_optimizer optimizer, size_t tensor, const char *name,
                                const double *values, size_t count);
/* What the rule is given besides gradients; stays until it is set again. */
RAVINE_API int ravine_set_input(ravine_optimizer optimizer, size_t tensor, const char *name,
                                const double *values, size_t count);
/* A view, such as "eval", after the last step: weights other than those that are trained. */
RAVINE_API int ravine_view(ravine_optimizer optimizer, size_t tensor, const char *name,
                           double *values, size_t count);

RAVINE_API int ravine_step_count(ravine_optimizer optimizer, int64_t *steps);
RAVINE_API int ravine_set_horizon(ravine_optimizer optimizer, int64_t steps);
/* JSON: rule, type, seed, step, skipped, stateBytes, what it needs, hyperparameters with values, and for each
 * tensor name, shape, states and inputs with their shapes, views. To be freed. */
RAVINE_API int ravine_manifest(ravine_optimizer optimizer, char **json);
/* What the steps so far would hide, as the JSON of diagnostics. To be freed. */
RAVINE_API int ravine_warnings(ravine_optimizer optimizer, char **json);

/* ---- Checkpoints: safetensors, states by name ---- */

/* Written whole or not at all. `parameters` null: they are not kept, or not read. */
RAVINE_API int ravine_save(ravine_optimizer optimizer, const char *path,
                           const void *const *parameters, size_t count);
RAVINE_API int ravine_load(ravine_optimizer optimizer, const char *path, void *const *parameters,
                           size_t count);
/* The same in memory; the bytes are to be freed. */
RAVINE_API int ravine_save_bytes(ravine_optimizer optimizer, void **bytes, size_t *length);
RAVINE_API int ravine_load_bytes(ravine_optimizer optimizer, const void *bytes, size_t length);

/* ---- Hosts that keep the states: arrays of theirs, as those of PyTorch and JAX ---- */

/* As `ravine_optimizer_new`, but all that a step leaves to the next is the host's memory, which `ravine_manifest` lists
 * as `memory`, inputs last: kind, tensor (null for a state of all), name, shape, element (as safetensors names it), bytes.
 * `clocks`, one a tensor, numbers from 0 on, says which row of values and which count of steps it goes by; null for all
 * by one. */
RAVINE_API int ravine_program_new(ravine_rule rule, const ravine_tensor *tensors, size_t count,
                                  const ravine_options *options, const int32_t *clocks,
                                  ravine_optimizer *program);

/* What a step is made of. */
typedef struct ravine_call {
    size_t size; /* sizeof(ravine_call) */
    size_t count; /* of tensors */
    void *const *parameters;
    const void *const *gradients;
    void *const *memory;    /* one pointer an entry of `memory` */
    int64_t *steps;         /* steps done, one a clock; one more afterwards, unless the step was left out */
    const double *values;   /* a row of all hyperparameters a clock; NAN for what the rule says, and null for all */
    const int64_t *numbers; /* what the draws of each tensor are made of; null for its place */
    double loss;
    ravine_objective objective; /* null unless the rule asks for it */
    void *context;
} ravine_call;

/* First values of the states, in memory that holds zeros. */
RAVINE_API int ravine_program_first(ravine_optimizer program, const ravine_call *call);
/* One step. What fails changes nothing. */
RAVINE_API int ravine_program_step(ravine_optimizer program, const ravine_call *call);
/* The same as a handler of XLA's custom calls (the typed FFI), for the processor: see Sources/CRavine/XLA.c. */
RAVINE_API void *ravine_xla_step(void *frame);

/* ---- Minimising a function ---- */

typedef struct ravine_minimum {
    double loss;   /* the least that was seen */
    int64_t steps; /* that were done */
    int32_t reason; /* 0 all steps, 1 the gradient was small enough, 2 the callback stopped it, 3 not finite */
} ravine_minimum;

/* The loss at x, and its gradient unless `gradient` is null. `is_iterate` is 0 where a rule looks ahead. Sets `*stop` to
 * end. */
typedef double (*ravine_function)(void *context, const double *x, double *gradient, int is_iterate, int *stop);

/* Steps from `x`, in double precision, until `steps` are done or no component of the gradient is above
 * `tolerance`. `x` is then the best point that was seen; after an error it is what it was. */
RAVINE_API int ravine_minimize(ravine_rule rule, double *x, size_t count, ravine_function function,
                               void *context, int64_t steps, double tolerance, uint64_t seed,
                               ravine_minimum *minimum);

/* ---- Questions, with JSON for an answer. All texts are to be freed ---- */

/* What is wrong with a text and what is seldom meant: an array of diagnostics. RAVINE_PROGRAM where there are
 * errors, RAVINE_FINDING where there are warnings. */
RAVINE_API int ravine_check(const char *source, const char *name, char **json);
/* The text in the one layout of the language. */
RAVINE_API int ravine_format(const char *source, char **formatted);
/* Hyperparameters, states and the cost of a step; for these tensors, where there are some. */
RAVINE_API int ravine_describe(ravine_rule rule, const ravine_tensor *tensors, size_t count, char **json);
/* Whether two rules take the same steps: a proof, a difference, or neither. RAVINE_FINDING unless equal.
 * `source` may be null; the calls may name what it declares. */
RAVINE_API int ravine_compare(const char *source, const char *a, const char *b, char **json);
/* The rule in LaTeX, equations and first values. */
RAVINE_API int ravine_latex(ravine_rule rule, char **latex);
/* The rule as a file of another language that needs nothing of Ravine's: "c", "torch", "optax", "numpy" or "latex".
 * RAVINE_PROGRAM where the language cannot say it. */
RAVINE_API int ravine_export(ravine_rule rule, const char *target, char **text);
/* Replays a recorded run (JSON). RAVINE_FINDING where it is not matched. */
RAVINE_API int ravine_replay(ravine_rule rule, const char *trajectory, char **json);
/* Runs the statements of a text; files that it names are looked for in `folder`, and plots are written there (null:
 * where the program runs). Where `resumes` is not 0, runs go on that `save` kept. Curves, paths of plots and
 * diagnostics, and in `text` (may be null) what the command line prints. */
RAVINE_API int ravine_run(const char *source, const char *name, const char *folder, int resumes,
                          char **json, char **text);
/* The rules that come with Ravine: names with the first line of what is said of each. */
RAVINE_API int ravine_zoo(char **json);

#ifdef __cplusplus
}
#endif

#endif
