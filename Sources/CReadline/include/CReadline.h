#pragma once

// GNU readline behind functions with plain types: Swift 6 does not touch its globals.
// For one thread, the one that reads lines.

// What a wait for a line ended with.
enum { RV_LINE_TEXT = 0, RV_LINE_INTERRUPTED = 1, RV_LINE_END = 2 };

// What may stand at the cursor: the byte at which it starts goes to `start`, whether a blank follows
// to `appends`; the result holds candidates that end in line breaks and is freed by the caller. NULL
// where there are none.
typedef char *(*rv_completer)(const char *line, int cursor, int *start, int *appends);

// Ctrl-C, Ctrl-Z and the resizing of the window from now on: `interrupt` is called in the signal
// handler.
void rv_signals_install(void (*interrupt)(void));

// Loads GNU readline and prepares the editor; 0 where it is not there. `wants_utf8`: the terminal shows UTF-8
// although no locale says so.
int rv_readline_start(const char *name, int wants_utf8, rv_completer completer);

// Waits for a line. RV_LINE_TEXT: *text holds it, or lines that were pasted, and is freed by the
// caller.
int rv_readline_next(const char *prompt, char **text);

// As rv_readline_next without any editing, for terminals that cannot move the cursor and for files.
int rv_plain_next(char **text);

// Makes a statement the newest of the history.
void rv_readline_remember(const char *statement);
