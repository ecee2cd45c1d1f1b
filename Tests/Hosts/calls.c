/* Random calls, right and wrong, and what must hold whatever they are: no call ends the process, a dead handle
 * is known for dead, results are there or are not.
 *
 *     calls COUNT SEED     COUNT calls; prints how many there were of each status
 *     calls memory COUNT   makes and frees COUNT optimizers; fails where memory grows
 *     calls threads COUNT  two threads, two optimizers and one rule that they share; then one optimizer for both
 *     calls speed COUNT    microseconds of a step of 64 elements
 */
#include <math.h>
#include <pthread.h>
#include <ravine.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static uint64_t state;

static uint64_t next(void) {
    state += 0x9E3779B97F4A7C15u;
    uint64_t z = state;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

static size_t below(size_t n) { return (size_t)(next() % n); }

#define COUNT(a) (sizeof(a) / sizeof *(a))
#define PICK(a) ((a)[below(COUNT(a))])

static const char *texts[] = {
    "Lion", "AdamW(lr = 1e-3)", "SGD", "Muon", "Adam8bit", "Adam(lr = -1)", "Nothing", "", "(", "Lion(", "\xff\xfe",
    "rule Mine(lr = 0.1) { w' = w - lr * g }", "rule Bad(lr = 0.1) { w' = w - lr * gg }",
    "rule M(lr = 0.1, b = 0.9) {\n    state m\n    m' = ema(m, g, b)\n    w' = w - lr * m'\n}\n",
    "AdamW(lr = cosine(1e-3))", "ScheduleFree", "Shampoo", "SAM", "Sophia", "rule", "{{{{{{{{{{", "w' = w",
    "minimize bowl with SGD for 3 steps", "Lion(lr = 1e-4, β1 = 0.9)", "AdamW(λ = 0)", "Adam",
};
static const char *names[] = {"lr", "m", "v", "β1", "b", "", "momentum", "nothing", "eval", "\xc3\x28", "w", "λ"};
static const int64_t lengths[] = {0, 1, 2, 3, 5, 8, -1, INT64_MAX, INT64_MIN, 1000000007, 64};

enum { ROOM = 32, CELLS = 4096 };
static ravine_rule rules[ROOM];
static ravine_optimizer optimizers[ROOM];
/* What an optimizer was bound to: counts beyond CELLS are never stepped. */
static size_t tensors_of[ROOM], elements_of[ROOM];
static double memory[4][CELLS], slopes[4][CELLS];

static ravine_rule some_rule(void) {
    if (below(20) == 0) return next();
    return PICK(rules);
}

static size_t place;
static ravine_optimizer some_optimizer(void) {
    place = below(ROOM);
    if (below(20) == 0) return next();
    if (below(40) == 0) return PICK(rules);
    return optimizers[place];
}

static double objective(void *context, const void *const *points, void *const *gradients, int *stop) {
    (void)context;
    (void)points;
    (void)gradients;
    if (below(20) == 0) *stop = 1;
    return below(10) ? 1.0 : NAN;
}

static double valley(void *context, const double *x, double *gradient, int is_iterate, int *stop) {
    (void)is_iterate;
    size_t count = *(size_t *)context;
    double sum = 0;
    for (size_t k = 0; k < count; k++) {
        sum += x[k] * x[k];
        if (gradient) gradient[k] = 2 * x[k];
    }
    if (below(200) == 0) *stop = 1;
    return below(300) ? sum : NAN;
}

static void fill(void) {
    for (int t = 0; t < 4; t++)
        for (int k = 0; k < CELLS; k++) slopes[t][k] = (double)(int64_t)next() / 9e18;
    if (below(30) == 0) slopes[0][0] = NAN;
}

static int new_optimizer(void) {
    int64_t shapes[4][3];
    ravine_tensor tensors[4];
    size_t count = 1 + below(4), elements = 0;
    if (below(30) == 0) count = 0;
    for (size_t t = 0; t < count; t++) {
        size_t rank = below(4), own = 1;
        for (size_t a = 0; a < rank; a++) {
            shapes[t][a] = below(25) ? 1 + (int64_t)below(6) : PICK(lengths);
            own = shapes[t][a] < 0 || shapes[t][a] > CELLS ? CELLS + 1 : own * (size_t)shapes[t][a];
            if (own > CELLS) own = CELLS + 1;
        }
        tensors[t].name = below(30) ? (t == 0 ? "a.weight" : t == 1 ? "b" : t == 2 ? "c" : "d") : NULL;
        tensors[t].shape = rank && below(40) ? shapes[t] : NULL;
        tensors[t].rank = below(200) ? rank : SIZE_MAX;
        if (own > elements) elements = own;
    }
    ravine_options options = {.size = sizeof options};
    options.type = below(20) ? (int32_t)below(4) : (int32_t)next();
    options.engine = below(20) ? (below(2) ? 1 : 3) : (int32_t)next();
    options.seed = next();
    options.horizon = PICK(lengths);
    options.threads = below(20) ? (int32_t)below(3) : (int32_t)next();
    options.workers = below(20) ? 0 : (int32_t)below(3);
    options.batch = below(10) ? 0 : PICK(lengths);
    if (below(40) == 0) options.size = below(100);
    size_t k = below(ROOM);
    ravine_optimizer made = 0;
    int status = ravine_optimizer_new(
        some_rule(), below(30) ? tensors : NULL, count, below(8) ? &options : NULL,
        below(40) ? &made : NULL);
    if (status == RAVINE_OK) {
        if (!made) return -1;
        if (optimizers[k]) ravine_optimizer_free(optimizers[k]);
        optimizers[k] = made;
        tensors_of[k] = count;
        elements_of[k] = options.workers > 1 ? CELLS + 1 : elements;
        void *parameters[4] = {memory[0], memory[1], memory[2], memory[3]};
        if (below(5) && elements_of[k] <= CELLS) return ravine_initialise(made, parameters, count);
    } else if (made) {
        return -1;
    }
    return status;
}

static size_t which;

static int one_call(void) {
    char *text = NULL;
    double value, values[64];
    int64_t steps;
    void *parameters[4] = {memory[0], memory[1], memory[2], memory[3]};
    const void *gradients[4] = {slopes[0], slopes[1], slopes[2], slopes[3]};
    int status = -1;
    which = below(26);
    switch (which) {
    case 0: {
        size_t k = below(ROOM);
        ravine_rule made = 0;
        status = below(2) ? ravine_rule_from_zoo(below(40) ? PICK(texts) : NULL, &made)
                          : ravine_rule_from_source(
                              below(40) ? PICK(texts) : NULL, below(2) ? NULL : PICK(texts), NULL,
                              below(40) ? &made : NULL);
        if ((status == RAVINE_OK) != (made != 0)) return -1;
        if (made) {
            if (rules[k]) ravine_rule_free(rules[k]);
            rules[k] = made;
        }
        break;
    }
    case 1: {
        if (below(5)) return ravine_rule_manifest(rules[below(ROOM)], &text) == RAVINE_OK ? (ravine_free(text), 0) : 2;
        size_t k = below(ROOM);
        ravine_rule gone = rules[k];
        status = ravine_rule_free(gone);
        if (gone && status != RAVINE_OK) return -1;
        if (ravine_rule_free(gone) != RAVINE_USAGE) return -1;
        rules[k] = 0;
        break;
    }
    case 2: {
        if (below(5)) return ravine_step_count(some_optimizer(), &steps);
        size_t k = below(ROOM);
        ravine_optimizer gone = optimizers[k];
        status = ravine_optimizer_free(gone);
        if (gone && status != RAVINE_OK) return -1;
        if (ravine_step_count(gone, &steps) != RAVINE_USAGE) return -1;
        optimizers[k] = 0;
        break;
    }
    case 3: case 4: status = new_optimizer(); break;
    case 5: case 6: {
        ravine_optimizer one = some_optimizer();
        int fits = elements_of[place] <= CELLS;
        size_t count = below(20) ? tensors_of[place] : below(5);
        if (one == optimizers[place] && !fits) count = 9;
        if (below(30) == 0) parameters[below(4)] = below(2) ? NULL : parameters[0];
        status = ravine_initialise(one, below(40) ? parameters : NULL, count);
        break;
    }
    case 7: case 8: case 9: case 10: case 11: {
        ravine_optimizer one = some_optimizer();
        size_t count = below(20) ? tensors_of[place] : below(5);
        if (one == optimizers[place] && elements_of[place] > CELLS) count = 9;
        if (below(30) == 0) gradients[below(4)] = NULL;
        if (below(30) == 0) parameters[below(4)] = below(2) ? NULL : parameters[1];
        if (below(8) == 0) fill();
        status = below(4)
            ? ravine_step(one, below(60) ? parameters : NULL, below(60) ? gradients : NULL, count, below(5) ? 1 : NAN)
            : ravine_step_with(one, parameters, gradients, count, 1, below(30) ? objective : NULL, NULL);
        break;
    }
    case 12: status = ravine_hyper(some_optimizer(), below(40) ? PICK(names) : NULL, below(40) ? &value : NULL); break;
    case 13: {
        double x = below(3) ? (double)(int64_t)next() / 9e18 : below(2) ? NAN : INFINITY;
        status = ravine_set_hyper(some_optimizer(), below(40) ? PICK(names) : NULL, x);
        break;
    }
    case 14: status = ravine_state(some_optimizer(), below(4) ? below(4) : next(), PICK(names), values, below(65)); break;
    case 15:
        for (int k = 0; k < 64; k++) values[k] = below(9) ? 0.5 : NAN;
        status = below(2) ? ravine_set_state(some_optimizer(), below(4), PICK(names), below(30) ? values : NULL, below(65))
                          : ravine_set_input(some_optimizer(), below(4), PICK(names), values, below(65));
        break;
    case 16: status = ravine_view(some_optimizer(), below(5), PICK(names), values, below(65)); break;
    case 17: status = ravine_manifest(some_optimizer(), below(30) ? &text : NULL); break;
    case 18: status = below(2) ? ravine_warnings(some_optimizer(), &text) : ravine_rule_manifest(some_rule(), &text); break;
    case 19: {
        void *bytes = NULL;
        size_t length = 0;
        status = ravine_save_bytes(some_optimizer(), &bytes, &length);
        if (status == RAVINE_OK) {
            size_t end = below(3) ? length : below(length);
            for (size_t k = below(4); k > 0; k--) ((unsigned char *)bytes)[below(length)] ^= (unsigned char)next();
            int loaded = ravine_load_bytes(some_optimizer(), bytes, end);
            if (loaded < 0 || loaded > RAVINE_BUSY) return -1;
        }
        ravine_free(bytes);
        break;
    }
    case 20: {
        double x[8] = {1, 2, 3, 4, 5, 6, 7, 8};
        size_t count = below(9);
        ravine_minimum minimum;
        status = ravine_minimize(
            some_rule(), below(30) ? x : NULL, count, below(30) ? valley : NULL, &count,
            below(20) ? (int64_t)below(30) : PICK(lengths) % 50, below(9) ? 0 : NAN, next(), &minimum);
        break;
    }
    case 21: {
        static const char *targets[] = {"c", "torch", "optax", "numpy", "latex", "", "cobol"};
        status = below(2) ? ravine_describe(some_rule(), NULL, 0, &text)
                          : ravine_export(some_rule(), below(40) ? PICK(targets) : NULL, &text);
        break;
    }
    case 22: status = below(2) ? ravine_format(PICK(texts), &text) : ravine_latex(some_rule(), &text); break;
    case 23: {
        static const int64_t shape[] = {8, 4};
        const ravine_tensor tensor = {"w", shape, 2};
        const int32_t clock = below(20) ? 0 : (int32_t)below(5) - 2;
        size_t k = below(ROOM);
        ravine_optimizer made = 0;
        status = ravine_program_new(some_rule(), &tensor, 1, NULL, below(2) ? &clock : NULL, below(40) ? &made : NULL);
        if ((status == RAVINE_OK) != (made != 0)) return -1;
        if (made) {
            if (optimizers[k]) ravine_optimizer_free(optimizers[k]);
            optimizers[k] = made;
            tensors_of[k] = 1;
            elements_of[k] = 32;
        }
        break;
    }
    case 24: {
        static double kept[64][2048];
        void *places[64];
        for (int k = 0; k < 64; k++) places[k] = kept[k];
        if (below(30) == 0) places[below(64)] = NULL;
        int64_t count_of[4] = {below(9), 1, 2, 3};
        if (below(30) == 0) count_of[0] = PICK(lengths);
        double row[64];
        for (int k = 0; k < 64; k++) row[k] = below(9) ? NAN : below(3) ? 0.5 : (double)(int64_t)next();
        const int64_t numbers[4] = {(int64_t)next(), 1, 2, 3};
        if (below(30) == 0) parameters[0] = below(2) ? NULL : parameters[1];
        const ravine_call call = {
            .size = below(60) ? sizeof call : below(9), .count = below(30) ? 1 : below(5),
            .parameters = below(60) ? parameters : NULL, .gradients = below(60) ? gradients : NULL,
            .memory = below(60) ? places : NULL, .steps = below(60) ? count_of : NULL, .values = below(2) ? row : NULL,
            .numbers = below(2) ? numbers : NULL, .loss = below(5) ? 1 : NAN, .objective = below(3) ? NULL : objective,
        };
        ravine_optimizer one = some_optimizer();
        const ravine_call *given = below(60) ? &call : NULL;
        status = below(3) ? ravine_program_step(one, given) : ravine_program_first(one, given);
        if (status == RAVINE_OK && below(8) == 0) memset(kept, 0, sizeof kept);
        break;
    }
    default:
        if (below(20)) return ravine_set_horizon(some_optimizer(), PICK(lengths));
        status = below(2) ? ravine_check(PICK(texts), NULL, &text) : ravine_zoo(&text);
        break;
    }
    if (status == RAVINE_OK && text && !*text && which != 22) return -1;
    if (status != RAVINE_OK && status != RAVINE_FINDING && !*ravine_error()) return -1;
    ravine_free(text);
    return status;
}

static int random_calls(long count, uint64_t seed) {
    state = seed;
    fill();
    long seen[6] = {0};
    for (long k = 0; k < count; k++) {
        int status = one_call();
        if (status < 0 || status > RAVINE_BUSY) {
            fprintf(stderr, "call %ld of seed %llu, of kind %zu, is not answered as it should be (%d)\n", k,
                    (unsigned long long)seed, which, status);
            return 1;
        }
        seen[status]++;
    }
    printf("%ld calls: %ld ok, %ld findings, %ld usage, %ld program, %ld numeric, %ld busy\n", count, seen[0],
           seen[1], seen[2], seen[3], seen[4], seen[5]);
    return seen[0] < count / 5 || seen[2] < count / 100;
}

static long resident(void) {
    FILE *file = fopen("/proc/self/statm", "r");
    long all = 0, own = 0;
    if (!file || fscanf(file, "%ld %ld", &all, &own) != 2) own = 0;
    if (file) fclose(file);
    return own * (sysconf(_SC_PAGESIZE) / 1024);
}

static int flat_memory(long count) {
    const int64_t shape[] = {8, 4};
    const ravine_tensor tensor = {"w", shape, 2};
    void *parameters[] = {memory[0]};
    const void *gradients[] = {slopes[0]};
    long settled = 0;
    for (long k = 0; k < count; k++) {
        ravine_rule rule = 0;
        ravine_optimizer one = 0;
        if (k % 100 == 0 && ravine_rule_from_zoo("Nothing", &rule) != RAVINE_PROGRAM) return 1;
        if (ravine_rule_from_zoo("Lion", &rule) || ravine_optimizer_new(rule, &tensor, 1, NULL, &one)
            || ravine_initialise(one, parameters, 1) || ravine_step(one, parameters, gradients, 1, 0)
            || ravine_optimizer_free(one) || ravine_rule_free(rule))
            return fputs(ravine_error(), stderr), 1;
        if (k == count / 4) settled = resident();
    }
    long end = resident();
    printf("%ld optimizers: %ld KiB after a quarter, %ld KiB at the end\n", count, settled, end);
    return end > settled + 2048;
}

static ravine_rule shared;
static ravine_optimizer both;
static long rounds;
static long busy[2];

static void *work(void *given) {
    static const int64_t shape[] = {33};
    const ravine_tensor tensor = {"w", shape, 1};
    size_t own = *(size_t *)given;
    void *parameters[] = {memory[own]};
    const void *gradients[] = {slopes[own]};
    ravine_optimizer one;
    if (ravine_optimizer_new(shared, &tensor, 1, NULL, &one) || ravine_initialise(one, parameters, 1)) return NULL;
    for (long k = 0; k < rounds; k++)
        if (ravine_step(one, parameters, gradients, 1, 0)) return NULL;
    int64_t steps = 0;
    if (ravine_step_count(one, &steps) || steps != rounds || ravine_optimizer_free(one)) return NULL;
    void *common[] = {memory[2]};
    const void *slope[] = {slopes[2]};
    for (long k = 0; k < rounds; k++) {
        int status = ravine_step(both, common, slope, 1, 0);
        if (status == RAVINE_BUSY) {
            busy[own]++;
            if (!strstr(ravine_error(), "another call")) return NULL;
        } else if (status) {
            return NULL;
        }
    }
    return given;
}

static int two_threads(long count) {
    rounds = count;
    fill();
    const int64_t shape[] = {33};
    const ravine_tensor tensor = {"w", shape, 1};
    void *common[] = {memory[2]};
    if (ravine_rule_from_zoo("AdamW", &shared) || ravine_optimizer_new(shared, &tensor, 1, NULL, &both)
        || ravine_initialise(both, common, 1))
        return 1;
    pthread_t threads[2];
    size_t own[2] = {0, 1};
    for (int k = 0; k < 2; k++)
        if (pthread_create(&threads[k], NULL, work, &own[k])) return 1;
    for (int k = 0; k < 2; k++) {
        void *result;
        pthread_join(threads[k], &result);
        if (!result) return fputs("a thread failed\n", stderr), 1;
    }
    int64_t steps = 0;
    ravine_step_count(both, &steps);
    printf("two threads: %ld steps each; of one optimizer %lld, %ld refused\n", count, (long long)steps,
           busy[0] + busy[1]);
    return steps + busy[0] + busy[1] != 2 * count;
}

static int speed(long count) {
    const int64_t shape[] = {64};
    const ravine_tensor tensor = {"w", shape, 1};
    ravine_options options = {.size = sizeof options, .engine = RAVINE_INTERPRETER};
    void *parameters[] = {memory[0]};
    const void *gradients[] = {slopes[0]};
    ravine_rule rule;
    ravine_optimizer one;
    if (ravine_rule_from_zoo("Lion", &rule) || ravine_optimizer_new(rule, &tensor, 1, &options, &one)
        || ravine_initialise(one, parameters, 1))
        return 1;
    double best = 1e9;
    for (int round = 0; round < 20; round++) {
        struct timespec a, b;
        clock_gettime(CLOCK_MONOTONIC, &a);
        for (long k = 0; k < count; k++) ravine_step(one, parameters, gradients, 1, 0);
        clock_gettime(CLOCK_MONOTONIC, &b);
        double each = ((b.tv_sec - a.tv_sec) * 1e6 + (b.tv_nsec - a.tv_nsec) / 1e3) / (double)count;
        if (each < best) best = each;
    }
    printf("%.4f µs a step of 64 elements\n", best);
    return 0;
}

int main(int count, char **given) {
    if (count == 3 && strcmp(given[1], "memory") == 0) return flat_memory(atol(given[2]));
    if (count == 3 && strcmp(given[1], "threads") == 0) return two_threads(atol(given[2]));
    if (count == 3 && strcmp(given[1], "speed") == 0) return speed(atol(given[2]));
    if (count == 3) return random_calls(atol(given[1]), strtoull(given[2], NULL, 10));
    fputs("calls COUNT SEED | memory COUNT | threads COUNT | speed COUNT\n", stderr);
    return 2;
}
