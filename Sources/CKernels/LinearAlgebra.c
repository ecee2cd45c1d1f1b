#include "LinearAlgebra.h"
#include "Routines.h"

rv_routines rv_library_routines;

#define RV_CALL(P, NAME, ...)                                                                      \
  int info = 0;                                                                                    \
  if (!rv_library_routines.P.NAME) return RV_NO_LIBRARY;                                           \
  rv_library_routines.P.NAME(__VA_ARGS__);                                                         \
  return info

#define RV_DEFINE(P, T, S)                                                                         \
  int rv_syevd_##S(int n, T *a, T *values, T *work, int lwork, int *iwork, int liwork) {           \
    RV_CALL(P, syevd, "V", "U", &n, a, &n, values, work, &lwork, iwork, &liwork, &info, 1, 1);     \
  }                                                                                                \
  int rv_geqrf_##S(int m, int n, T *a, T *tau, T *work, int lwork) {                               \
    RV_CALL(P, geqrf, &m, &n, a, &m, tau, work, &lwork, &info);                                    \
  }                                                                                                \
  int rv_orgqr_##S(int m, int n, int k, T *a, const T *tau, T *work, int lwork) {                  \
    RV_CALL(P, orgqr, &m, &n, &k, a, &m, tau, work, &lwork, &info);                                \
  }                                                                                                \
  int rv_gesdd_##S(int m, int n, T *a, T *values, T *u, T *vt, T *work, int lwork, int *iwork) {   \
    int k = m < n ? m : n;                                                                         \
    RV_CALL(P, gesdd, "S", &m, &n, a, &m, values, u, &m, vt, &k, work, &lwork, iwork, &info, 1);   \
  }                                                                                                \
  int rv_gesv_##S(int n, int columns, T *a, int *pivots, T *b) {                                   \
    RV_CALL(P, gesv, &n, &columns, a, &n, pivots, b, &n, &info);                                   \
  }                                                                                                \
  int rv_potrf_##S(int n, T *a) { RV_CALL(P, potrf, "U", &n, a, &n, &info, 1); }

RV_DEFINE(d, double, f64)
RV_DEFINE(s, float, f32)
