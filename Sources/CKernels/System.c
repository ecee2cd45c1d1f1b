#include "System.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#if defined(__x86_64__)
#include <cpuid.h>
#elif defined(__linux__)
#include <sys/auxv.h>
#endif

extern char **environ;

static int64_t milliseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

// The environment with another TMPDIR: what the program leaves behind lies in a folder of ours.
static char **environment(char *variable) {
  size_t count = 0;
  while (environ[count]) count++;
  char **copy = malloc((count + 2) * sizeof *copy);
  if (!copy) return 0;
  size_t kept = 0;
  for (size_t k = 0; k < count; k++)
    if (strncmp(environ[k], "TMPDIR=", 7)) copy[kept++] = environ[k];
  copy[kept++] = variable;
  copy[kept] = 0;
  return copy;
}

static int wait_for(pid_t pid, int limit) {
  int64_t deadline = milliseconds() + limit;
  struct timespec pause = {0, 500000};
  int status;
  for (;;) {
    pid_t done = waitpid(pid, &status, WNOHANG);
    if (done == pid) return WIFEXITED(status) ? WEXITSTATUS(status) : RV_PROCESS_KILLED;
    // A host that ignores SIGCHLD leaves no status: what the program wrote decides.
    if (done < 0 && errno == ECHILD) return 0;
    if (milliseconds() >= deadline) {
      kill(-pid, SIGKILL);
      kill(pid, SIGKILL);
      while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {}
      return RV_PROCESS_TIMED_OUT;
    }
    nanosleep(&pause, 0);
  }
}

int rv_run_program(
    const char *path, char *const *arguments, const char *messages, const char *folder, int limit) {
  size_t length = strlen(folder) + sizeof "TMPDIR=";
  char *variable = malloc(length);
  char **variables = variable ? environment(variable) : 0;
  if (!variables) {
    free(variable);
    return RV_PROCESS_NOT_STARTED;
  }
  snprintf(variable, length, "TMPDIR=%s", folder);
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&files);
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&files, 1, messages, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  posix_spawn_file_actions_adddup2(&files, 1, 2);
  // A group of its own, so that a compiler's children can be killed with it.
  posix_spawnattr_setpgroup(&attributes, 0);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);
  pid_t pid;
  int failed = posix_spawn(&pid, path, &files, &attributes, arguments, variables);
  posix_spawn_file_actions_destroy(&files);
  posix_spawnattr_destroy(&attributes);
  free(variables);
  free(variable);
  return failed ? RV_PROCESS_NOT_STARTED : wait_for(pid, limit);
}

void rv_cpu_identity(uint32_t numbers[12]) {
  memset(numbers, 0, 12 * sizeof *numbers);
#if defined(__x86_64__)
  // Not EBX of leaf 1, which holds the number of the core.
  uint32_t a, b, c, d;
  if (__get_cpuid(1, &a, &b, &c, &d)) numbers[0] = a, numbers[1] = c, numbers[2] = d;
  if (__get_cpuid_count(7, 0, &a, &b, &c, &d))
    numbers[3] = b, numbers[4] = c, numbers[5] = d;
  if (__get_cpuid_count(7, 1, &a, &b, &c, &d)) numbers[6] = a, numbers[7] = d;
  if (__get_cpuid(0x80000001u, &a, &b, &c, &d)) numbers[8] = c, numbers[9] = d;
#elif defined(__linux__)
  unsigned long one = getauxval(AT_HWCAP), two = getauxval(AT_HWCAP2);
  numbers[0] = (uint32_t)one, numbers[1] = (uint32_t)(one >> 32);
  numbers[2] = (uint32_t)two, numbers[3] = (uint32_t)(two >> 32);
#endif
}

void rv_advise_huge_pages(void *at, size_t bytes) {
#if defined(MADV_HUGEPAGE)
  madvise(at, bytes, MADV_HUGEPAGE);
#else
  (void)at;
  (void)bytes;
#endif
}
