#pragma once

#include <stddef.h>

/// The bytes of a data file that comes with Ravine, by its name in Examples/data; NULL where there is none.
const unsigned char *rv_data_file(const char *name, size_t *count);
