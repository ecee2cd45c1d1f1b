#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif
#include "MatrixLibrary.h"
#include "Kernels.h"
#include "LinearAlgebra.h"
#include "Pool.h"
#include "Routines.h"

#include <dlfcn.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#if defined(__linux__) && defined(__aarch64__)
#include <sys/auxv.h>
#endif

uint32_t rv_processor_features(void) {
  uint32_t features = 0;
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) features |= RV_HAS_AVX2;
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")
      && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")
      && __builtin_cpu_supports("avx512cd"))
    features |= RV_HAS_AVX512;
  if (__builtin_cpu_supports("avx512bf16") && __builtin_cpu_supports("avx512vnni"))
    features |= RV_HAS_AVX512_BF16;
  if (__builtin_cpu_is("amd")) features |= RV_IS_AMD;
#elif defined(__linux__) && defined(__aarch64__)
  if (getauxval(AT_HWCAP) & (1ul << 20)) features |= RV_HAS_NEON_DOT;
#endif
  return features;
}

/// Whether only this user and the system may change what lies there: the file and the folders above.
static int is_trusted(char *path) {
  for (char *end = path + strlen(path);;) {
    struct stat status;
    char kept = *end;
    *end = 0;
    int failed = stat(end == path ? "/" : path, &status);
    *end = kept;
    if (failed || (status.st_uid != 0 && status.st_uid != geteuid())) return 0;
    // In a folder like /tmp nobody moves the files of others.
    int keeps = S_ISDIR(status.st_mode) && (status.st_mode & S_ISVTX);
    if ((status.st_mode & 022) && !keeps) return 0;
    if (end == path) return 1;
    while (*--end != '/') {}
  }
}

/// The file that the loader takes for a name, if it is known: 1 where it may be loaded (an empty path:
/// the loader's own folders decide), 0 where it may not.
static int find(const char *name, char path[PATH_MAX]) {
  *path = 0;
  if (strchr(name, '/')) return !realpath(name, path) || is_trusted(path);
  const char *folders = getenv("LD_LIBRARY_PATH");
  while (folders) {
    size_t length = strcspn(folders, ":;");
    char candidate[PATH_MAX];
    int size = length ? (int)length : 1;
    if (snprintf(candidate, sizeof candidate, "%.*s/%s", size, length ? folders : ".", name)
            < (int)sizeof candidate
        && realpath(candidate, path))
      return is_trusted(path);
    folders = folders[length] ? folders + length + 1 : 0;
  }
  *path = 0;
  return 1;
}

static char *set_variable(const char *name, const char *value) {
  const char *old = getenv(name);
  char *kept = old ? strdup(old) : 0;
  setenv(name, value, 1);
  return kept;
}

static void restore_variable(const char *name, char *kept) {
  if (kept)
    setenv(name, kept, 1);
  else
    unsetenv(name);
  free(kept);
}

/// A routine by its usual name, or as the builds of OpenBLAS for Python's packages call it, so that several of
/// them can live in one process.
static void *routine(void *handle, const char *name) {
  void *found = dlsym(handle, name);
  if (found) return found;
  char prefixed[64];
  snprintf(prefixed, sizeof prefixed, "scipy_%s", name);
  return dlsym(handle, prefixed);
}

/// OpenBLAS reads its variables while it is loaded, and would start a thread for each core.
static void *open_library(const char *path, const char *core) {
  char *threads = set_variable("OPENBLAS_NUM_THREADS", "1");
  char *type = core ? set_variable("OPENBLAS_CORETYPE", core) : 0;
  void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (core) restore_variable("OPENBLAS_CORETYPE", type);
  restore_variable("OPENBLAS_NUM_THREADS", threads);
  return handle;
}

// --- What a library is asked before it is used -------------------------------------------------

static void call_with(void *handle, const char *name, int value) {
  void (*function)(int) = (void (*)(int))routine(handle, name);
  if (function) function(value);
}

static void copy_text(void *handle, const char *name, char *text, size_t size) {
  const char *(*function)(void) = (const char *(*)(void))routine(handle, name);
  if (function) snprintf(text, size, "%s", function());
}

/// One thread, integers of 32 bits, and the same digits wherever a matrix lies in memory.
static void prepare(void *handle, rv_library *library) {
  call_with(handle, "openblas_set_num_threads", 1);
  call_with(handle, "MKL_Set_Interface_Layer", 0);
  call_with(handle, "MKL_Set_Threading_Layer", 1);
  call_with(handle, "MKL_CBWR_Set", 2);
  call_with(handle, "bli_thread_set_num_threads", 1);
  call_with(handle, "BLASSetThreading", 1);
  copy_text(handle, "openblas_get_corename", library->core, sizeof library->core);
  copy_text(handle, "openblas_get_config", library->version, sizeof library->version);
  void (*mkl)(char *, int) = (void (*)(char *, int))routine(handle, "MKL_Get_Version_String");
  if (mkl) mkl(library->version, sizeof library->version - 1);
}

/// How many products can run at the same time. OpenBLAS takes a buffer for each and waits for ever
/// where the address space is limited and used up.
static int count_products(int isOpenBLAS) {
  if (!isOpenBLAS) return RV_MAX_THREADS;
  const size_t buffer = (size_t)32 << 22, rest = (size_t)32 << 20;
  for (int count = rv_default_threads(); count > 0; count--) {
    void *space = mmap(0, count * buffer + rest, PROT_NONE, MAP_PRIVATE | MAP_ANON, -1, 0);
    if (space == MAP_FAILED) continue;
    munmap(space, count * buffer + rest);
    return count;
  }
  return 0;
}

// An integer that a library may read as 32 or as 64 bits.
typedef union {
  int64_t wide;
  int narrow;
} integer;

#define RV_CHECKS(P, T)                                                                            \
  /* c_ij = sum over k of (p_i + q_k) (r_j + s_k), in whole numbers that a float holds. */          \
  static int P##multiplies(P##gemm *gemm, int ta, int tb, int m, int n, int k) {                   \
    T *a = malloc(sizeof(T) * (size_t)(m * k + k * n + m * n)), *b = a + m * k, *c = b + k * n;    \
    if (!a) return 0;                                                                              \
    int q = 0, s = 0, qs = 0, isRight = 1;                                                         \
    for (int l = 0; l < k; l++) {                                                                  \
      q += l % 5, s += l % 3, qs += l % 5 * (l % 3);                                               \
      for (int i = 0; i < m; i++) a[ta ? l * m + i : i * k + l] = (T)(i % 7 + l % 5);              \
      for (int j = 0; j < n; j++) b[tb ? j * k + l : l * n + j] = (T)(j % 4 + l % 3);              \
    }                                                                                              \
    for (int i = 0; i < m * n; i++) c[i] = (T)NAN;                                                 \
    gemm(RV_ROW_MAJOR, ta ? RV_TRANSPOSED : RV_UNTRANSPOSED, tb ? RV_TRANSPOSED : RV_UNTRANSPOSED, m, n, k, 1,   \
         a, ta ? m : k, b, tb ? k : n, 0, c, n);                                                   \
    for (int i = 0; i < m; i++)                                                                    \
      for (int j = 0; j < n; j++)                                                                  \
        isRight &= c[i * n + j] == (T)(k * (i % 7) * (j % 4) + i % 7 * s + j % 4 * q + qs);        \
    free(a);                                                                                       \
    return isRight;                                                                                \
  }                                                                                                \
  static int P##isNear(T x, double y) { return fabs((double)x - y) < 1e-5; }                       \
  static int P##decomposes(const P##decompositions *f) {                                           \
    integer n = {2}, size = {256}, one = {1}, info = {-1};                                         \
    T work[256], values[2] = {0}, u[4], v[4], a[4] = {0, 1, 2, 0}, b[2] = {2, 3};                  \
    /* Pivots 2, 2 lie next to each other only where integers have 32 bits. */                     \
    int whole[256] = {0}, *narrow = &info.narrow;                                                  \
    f->gesv(&n.narrow, &one.narrow, a, &n.narrow, whole, b, &n.narrow, narrow);                    \
    if (*narrow || whole[0] != 2 || whole[1] != 2) return 0;                                       \
    if (!P##isNear(b[0], 3) || !P##isNear(b[1], 1)) return 0;                                      \
    T c[4] = {4, 2, 2, 10};                                                                        \
    f->potrf("U", &n.narrow, c, &n.narrow, narrow, 1);                                             \
    if (*narrow || !P##isNear(c[0], 2) || !P##isNear(c[2], 1) || !P##isNear(c[3], 3)) return 0;    \
    T d[4] = {2, 1, 1, 2};                                                                         \
    f->syevd("V", "U", &n.narrow, d, &n.narrow, values, work, &size.narrow, whole, &size.narrow,   \
             narrow, 1, 1);                                                                        \
    if (*narrow || !P##isNear(values[0], 1) || !P##isNear(values[1], 3)) return 0;                 \
    T e[4] = {3, 0, 0, -4};                                                                        \
    f->gesdd("S", &n.narrow, &n.narrow, e, &n.narrow, values, u, &n.narrow, v, &n.narrow, work,    \
             &size.narrow, whole, narrow, 1);                                                      \
    if (*narrow || !P##isNear(values[0], 4) || !P##isNear(values[1], 3)) return 0;                 \
    T g[4] = {3, 4, 1, 2}, tau[2];                                                                 \
    f->geqrf(&n.narrow, &n.narrow, g, &n.narrow, tau, work, &size.narrow, narrow);                 \
    if (*narrow || !P##isNear(g[0] * g[0], 25)) return 0;                                          \
    T r = g[0];                                                                                    \
    f->orgqr(&n.narrow, &n.narrow, &n.narrow, g, &n.narrow, tau, work, &size.narrow, narrow);      \
    return !*narrow && P##isNear(g[0] * r, 3) && P##isNear(g[1] * r, 4);                           \
  }

RV_CHECKS(d, double)
RV_CHECKS(s, float)

/// A count whose upper half is -1: with integers of 64 bits it is negative, and nothing is added.
static int has_narrow_integers(void *handle) {
  void (*axpy)(int64_t, double, const double *, int64_t, double *, int64_t) =
      (void (*)(int64_t, double, const double *, int64_t, double *, int64_t))routine(
          handle, "cblas_daxpy");
  double x[2] = {1, 2}, y[2] = {0};
  if (axpy) axpy((int64_t)0xFFFFFFFF00000002u, 3, x, 1, y, 1);
  return y[0] == 3 && y[1] == 6;
}

// --- The parts of a library --------------------------------------------------------------------

#define RV_SAY(...) snprintf(library->problem, sizeof library->problem, __VA_ARGS__)

static int take_products(void *handle, rv_library *library, rv_routines *routines) {
  routines->dgemm = (dgemm *)routine(handle, "cblas_dgemm");
  routines->sgemm = (sgemm *)routine(handle, "cblas_sgemm");
  if (!routines->dgemm || !routines->sgemm)
    return RV_SAY("it has no `cblas_%cgemm`", routines->dgemm ? 's' : 'd'), 0;
  if (!has_narrow_integers(handle)) return RV_SAY("its integers have 64 bits"), 0;
  // The last is large enough for the kernels of large products, and takes the first buffer.
  int isRight = dmultiplies(routines->dgemm, 0, 1, 7, 5, 33)
      && dmultiplies(routines->dgemm, 1, 0, 9, 6, 17) && smultiplies(routines->sgemm, 1, 0, 7, 5, 33)
      && smultiplies(routines->sgemm, 0, 0, 128, 128, 128)
      && dmultiplies(routines->dgemm, 0, 0, 128, 128, 128);
  if (!isRight) return RV_SAY("its products are wrong"), 0;
  return RV_PRODUCTS;
}

static int take_decompositions(void *handle, rv_library *library, rv_routines *routines) {
  static const char *const names[RV_DECOMPOSITION_COUNT] = {
      "syevd", "geqrf", "orgqr", "gesdd", "gesv", "potrf"};
  for (int k = 0; k < 2 * RV_DECOMPOSITION_COUNT; k++) {
    char name[16];
    int j = k / 2;
    snprintf(name, sizeof name, "%c%s_", k % 2 ? 's' : 'd', names[j]);
    void *symbol = routine(handle, name);
    if (!symbol) return RV_SAY("it has no `%s`", name), 0;
    *(k % 2 ? &routines->s.symbols[j] : &routines->d.symbols[j]) = symbol;
  }
  if (!ddecomposes(&routines->d) || !sdecomposes(&routines->s))
    return RV_SAY("its decompositions are wrong, or its integers have 64 bits"), 0;
  return RV_DECOMPOSITIONS;
}

static void *products_handle;

void rv_library_close(void) {
  memset(&rv_library_routines, 0, sizeof rv_library_routines);
  if (products_handle) dlclose(products_handle);
  products_handle = 0;
}

enum rv_library_outcome rv_library_load(
    const char *name, const char *core, enum rv_library_part part, rv_library *library) {
  memset(library, 0, sizeof *library);
  if (part == RV_PRODUCTS) rv_library_close();
  char path[PATH_MAX];
  if (!find(name, path))
    return RV_SAY("others may write to %s, or to a folder above it", path), RV_LIBRARY_REFUSED;
  void *handle = open_library(*path ? path : name, core);
  if (!handle) {
    const char *reason = dlerror();
    RV_SAY("%s", reason ? reason : "it cannot be loaded");
    // The system's words name the file that is missing: the library, or one that it needs itself.
    int isAbsent = !*path && strstr(library->problem, name) && strstr(library->problem, "No such file");
    return isAbsent ? RV_LIBRARY_ABSENT : RV_LIBRARY_REFUSED;
  }
  prepare(handle, library);
  rv_routines routines = rv_library_routines;
  int count = count_products(library->core[0] != 0);
  if (count == 0) {
    RV_SAY("the limit of memory leaves no room for its buffers");
  } else if (part == RV_PRODUCTS) {
    routines.products = count;
    library->parts = take_products(handle, library, &routines);
  }
  if (library->parts || (count && part == RV_DECOMPOSITIONS)) {
    rv_routines more = routines;
    int taken = take_decompositions(handle, library, &more);
    library->parts |= taken;
    if (taken) routines = more;
  }
  if (!library->parts) {
    dlclose(handle);
    return RV_LIBRARY_REFUSED;
  }
  Dl_info place;
  void *symbol = library->parts & RV_PRODUCTS ? (void *)routines.dgemm : routines.d.symbols[0];
  if (dladdr(symbol, &place) && place.dli_fname)
    snprintf(library->path, sizeof library->path, "%s", place.dli_fname);
  if (part == RV_PRODUCTS) products_handle = handle;
  rv_library_routines = routines;
  return RV_LIBRARY_LOADED;
}
