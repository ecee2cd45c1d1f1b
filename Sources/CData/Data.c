// The examples of problems, so that the program needs no file beside it.
#include "CData.h"
#include <string.h>

#if defined(__clang__)
#pragma clang diagnostic ignored "-Wc23-extensions"
#endif
static const unsigned char digits[] = {
#embed "../../Examples/data/digits.csv"
};
static const unsigned char cells[] = {
#embed "../../Examples/data/breast_cancer.csv"
};

const unsigned char *rv_data_file(const char *name, size_t *count) {
  if (strcmp(name, "digits.csv") == 0) return *count = sizeof digits, digits;
  if (strcmp(name, "breast_cancer.csv") == 0) return *count = sizeof cells, cells;
  *count = 0;
  return NULL;
}
