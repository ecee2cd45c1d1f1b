// What the library needs of C, besides what it shows to hosts: not installed.
#ifndef RAVINE_ERRORS_H
#define RAVINE_ERRORS_H

#include <stddef.h>

void ravine_set_error(const char *text, const char *json);
// Memory that `ravine_free` frees; never null.
void *ravine_allocate(size_t bytes);

#endif
