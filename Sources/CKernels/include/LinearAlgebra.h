#pragma once

/* BLAS and LAPACK behind plain C types; MatrixLibrary.h chooses whose. Without a library products
 * come from kernels of our own, and the decompositions return RV_NO_LIBRARY.
 *
 * Matrices are column-major except in products. `work` queries follow LAPACK: with lwork == -1 the best
 * size is written to work[0] (and iwork[0]). Each returns LAPACK's info. */

enum { RV_NO_LIBRARY = -1000 };

/* c = op(a) op(b), row-major, of an rv_element, by at most `threads` threads: the same digits for any
 * number of them. `is_bf16` says that floats are numbers of bfloat16. */
void rv_product(int threads, int element, int is_bf16, int transpose_a, int transpose_b, int m, int n, int k,
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
