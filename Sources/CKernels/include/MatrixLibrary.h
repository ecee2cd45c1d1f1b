#pragma once
#include <stdint.h>

/* The library behind LinearAlgebra.h: found by name and loaded while the program runs. */

enum rv_library_outcome { RV_LIBRARY_LOADED, RV_LIBRARY_ABSENT, RV_LIBRARY_REFUSED };
enum rv_library_part { RV_PRODUCTS = 1, RV_DECOMPOSITIONS = 2 };

typedef struct {
  /* The parts that the library has and that gave right results, and where it lies. */
  int parts;
  char path[1024];
  /* What the library says of itself, and what it calls its kernels; empty where it says nothing. */
  char version[256];
  char core[64];
  /* Why it was refused, or why a part is missing. */
  char problem[512];
} rv_library;

/* Loads a library by its path, or by a name that the system's loader searches, and computes with it
 * from then on: the products if `part` is RV_PRODUCTS, with its decompositions if it has them, and the
 * decompositions alone otherwise. An earlier library of products is closed first. `core` is the value
 * of OPENBLAS_CORETYPE while it loads, or null. A file that others may write to is refused, and so is a
 * library that gives wrong results or has integers of 64 bits.
 *
 * Not to be called while another thread computes, or changes the environment. */
enum rv_library_outcome rv_library_load(
    const char *name, const char *core, enum rv_library_part part, rv_library *library);

/* Back to no library: products by kernels of our own, and no decompositions. */
void rv_library_close(void);

enum rv_processor {
  RV_HAS_AVX2 = 1, RV_HAS_AVX512 = 2, RV_HAS_AVX512_BF16 = 4, RV_IS_AMD = 8, RV_HAS_NEON_DOT = 16
};

/* What of this processor decides about kernels: the instructions that it has and that the system
 * saves registers for. */
uint32_t rv_processor_features(void);

/* Whether products of numbers of bfloat16 have a kernel of their own on this processor. */
int rv_multiplies_bf16(void);
