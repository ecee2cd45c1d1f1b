#include "CReadline.h"

#if !__has_include(<readline/readline.h>)
#error "GNU readline is missing: run scripts/setup.sh, or install libreadline-dev (Linux) or readline (Homebrew)"
#else

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <readline/history.h>
#include <readline/readline.h>

// MARK: The library

// Loaded when the first line is to be read, so that the program runs where there is none: with plain lines.
#define RV_ALL(EACH) \
  EACH(add_history) EACH(history_base) EACH(history_get) EACH(history_length) EACH(rl_attempted_completion_function) \
  EACH(rl_attempted_completion_over) EACH(rl_callback_handler_install) EACH(rl_callback_handler_remove) \
  EACH(rl_callback_read_char) EACH(rl_callback_sigcleanup) EACH(rl_catch_signals) EACH(rl_catch_sigwinch) \
  EACH(rl_change_environment) EACH(rl_completion_append_character) EACH(rl_completion_suppress_append) \
  EACH(rl_completion_word_break_hook) EACH(rl_deprep_terminal) EACH(rl_end) EACH(rl_forced_update_display) \
  EACH(rl_free_line_state) EACH(rl_initialize) EACH(rl_line_buffer) EACH(rl_outstream) EACH(rl_point) \
  EACH(rl_prep_terminal) EACH(rl_readline_name) EACH(rl_redisplay) EACH(rl_replace_line) EACH(rl_resize_terminal) \
  EACH(rl_variable_bind) EACH(using_history)

#define RV_MEMBER(name) __typeof__(&name) name;
static struct {
  RV_ALL(RV_MEMBER)
} loaded;

static int load(void) {
  static const char *const names[] = {
#ifdef __APPLE__
    "libreadline.8.dylib", "/opt/homebrew/opt/readline/lib/libreadline.8.dylib",
    "/usr/local/opt/readline/lib/libreadline.8.dylib",
#else
    "libreadline.so.8", "libreadline.so.7", "libreadline.so",
#endif
  };
  void *handle = NULL;
  for (size_t k = 0; k < sizeof names / sizeof *names && !handle; k++) handle = dlopen(names[k], RTLD_NOW | RTLD_LOCAL);
  if (!handle) return 0;
  int found = 1;
#define RV_TAKE(name) found = (loaded.name = (__typeof__(&name))dlsym(handle, #name)) != NULL && found;
  RV_ALL(RV_TAKE)
  return found;
}

#define add_history (*loaded.add_history)
#define history_base (*loaded.history_base)
#define history_get (*loaded.history_get)
#define history_length (*loaded.history_length)
#define rl_attempted_completion_function (*loaded.rl_attempted_completion_function)
#define rl_attempted_completion_over (*loaded.rl_attempted_completion_over)
#define rl_callback_handler_install (*loaded.rl_callback_handler_install)
#define rl_callback_handler_remove (*loaded.rl_callback_handler_remove)
#define rl_callback_read_char (*loaded.rl_callback_read_char)
#define rl_callback_sigcleanup (*loaded.rl_callback_sigcleanup)
#define rl_catch_signals (*loaded.rl_catch_signals)
#define rl_catch_sigwinch (*loaded.rl_catch_sigwinch)
#define rl_change_environment (*loaded.rl_change_environment)
#define rl_completion_append_character (*loaded.rl_completion_append_character)
#define rl_completion_suppress_append (*loaded.rl_completion_suppress_append)
#define rl_completion_word_break_hook (*loaded.rl_completion_word_break_hook)
#define rl_deprep_terminal (*loaded.rl_deprep_terminal)
#define rl_end (*loaded.rl_end)
#define rl_forced_update_display (*loaded.rl_forced_update_display)
#define rl_free_line_state (*loaded.rl_free_line_state)
#define rl_initialize (*loaded.rl_initialize)
#define rl_line_buffer (*loaded.rl_line_buffer)
#define rl_outstream (*loaded.rl_outstream)
#define rl_point (*loaded.rl_point)
#define rl_prep_terminal (*loaded.rl_prep_terminal)
#define rl_readline_name (*loaded.rl_readline_name)
#define rl_redisplay (*loaded.rl_redisplay)
#define rl_replace_line (*loaded.rl_replace_line)
#define rl_resize_terminal (*loaded.rl_resize_terminal)
#define rl_variable_bind (*loaded.rl_variable_bind)
#define using_history (*loaded.using_history)

// MARK: Signals

// A handler may do little: it says in a pipe what came, and the loop that waits for keys reads it.
static int pipes[2] = {-1, -1};
static void (*notify)(void);
static volatile sig_atomic_t at_prompt = 0;

static void on_signal(int number) {
  int saved = errno;
  if (number == SIGINT && notify) notify();
  if (!at_prompt) {
    // Nothing holds the terminal: stopping and ending are as usual.
    if (number == SIGTSTP) kill(getpid(), SIGSTOP);
    if (number == SIGTERM || number == SIGHUP) {
      signal(number, SIG_DFL);
      raise(number);
    }
  } else {
    unsigned char byte = (unsigned char)number;
    ssize_t written = write(pipes[1], &byte, 1);
    (void)written;
  }
  errno = saved;
}

void rv_signals_install(void (*interrupt)(void)) {
  notify = interrupt;
  if (pipes[0] < 0 && pipe(pipes) == 0) {
    for (int k = 0; k < 2; k++) {
      fcntl(pipes[k], F_SETFD, FD_CLOEXEC);
      fcntl(pipes[k], F_SETFL, O_NONBLOCK);
    }
  }
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = on_signal;
  sigemptyset(&action.sa_mask);
  action.sa_flags = SA_RESTART;
  int numbers[] = {SIGINT, SIGWINCH, SIGTSTP, SIGTERM, SIGHUP};
  for (size_t k = 0; k < sizeof numbers / sizeof *numbers; k++) {
    sigaction(numbers[k], &action, NULL);
  }
  sigset_t all;
  sigemptyset(&all);
  for (size_t k = 0; k < sizeof numbers / sizeof *numbers; k++) sigaddset(&all, numbers[k]);
  sigprocmask(SIG_UNBLOCK, &all, NULL);
}

// The next signal that came, 0 for none.
static int next_signal(void) {
  unsigned char byte;
  return pipes[0] >= 0 && read(pipes[0], &byte, 1) == 1 ? byte : 0;
}

static void forget_signals(void) {
  while (next_signal()) {
  }
}

// Waits for a key or a signal; 1 for a key.
static int wait_for_key(void) {
  struct pollfd files[2] = {
      {.fd = STDIN_FILENO, .events = POLLIN}, {.fd = pipes[0], .events = POLLIN}};
  for (;;) {
    int count = poll(files, pipes[0] >= 0 ? 2 : 1, -1);
    if (count < 0 && errno != EINTR) return 1;
    if (count > 0) return (files[1].revents & POLLIN) ? 0 : 1;
  }
}

// MARK: Completion

static rv_completer completer;
static char *candidates;
static char break_characters[2];

// The completer says where the word starts: the character before it is what parts words.
static char *word_breaks(void) {
  int start = 0;
  int appends = 1;
  free(candidates);
  candidates = completer ? completer(rl_line_buffer, rl_point, &start, &appends) : NULL;
  rl_completion_append_character = appends ? ' ' : '\0';
  rl_completion_suppress_append = !appends;
  break_characters[0] = start > 0 && start <= rl_point ? rl_line_buffer[start - 1] : '\0';
  break_characters[1] = '\0';
  return break_characters;
}

static char *copied(const char *start, size_t length) {
  char *text = malloc(length + 1);
  if (!text) return NULL;
  memcpy(text, start, length);
  text[length] = '\0';
  return text;
}

// Bytes that two texts share at their start, whole letters only.
static size_t shared(const char *a, const char *b, size_t limit) {
  size_t n = 0;
  while (n < limit && a[n] == b[n] && a[n]) n++;
  while (n > 0 && ((unsigned char)a[n] & 0xC0) == 0x80) n--;
  return n;
}

static char **matches(const char *word, int start, int end) {
  (void)word;
  (void)start;
  (void)end;
  rl_attempted_completion_over = 1;
  if (!candidates || !*candidates) return NULL;
  size_t count = 0;
  for (const char *c = candidates; *c; c++) count += *c == '\n';
  char **all = calloc(count + 2, sizeof *all);
  if (!all) return NULL;
  size_t found = 0;
  const char *line = candidates;
  for (const char *c = candidates; *c; c++) {
    if (*c != '\n') continue;
    all[++found] = copied(line, (size_t)(c - line));
    line = c + 1;
  }
  size_t common = found ? strlen(all[1]) : 0;
  for (size_t k = 2; k <= found; k++) common = shared(all[1], all[k], common);
  all[0] = copied(all[1], common);
  if (found == 1) {
    free(all[1]);
    all[1] = NULL;
  }
  return all;
}

// MARK: Lines

static char *line;
static int state = -1;

static void on_line(char *text) {
  rl_callback_handler_remove();
  line = text;
  state = text ? RV_LINE_TEXT : RV_LINE_END;
}

int rv_readline_start(const char *name, int wants_utf8, rv_completer own) {
  if (!load()) return 0;
  setlocale(LC_CTYPE, "");
  if (wants_utf8 && strcmp(nl_langinfo(CODESET), "UTF-8") != 0) setlocale(LC_CTYPE, "C.UTF-8");
  rl_readline_name = name;
  rl_catch_signals = 0;
  rl_catch_sigwinch = 0;
  rl_change_environment = 0;
  completer = own;
  rl_completion_word_break_hook = word_breaks;
  rl_attempted_completion_function = matches;
  rl_initialize();
  // Letters beyond ASCII are letters in every locale.
  rl_variable_bind("convert-meta", "off");
  rl_variable_bind("input-meta", "on");
  rl_variable_bind("output-meta", "on");
  rl_variable_bind("enable-bracketed-paste", "on");
  rl_variable_bind("bell-style", "none");
  using_history();
  return 1;
}

static void suspend(void) {
  rl_deprep_terminal();
  kill(getpid(), SIGSTOP);
  rl_prep_terminal(1);
  rl_forced_update_display();
}

int rv_readline_next(const char *prompt, char **text) {
  *text = NULL;
  line = NULL;
  state = -1;
  forget_signals();
  at_prompt = 1;
  // The window may have changed while something was computed.
  rl_resize_terminal();
  rl_callback_handler_install(prompt, on_line);
  while (state < 0) {
    if (wait_for_key()) {
      rl_callback_read_char();
      continue;
    }
    int number = next_signal();
    if (number == SIGINT) {
      // What was typed stays to be seen; the next prompt stands below it.
      rl_point = rl_end;
      rl_redisplay();
      fputs("^C", rl_outstream);
      rl_free_line_state();
      rl_callback_sigcleanup();
      rl_replace_line("", 0);
      rl_callback_handler_remove();
      fputs("\n", rl_outstream);
      fflush(rl_outstream);
      state = RV_LINE_INTERRUPTED;
    } else if (number == SIGWINCH) {
      rl_resize_terminal();
    } else if (number == SIGTSTP) {
      suspend();
    } else if (number == SIGTERM || number == SIGHUP) {
      rl_callback_handler_remove();
      at_prompt = 0;
      signal(number, SIG_DFL);
      raise(number);
    }
  }
  at_prompt = 0;
  *text = line;
  return state;
}

void rv_readline_remember(const char *statement) {
  HIST_ENTRY *last = history_length > 0 ? history_get(history_base + history_length - 1) : NULL;
  if (last && strcmp(last->line, statement) == 0) return;
  add_history(statement);
}

// MARK: Without editing

static char chunk[4096];
static size_t chunk_start = 0;
static size_t chunk_end = 0;

int rv_plain_next(char **text) {
  *text = NULL;
  size_t length = 0;
  size_t capacity = 256;
  char *result = malloc(capacity);
  if (!result) return RV_LINE_END;
  forget_signals();
  at_prompt = 1;
  int outcome = RV_LINE_TEXT;
  for (;;) {
    if (chunk_start == chunk_end) {
      if (!wait_for_key()) {
        int number = next_signal();
        if (number == SIGINT) {
          outcome = RV_LINE_INTERRUPTED;
          break;
        }
        at_prompt = 0;
        if (number == SIGTSTP) kill(getpid(), SIGSTOP);
        if (number == SIGTERM || number == SIGHUP) {
          signal(number, SIG_DFL);
          raise(number);
        }
        at_prompt = 1;
        continue;
      }
      ssize_t count = read(STDIN_FILENO, chunk, sizeof chunk);
      if (count < 0 && errno == EINTR) continue;
      if (count < 0 && errno == EAGAIN) {
        struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
        poll(&input, 1, -1);
        continue;
      }
      if (count <= 0) {
        if (length == 0) outcome = RV_LINE_END;
        break;
      }
      chunk_start = 0;
      chunk_end = (size_t)count;
    }
    char byte = chunk[chunk_start++];
    if (byte == '\n') break;
    // No line of a program holds one, and C ends a text at it.
    if (byte == '\0') byte = '?';
    if (length + 2 > capacity) {
      // Longer lines than any program's are cut.
      if (capacity > (64u << 20)) continue;
      char *larger = realloc(result, capacity * 2);
      if (!larger) continue;
      result = larger;
      capacity *= 2;
    }
    result[length++] = byte;
  }
  at_prompt = 0;
  if (outcome == RV_LINE_TEXT) {
    result[length] = '\0';
    *text = result;
  } else {
    free(result);
  }
  return outcome;
}

#endif
