#pragma once
#include <stdint.h>

// A pool of threads for the whole process. One job runs at a time: whoever finds the pool taken,
// from another thread or from within a job, does the work alone. Results must therefore not depend
// on who does which item.
//
// The threads start with the first job that wants them, watch for work for some microseconds after
// each job, and then sleep. They take no signals. In the child of a fork there are none until the
// next job; a fork while a job runs in the same process loses nothing but that job.

enum { RV_MAX_THREADS = 64 };

/// Does item `item`, as participant `participant` of [0, threads).
typedef void (*rv_body)(void *context, int64_t item, int participant);

/// How many threads a process should use: what it was told, else RAVINE_THREADS, else the cores that
/// its affinity and its control group leave it; between 1 and RV_MAX_THREADS.
int rv_default_threads(void);

/// The cores that the affinity and the control group of the process leave it, at most RV_MAX_THREADS.
int rv_usable_cores(void);

/// Tells it; 0 takes that back.
void rv_set_default_threads(int threads);

/// Starts threads ahead of the first job. Returns how many take part in a job, the caller included.
int rv_pool_prepare(int threads);

/// Does `items` items with at most `threads` threads, the caller being participant 0. Returns 0
/// without having done anything if the pool is taken or has no thread to give, and 1 otherwise.
/// Neighbouring items go to the same participant as far as possible, and the same ones each time.
int rv_pool_run(int threads, int64_t items, rv_body body, void *context);
