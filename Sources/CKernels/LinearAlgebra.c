#include "LinearAlgebra.h"

#include <stddef.h>

enum { row_major = 101, no_transpose = 111, transposed = 112 };

void cblas_dgemm(int order, int ta, int tb, int m, int n, int k, double alpha, const double *a,
                 int lda, const double *b, int ldb, double beta, double *c, int ldc);
void cblas_sgemm(int order, int ta, int tb, int m, int n, int k, float alpha, const float *a,
                 int lda, const float *b, int ldb, float beta, float *c, int ldc);

/* Fortran compilers pass the lengths of character arguments at the end; libraries in C ignore them. */
#define RV_DECLARE(P, T)                                                                           \
  void P##syevd_(const char *, const char *, const int *, T *, const int *, T *, T *, const int *, \
                 int *, const int *, int *, size_t, size_t);                                       \
  void P##geqrf_(const int *, const int *, T *, const int *, T *, T *, const int *, int *);        \
  void P##orgqr_(const int *, const int *, const int *, T *, const int *, const T *, T *,          \
                 const int *, int *);                                                              \
  void P##gesdd_(const char *, const int *, const int *, T *, const int *, T *, T *, const int *,  \
                 T *, const int *, T *, const int *, int *, int *, size_t);                        \
  void P##gesv_(const int *, const int *, T *, const int *, int *, T *, const int *, int *);       \
  void P##potrf_(const char *, const int *, T *, const int *, int *, size_t);

RV_DECLARE(d, double)
RV_DECLARE(s, float)

#if defined(__linux__)
__attribute__((weak)) void openblas_set_num_threads(int);
#endif

void rv_blas_use_one_thread(void) {
#if defined(__linux__)
  if (openblas_set_num_threads) openblas_set_num_threads(1);
#endif
}

#define RV_DEFINE(P, T, S)                                                                         \
  void rv_gemm_##S(int ta, int tb, int m, int n, int k, T alpha, const T *a, int lda, const T *b,  \
                   int ldb, T beta, T *c, int ldc) {                                               \
    cblas_##P##gemm(row_major, ta ? transposed : no_transpose, tb ? transposed : no_transpose, m,  \
                    n, k, alpha, a, lda, b, ldb, beta, c, ldc);                                    \
  }                                                                                                \
  int rv_syevd_##S(int n, T *a, T *values, T *work, int lwork, int *iwork, int liwork) {           \
    int info = 0;                                                                                  \
    P##syevd_("V", "U", &n, a, &n, values, work, &lwork, iwork, &liwork, &info, 1, 1);             \
    return info;                                                                                   \
  }                                                                                                \
  int rv_geqrf_##S(int m, int n, T *a, T *tau, T *work, int lwork) {                               \
    int info = 0;                                                                                  \
    P##geqrf_(&m, &n, a, &m, tau, work, &lwork, &info);                                            \
    return info;                                                                                   \
  }                                                                                                \
  int rv_orgqr_##S(int m, int n, int k, T *a, const T *tau, T *work, int lwork) {                  \
    int info = 0;                                                                                  \
    P##orgqr_(&m, &n, &k, a, &m, tau, work, &lwork, &info);                                        \
    return info;                                                                                   \
  }                                                                                                \
  int rv_gesdd_##S(int m, int n, T *a, T *values, T *u, T *vt, T *work, int lwork, int *iwork) {   \
    int info = 0, k = m < n ? m : n;                                                               \
    P##gesdd_("S", &m, &n, a, &m, values, u, &m, vt, &k, work, &lwork, iwork, &info, 1);           \
    return info;                                                                                   \
  }                                                                                                \
  int rv_gesv_##S(int n, int columns, T *a, int *pivots, T *b) {                                   \
    int info = 0;                                                                                  \
    P##gesv_(&n, &columns, a, &n, pivots, b, &n, &info);                                           \
    return info;                                                                                   \
  }                                                                                                \
  int rv_potrf_##S(int n, T *a) {                                                                  \
    int info = 0;                                                                                  \
    P##potrf_("U", &n, a, &n, &info, 1);                                                           \
    return info;                                                                                   \
  }

RV_DEFINE(d, double, f64)
RV_DEFINE(s, float, f32)
