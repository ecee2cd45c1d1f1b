#define _GNU_SOURCE
#include "System.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#if defined(__x86_64__)
#include <cpuid.h>
#elif defined(__linux__)
#include <sys/auxv.h>
#endif

extern char **environ;

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

// The programs that run now, by process group; the negative of one that was stopped, 0 for a free
// place. What finds no place is waited for, and not stopped.
enum { MOST_PROGRAMS = 64 };
static _Atomic int programs[MOST_PROGRAMS];
static atomic_int isEnding;
// Held while a program is started, so that the end finds it in its place.
static pthread_mutex_t starting = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;

void rv_stop_programs(void) {
  for (int k = 0; k < MOST_PROGRAMS; k++) {
    int pid = atomic_load(&programs[k]);
    if (pid > 0 && atomic_compare_exchange_strong(&programs[k], &pid, -pid)) kill(-pid, SIGKILL);
  }
}

static void at_end(void) {
  pthread_mutex_lock(&starting);
  atomic_store(&isEnding, 1);
  rv_stop_programs();
  pthread_mutex_unlock(&starting);
}

static void stop_at_end(void) { atexit(at_end); }

static _Atomic int *enter(pid_t pid) {
  for (int k = 0; k < MOST_PROGRAMS; k++) {
    int free = 0;
    if (atomic_compare_exchange_strong(&programs[k], &free, pid)) return &programs[k];
  }
  return 0;
}

static int wait_for(pid_t pid, _Atomic int *place) {
  // It keeps its number until its place is free again: nobody stops another in its stead.
  siginfo_t information;
  while (waitid(P_PID, (id_t)pid, &information, WEXITED | WNOWAIT) < 0 && errno == EINTR) {}
  int isStopped = place && atomic_exchange(place, 0) < 0;
  int status = 0;
  pid_t done;
  while ((done = waitpid(pid, &status, 0)) < 0 && errno == EINTR) {}
  if (isStopped) return RV_PROCESS_STOPPED;
  // A host that ignores SIGCHLD leaves no status: what the program wrote decides.
  if (done < 0) return 0;
  return WIFEXITED(status) ? WEXITSTATUS(status) : RV_PROCESS_KILLED;
}

int rv_run_program(
    const char *path, char *const *arguments, const char *messages, const char *folder) {
  pthread_once(&once, stop_at_end);
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
  pid_t pid = 0;
  _Atomic int *place = 0;
  int isLate = 0, failed = ETXTBSY;
  // A program that was just written is busy while a child of another thread still has it open.
  for (int tries = 0; failed == ETXTBSY && !isLate && tries < 1000; tries++) {
    if (tries > 0) usleep(10000);
    pthread_mutex_lock(&starting);
    isLate = atomic_load(&isEnding);
    if (!isLate) failed = posix_spawn(&pid, path, &files, &attributes, arguments, variables);
    if (!failed) place = enter(pid);
    pthread_mutex_unlock(&starting);
  }
  posix_spawn_file_actions_destroy(&files);
  posix_spawnattr_destroy(&attributes);
  free(variables);
  free(variable);
  if (isLate) return RV_PROCESS_STOPPED;
  return failed ? RV_PROCESS_NOT_STARTED : wait_for(pid, place);
}

static void close_file(int *file) {
  if (*file >= 0) close(*file);
  *file = -1;
}

// A pipe whose ends are not handed on to other programs.
static int make_pipe(int ends[2]) {
  if (pipe(ends)) return errno;
  for (int k = 0; k < 2; k++) fcntl(ends[k], F_SETFD, FD_CLOEXEC);
  return 0;
}

int rv_start_program(char *const *arguments, const char *folder, rv_program *program) {
  pthread_once(&once, stop_at_end);
  *program = (rv_program){.pid = 0, .input = -1, .output = -1, .errors = -1};
  int pipes[3][2] = {{-1, -1}, {-1, -1}, {-1, -1}};
  int failed = 0;
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&files);
  posix_spawnattr_init(&attributes);
  pthread_mutex_lock(&starting);
  if (atomic_load(&isEnding)) failed = EINTR;
  for (int k = 0; k < 3 && !failed; k++) {
    failed = make_pipe(pipes[k]);
    if (!failed) failed = posix_spawn_file_actions_adddup2(&files, pipes[k][k > 0], k);
  }
  if (!failed && folder && *folder) failed = posix_spawn_file_actions_addchdir_np(&files, folder);
  posix_spawnattr_setpgroup(&attributes, 0);
  sigset_t none, usual;
  sigemptyset(&none);
  sigemptyset(&usual);
  sigaddset(&usual, SIGPIPE);
  sigaddset(&usual, SIGINT);
  sigaddset(&usual, SIGTERM);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &usual);
  posix_spawnattr_setflags(
      &attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  pid_t pid = 0;
  if (!failed) failed = posix_spawnp(&pid, arguments[0], &files, &attributes, arguments, environ);
  if (!failed) {
    program->pid = pid;
    program->place = enter(pid);
  }
  pthread_mutex_unlock(&starting);
  posix_spawn_file_actions_destroy(&files);
  posix_spawnattr_destroy(&attributes);
  int *own[3] = {&program->input, &program->output, &program->errors};
  for (int k = 0; k < 3; k++) {
    close_file(&pipes[k][k > 0]);
    if (failed) {
      close_file(&pipes[k][k == 0]);
      continue;
    }
    *own[k] = pipes[k][k == 0];
    fcntl(*own[k], F_SETFL, O_NONBLOCK);
  }
  return failed;
}

long rv_send(int file, const void *bytes, size_t count) {
  // Who reads no more is no reason for this process to end.
  sigset_t broken, before, waiting;
  sigemptyset(&broken);
  sigaddset(&broken, SIGPIPE);
  sigpending(&waiting);
  int wasWaiting = sigismember(&waiting, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &broken, &before);
  ssize_t written = write(file, bytes, count);
  int problem = written < 0 ? errno : 0;
  if (problem == EPIPE && !wasWaiting) {
    sigpending(&waiting);
    int signal_number;
    if (sigismember(&waiting, SIGPIPE)) sigwait(&broken, &signal_number);
  }
  pthread_sigmask(SIG_SETMASK, &before, 0);
  if (written < 0 && (problem == EAGAIN || problem == EINTR)) return 0;
  return written;
}

void rv_close_input(rv_program *program) { close_file(&program->input); }

int rv_program_has_ended(const rv_program *program) {
  siginfo_t information = {0};
  int failed = waitid(P_PID, (id_t)program->pid, &information, WEXITED | WNOWAIT | WNOHANG);
  return failed ? errno != EINTR : information.si_pid == program->pid;
}

int rv_end_program(rv_program *program) {
  int wasRunning = !rv_program_has_ended(program);
  // It keeps its number until it is waited for; its children end with it.
  kill(-program->pid, SIGKILL);
  close_file(&program->input);
  close_file(&program->output);
  close_file(&program->errors);
  int status = wait_for(program->pid, program->place);
  return wasRunning ? RV_PROCESS_KILLED : status;
}

typedef struct thread_work {
  void (*work)(void *);
  void *argument;
} thread_work;

static void *run_thread(void *argument) {
  thread_work own = *(thread_work *)argument;
  free(argument);
  own.work(own.argument);
  return 0;
}

int rv_start_thread(void (*work)(void *), void *argument) {
  thread_work *own = malloc(sizeof *own);
  if (!own) return 0;
  own->work = work;
  own->argument = argument;
  // Signals are for the threads of the host.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_t thread;
  int failed = pthread_create(&thread, 0, run_thread, own);
  pthread_sigmask(SIG_SETMASK, &before, 0);
  if (failed) {
    free(own);
    return 0;
  }
  pthread_detach(thread);
  return 1;
}

struct rv_flag {
  atomic_int isSet;
  pthread_mutex_t mutex;
  pthread_cond_t changed;
};

rv_flag *rv_new_flag(void) {
  rv_flag *flag = malloc(sizeof *flag);
  if (!flag) abort();
  atomic_init(&flag->isSet, 0);
  pthread_mutex_init(&flag->mutex, 0);
  pthread_cond_init(&flag->changed, 0);
  return flag;
}

void rv_free_flag(rv_flag *flag) {
  pthread_cond_destroy(&flag->changed);
  pthread_mutex_destroy(&flag->mutex);
  free(flag);
}

void rv_set_flag(rv_flag *flag) {
  pthread_mutex_lock(&flag->mutex);
  atomic_store_explicit(&flag->isSet, 1, memory_order_release);
  pthread_cond_broadcast(&flag->changed);
  pthread_mutex_unlock(&flag->mutex);
}

int rv_flag_is_set(rv_flag *flag) {
  return atomic_load_explicit(&flag->isSet, memory_order_acquire);
}

void rv_wait_for_flag(rv_flag *flag) {
  pthread_mutex_lock(&flag->mutex);
  while (!rv_flag_is_set(flag)) pthread_cond_wait(&flag->changed, &flag->mutex);
  pthread_mutex_unlock(&flag->mutex);
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
