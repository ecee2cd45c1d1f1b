#pragma once

#include <sys/types.h>

// Starts a program on a terminal of its own and returns the other end of that, -1 for none.
int pt_start(const char *path, char *const arguments[], char *const environment[], int rows,
             int columns, pid_t *process);

// Gives the terminal another size, as dragging a window does.
void pt_resize(int terminal, int rows, int columns);
