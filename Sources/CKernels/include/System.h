#pragma once
#include <stddef.h>
#include <stdint.h>

enum rv_process { RV_PROCESS_NOT_STARTED = -1, RV_PROCESS_STOPPED = -2, RV_PROCESS_KILLED = -3 };

/// Runs a program with an argument array (no shell), nothing on its input and its output and errors
/// in the file `messages`; TMPDIR is `folder`. Its exit status, or an `rv_process`. However long it
/// runs, it is killed where this process exits or gets Ctrl-C.
int rv_run_program(
    const char *path, char *const *arguments, const char *messages, const char *folder);

/// A program that runs beside this one: where it reads, and what it writes. Reading and writing does not
/// wait.
typedef struct rv_program {
  int pid, input, output, errors;
  void *place;
} rv_program;

/// Starts a program with an argument array (no shell), found on PATH, in a folder (null: this one), with a
/// process group of its own. 0, or a number of errno. It is killed where this process exits or gets Ctrl-C.
int rv_start_program(char *const *arguments, const char *folder, rv_program *program);

/// Writes what can be written now: how many bytes, or -1 where nobody reads any more.
long rv_send(int file, const void *bytes, size_t count);
void rv_close_input(rv_program *program);
int rv_program_has_ended(const rv_program *program);

/// Kills it, if it still runs, and its children. Its exit status, or an `rv_process`. To be called once.
int rv_end_program(rv_program *program);

/// Kills all programs that run by these functions, and their children. A signal handler may call it.
void rv_stop_programs(void);

/// Runs `work` on a thread that nobody joins; 0 where there is none.
int rv_start_thread(void (*work)(void *), void *argument);

/// A flag that one thread sets once and others see, with all that was written before.
typedef struct rv_flag rv_flag;
rv_flag *rv_new_flag(void);
void rv_free_flag(rv_flag *flag);
void rv_set_flag(rv_flag *flag);
int rv_flag_is_set(rv_flag *flag);
void rv_wait_for_flag(rv_flag *flag);

/// What instructions this machine has, as numbers to compare.
void rv_cpu_identity(uint32_t numbers[12]);

/// Asks for large pages behind memory that will all be used; where there are none nothing happens.
void rv_advise_huge_pages(void *at, size_t bytes);
