#include "Interrupt.h"

#include "System.h"

#include <signal.h>
#include <stddef.h>
#include <time.h>

static volatile sig_atomic_t requested = 0;
static volatile long long first = 0;

/* Milliseconds of a clock that may be read in a signal handler. */
static long long now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (long long)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

/* The first signal asks for an end, a later one is the end. Shells, `make` and `timeout` pass one
   Ctrl-C on to a process that has got it from the terminal already: what comes within a second is
   the same key. */
static void on_interrupt(int signal_number) {
  long long time = now();
  // Nobody waits for a compiler then.
  rv_stop_programs();
  if (!requested) {
    first = time;
    requested = 1;
  } else if (time - first >= 1000) {
    signal(signal_number, SIG_DFL);
    raise(signal_number);
  }
}

void rv_interrupt_install(void) {
  struct sigaction action;
  action.sa_handler = on_interrupt;
  sigemptyset(&action.sa_mask);
  action.sa_flags = SA_RESTART;
  sigaction(SIGINT, &action, NULL);
  // What ends jobs of a cluster asks with this one first.
  sigaction(SIGTERM, &action, NULL);
  // What nohup ignores stays ignored.
  struct sigaction before;
  if (!sigaction(SIGHUP, NULL, &before) && before.sa_handler == SIG_DFL)
    sigaction(SIGHUP, &action, NULL);
  // A parent that started this process from a thread of its own with signals blocked leaves them so.
  sigset_t interrupt;
  sigemptyset(&interrupt);
  sigaddset(&interrupt, SIGINT);
  sigaddset(&interrupt, SIGTERM);
  sigaddset(&interrupt, SIGHUP);
  pthread_sigmask(SIG_UNBLOCK, &interrupt, NULL);
}

int rv_interrupt_requested(void) { return requested != 0; }
void rv_interrupt_clear(void) { requested = 0; }
void rv_interrupt_raise(void) { requested = 1; }
