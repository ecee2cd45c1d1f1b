#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif
#include "Pool.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// Some 50 microseconds of watching before a thread sleeps.
enum { WATCH = 1000 };

typedef struct {
  _Alignas(64) atomic_int sleeps;
  pthread_mutex_t lock;
  pthread_cond_t wake;
  int participant;
} worker;

/// The items that a participant does first; the others help when they have done theirs.
typedef struct {
  _Alignas(64) _Atomic int64_t next;
  int64_t end;
} share;

// The state of the job: bit 0 says that it can be joined, the next fifteen bits count who has
// joined, the rest is its number.
enum { OPEN = 1, JOINED = 2, NUMBER_SHIFT = 16 };
#define JOINED_COUNT(state) (((state) >> 1) & 0x7FFF)
#define NUMBER(state) ((state) >> NUMBER_SHIFT)

static struct {
  pthread_mutex_t taken;
  atomic_int workers;
  _Alignas(64) _Atomic uint64_t state;
  rv_body body;
  void *context;
  int threads;
  share shares[RV_MAX_THREADS];
  worker worker[RV_MAX_THREADS];
  // The caller sleeps here when somebody takes long with a last item.
  _Alignas(64) atomic_int waits;
  pthread_mutex_t lock;
  pthread_cond_t done;
} pool = {
    .taken = PTHREAD_MUTEX_INITIALIZER, .lock = PTHREAD_MUTEX_INITIALIZER,
    .done = PTHREAD_COND_INITIALIZER};

static inline void relax(void) {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

static void work(int participant) {
  for (int k = 0; k < pool.threads; k++) {
    share *s = &pool.shares[(participant + k) % pool.threads];
    while (atomic_load_explicit(&s->next, memory_order_relaxed) < s->end) {
      int64_t item = atomic_fetch_add_explicit(&s->next, 1, memory_order_relaxed);
      if (item >= s->end) break;
      pool.body(pool.context, item, participant);
    }
  }
}

static void leave(void) {
  uint64_t after = atomic_fetch_sub(&pool.state, JOINED) - JOINED;
  if (!(after & OPEN) && JOINED_COUNT(after) == 0 && atomic_load(&pool.waits)) {
    pthread_mutex_lock(&pool.lock);
    pthread_cond_signal(&pool.done);
    pthread_mutex_unlock(&pool.lock);
  }
}

static uint64_t await_job(worker *self, uint64_t seen) {
  uint64_t state;
  for (int k = 0; k < WATCH; k++) {
    state = atomic_load_explicit(&pool.state, memory_order_acquire);
    if (NUMBER(state) != seen) return state;
    relax();
  }
  pthread_mutex_lock(&self->lock);
  atomic_store(&self->sleeps, 1);
  while (NUMBER(state = atomic_load(&pool.state)) == seen) {
    pthread_cond_wait(&self->wake, &self->lock);
  }
  atomic_store(&self->sleeps, 0);
  pthread_mutex_unlock(&self->lock);
  return state;
}

static void *run_worker(void *argument) {
  worker *self = argument;
  uint64_t seen = 0;
  for (;;) {
    uint64_t state = await_job(self, seen);
    seen = NUMBER(state);
    while ((state & OPEN) && NUMBER(state) == seen) {
      if (atomic_compare_exchange_weak(&pool.state, &state, state + JOINED)) {
        if (self->participant < pool.threads) work(self->participant);
        leave();
        break;
      }
    }
  }
  return 0;
}

/// In the child of a fork only the thread that forked is left.
static void forget_workers(void) {
  pthread_mutex_init(&pool.taken, 0);
  pthread_mutex_init(&pool.lock, 0);
  pthread_cond_init(&pool.done, 0);
  atomic_store(&pool.workers, 0);
  atomic_store(&pool.waits, 0);
  atomic_store(&pool.state, 0);
}

static void watch_forks(void) { pthread_atfork(0, 0, forget_workers); }

/// Called with the pool taken.
static int grow(int threads) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  int count = atomic_load_explicit(&pool.workers, memory_order_relaxed);
  if (count >= threads - 1) return count;
  pthread_once(&once, watch_forks);
  sigset_t all, old;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &old);
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  while (count < threads - 1) {
    worker *next = &pool.worker[count];
    pthread_mutex_init(&next->lock, 0);
    pthread_cond_init(&next->wake, 0);
    atomic_store(&next->sleeps, 0);
    next->participant = count + 1;
    pthread_t thread;
    if (pthread_create(&thread, &attributes, run_worker, next)) break;
    count++;
  }
  pthread_attr_destroy(&attributes);
  pthread_sigmask(SIG_SETMASK, &old, 0);
  atomic_store_explicit(&pool.workers, count, memory_order_relaxed);
  return count;
}

int rv_pool_prepare(int threads) {
  if (threads > RV_MAX_THREADS) threads = RV_MAX_THREADS;
  if (threads <= 1 || pthread_mutex_trylock(&pool.taken)) return threads < 1 ? 1 : threads;
  int workers = grow(threads);
  pthread_mutex_unlock(&pool.taken);
  return workers + 1 < threads ? workers + 1 : threads;
}

static void wait_for_the_last(void) {
  for (int k = 0; k < 20 * WATCH; k++) {
    if (JOINED_COUNT(atomic_load_explicit(&pool.state, memory_order_acquire)) == 0) return;
    relax();
  }
  pthread_mutex_lock(&pool.lock);
  atomic_store(&pool.waits, 1);
  while (JOINED_COUNT(atomic_load(&pool.state)) != 0) pthread_cond_wait(&pool.done, &pool.lock);
  atomic_store(&pool.waits, 0);
  pthread_mutex_unlock(&pool.lock);
}

int rv_pool_run(int threads, int64_t items, rv_body body, void *context) {
  if (threads > items) threads = (int)items;
  if (threads > RV_MAX_THREADS) threads = RV_MAX_THREADS;
  if (threads < 2 || pthread_mutex_trylock(&pool.taken)) return 0;
  int workers = grow(threads);
  if (workers == 0) {
    pthread_mutex_unlock(&pool.taken);
    return 0;
  }
  if (threads > workers + 1) threads = workers + 1;
  pool.body = body;
  pool.context = context;
  pool.threads = threads;
  for (int k = 0; k < threads; k++) {
    atomic_store_explicit(&pool.shares[k].next, items * k / threads, memory_order_relaxed);
    pool.shares[k].end = items * (k + 1) / threads;
  }
  uint64_t number = NUMBER(atomic_load(&pool.state)) + 1;
  atomic_store(&pool.state, number << NUMBER_SHIFT | OPEN);
  for (int k = 0; k < threads - 1; k++) {
    worker *w = &pool.worker[k];
    if (!atomic_load(&w->sleeps)) continue;
    pthread_mutex_lock(&w->lock);
    pthread_cond_signal(&w->wake);
    pthread_mutex_unlock(&w->lock);
  }
  work(0);
  atomic_fetch_and(&pool.state, ~(uint64_t)OPEN);
  wait_for_the_last();
  pthread_mutex_unlock(&pool.taken);
  return 1;
}

#if defined(__linux__)
/// The cores that a control group's quota leaves: version 2 states quota and period in one file,
/// version 1 in two.
static int quota(void) {
  double most = -1, period = 100000;
  char word[32];
  FILE *file = fopen("/sys/fs/cgroup/cpu.max", "r");
  if (file) {
    if (fscanf(file, "%31s %lf", word, &period) == 2 && strcmp(word, "max")) most = atof(word);
    fclose(file);
  } else if ((file = fopen("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "r"))) {
    if (fscanf(file, "%lf", &most) != 1) most = -1;
    fclose(file);
    if ((file = fopen("/sys/fs/cgroup/cpu/cpu.cfs_period_us", "r"))) {
      if (fscanf(file, "%lf", &period) != 1) period = 100000;
      fclose(file);
    }
  }
  if (most <= 0 || period <= 0) return RV_MAX_THREADS;
  double cores = most / period;
  return cores >= RV_MAX_THREADS ? RV_MAX_THREADS : cores < 1 ? 1 : (int)(cores + 0.5);
}
#endif

static atomic_int told;

void rv_set_default_threads(int threads) { atomic_store(&told, threads); }

int rv_default_threads(void) {
  int chosen = atomic_load(&told);
  if (chosen > 0) return chosen > RV_MAX_THREADS ? RV_MAX_THREADS : chosen;
  const char *wanted = getenv("RAVINE_THREADS");
  if (wanted) {
    char *end;
    long count = strtol(wanted, &end, 10);
    if (end != wanted && *end == 0 && count >= 1) {
      return count > RV_MAX_THREADS ? RV_MAX_THREADS : (int)count;
    }
  }
  return rv_usable_cores();
}

int rv_usable_cores(void) {
  int count = (int)sysconf(_SC_NPROCESSORS_ONLN);
#if defined(__linux__)
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) count = CPU_COUNT(&set);
  int limit = quota();
  if (count > limit) count = limit;
#endif
  return count < 1 ? 1 : count > RV_MAX_THREADS ? RV_MAX_THREADS : count;
}
