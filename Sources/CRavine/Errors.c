#include "ravine.h"
#include "ravine_errors.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// What went wrong last, by thread; freed when the thread ends.
typedef struct {
    char *text, *json;
} failure;

static pthread_key_t key;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void forget(void *memory) {
    failure *last = memory;
    free(last->text);
    free(last->json);
    free(last);
}

static void make_key(void) {
    if (pthread_key_create(&key, forget)) abort();
}

static failure *last_failure(void) {
    pthread_once(&once, make_key);
    return pthread_getspecific(key);
}

void *ravine_allocate(size_t bytes) {
    void *memory = malloc(bytes ? bytes : 1);
    if (!memory) {
        fputs("ravine: there is no memory left\n", stderr);
        abort();
    }
    return memory;
}

static char *copy(const char *from) { return strcpy(ravine_allocate(strlen(from) + 1), from); }

void ravine_set_error(const char *text, const char *json) {
    failure *last = last_failure();
    if (!last) {
        last = memset(ravine_allocate(sizeof *last), 0, sizeof *last);
        pthread_setspecific(key, last);
    }
    free(last->text);
    free(last->json);
    last->text = copy(text);
    last->json = copy(json);
}

const char *ravine_error(void) {
    failure *last = last_failure();
    return last ? last->text : "";
}

const char *ravine_error_json(void) {
    failure *last = last_failure();
    return last ? last->json : "[]";
}

int ravine_abi(void) { return RAVINE_ABI; }

void ravine_free(void *memory) { free(memory); }
