#pragma once
#include <stddef.h>
#include <stdint.h>

// The routines of BLAS and LAPACK that are called, by type: P is the letter of their names.

enum { RV_ROW_MAJOR = 101, RV_UNTRANSPOSED = 111, RV_TRANSPOSED = 112 };
enum { RV_DECOMPOSITION_COUNT = 6 };

/* Fortran compilers pass the lengths of character arguments at the end; libraries in C ignore them. */
#define RV_ROUTINES(P, T)                                                                          \
  typedef void P##gemm(int, int, int, int, int, int, T, const T *, int, const T *, int, T, T *,    \
                       int);                                                                       \
  typedef union {                                                                                  \
    struct {                                                                                       \
      void (*syevd)(const char *, const char *, const int *, T *, const int *, T *, T *,           \
                    const int *, int *, const int *, int *, size_t, size_t);                       \
      void (*geqrf)(const int *, const int *, T *, const int *, T *, T *, const int *, int *);     \
      void (*orgqr)(const int *, const int *, const int *, T *, const int *, const T *, T *,       \
                    const int *, int *);                                                           \
      void (*gesdd)(const char *, const int *, const int *, T *, const int *, T *, T *,            \
                    const int *, T *, const int *, T *, const int *, int *, int *, size_t);        \
      void (*gesv)(const int *, const int *, T *, const int *, int *, T *, const int *, int *);    \
      void (*potrf)(const char *, const int *, T *, const int *, int *, size_t);                   \
    };                                                                                             \
    void *symbols[RV_DECOMPOSITION_COUNT];                                                         \
  } P##decompositions;

RV_ROUTINES(d, double)
RV_ROUTINES(s, float)

// What is called. Changed only while nobody computes.
typedef struct {
  dgemm *dgemm;
  sgemm *sgemm;
  ddecompositions d;
  sdecompositions s;
  // How many products may run at the same time; each wants a buffer.
  int products;
} rv_routines;

extern rv_routines rv_library_routines;

// c = op(a) op(b) of numbers of bfloat16, where rv_multiplies_bf16; 0 where an operand is none that the
// kernel multiplies. Tiles whose last column comes before their first row, `below` added, are left out.
int rv_product_bf16(int ta, int tb, int m, int n, int k, const float *a, int64_t lda,
                    const float *b, int64_t ldb, float *c, int64_t ldc, int below);
