#pragma once

/* BLAS and LAPACK by their Fortran and CBLAS symbols (OpenBLAS, or Accelerate on macOS).
 *
 * Matrices are column-major except in gemm. `work` queries follow LAPACK: with lwork == -1 the best
 * size is written to work[0] (and iwork[0]). Each returns LAPACK's info. */

/* One thread only: the engines parallelise over tensors, and results must not depend on a machine. */
void rv_blas_use_one_thread(void);

/* c[m,n] = alpha * op(a) op(b) + beta * c, row-major, with leading dimensions. */
void rv_gemm_f64(int transpose_a, int transpose_b, int m, int n, int k, double alpha,
                 const double *a, int lda, const double *b, int ldb, double beta, double *c,
                 int ldc);
void rv_gemm_f32(int transpose_a, int transpose_b, int m, int n, int k, float alpha, const float *a,
                 int lda, const float *b, int ldb, float beta, float *c, int ldc);

/* c = op(a) op(b), row-major, of an rv_element, by at most `threads` threads: the same digits for any
 * number of them. */
void rv_product(int threads, int element, int transpose_a, int transpose_b, int m, int n, int k,
                const void *a, int lda, const void *b, int ldb, void *c, int ldc);

/* Eigenvalues (ascending) and eigenvectors (columns of a) of the symmetric upper triangle of a. */
int rv_syevd_f64(int n, double *a, double *values, double *work, int lwork, int *iwork, int liwork);
int rv_syevd_f32(int n, float *a, float *values, float *work, int lwork, int *iwork, int liwork);

int rv_geqrf_f64(int m, int n, double *a, double *tau, double *work, int lwork);
int rv_geqrf_f32(int m, int n, float *a, float *tau, float *work, int lwork);
int rv_orgqr_f64(int m, int n, int k, double *a, const double *tau, double *work, int lwork);
int rv_orgqr_f32(int m, int n, int k, float *a, const float *tau, float *work, int lwork);

/* Thin singular value decomposition: u[m,k], values[k], vt[k,n], k = min(m, n); iwork has 8k. */
int rv_gesdd_f64(int m, int n, double *a, double *values, double *u, double *vt, double *work,
                 int lwork, int *iwork);
int rv_gesdd_f32(int m, int n, float *a, float *values, float *u, float *vt, float *work, int lwork,
                 int *iwork);

int rv_gesv_f64(int n, int columns, double *a, int *pivots, double *b);
int rv_gesv_f32(int n, int columns, float *a, int *pivots, float *b);

/* Upper factor of the upper triangle (so the lower factor of a row-major matrix). */
int rv_potrf_f64(int n, double *a);
int rv_potrf_f32(int n, float *a);
