#include "Interrupt.h"

#include <signal.h>
#include <stddef.h>

static volatile sig_atomic_t requested = 0;

static void on_interrupt(int signal_number) {
  if (requested) {
    signal(signal_number, SIG_DFL);
    raise(signal_number);
  }
  requested = 1;
}

void rv_interrupt_install(void) {
  struct sigaction action;
  action.sa_handler = on_interrupt;
  sigemptyset(&action.sa_mask);
  action.sa_flags = SA_RESTART;
  sigaction(SIGINT, &action, NULL);
}

int rv_interrupt_requested(void) { return requested != 0; }
void rv_interrupt_clear(void) { requested = 0; }
void rv_interrupt_raise(void) { requested = 1; }
