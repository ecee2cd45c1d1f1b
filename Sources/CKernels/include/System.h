#pragma once
#include <stddef.h>
#include <stdint.h>

enum rv_process { RV_PROCESS_NOT_STARTED = -1, RV_PROCESS_TIMED_OUT = -2, RV_PROCESS_KILLED = -3 };

/// Runs a program with an argument array (no shell), nothing on its input and its output and errors
/// in the file `messages`; TMPDIR is `folder`. Its exit status, or an `rv_process`. After `limit`
/// milliseconds the program and its children are killed.
int rv_run_program(
    const char *path, char *const *arguments, const char *messages, const char *folder, int limit);

/// What instructions this machine has, as numbers to compare.
void rv_cpu_identity(uint32_t numbers[12]);

/// Asks for large pages behind memory that will all be used; where there are none nothing happens.
void rv_advise_huge_pages(void *at, size_t bytes);
