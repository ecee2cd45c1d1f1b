#include "Stream.h"
#include "Clones.h"
#include "Pool.h"

// Integers: sums of floating-point numbers may end in denormals, which are slow.
typedef uint32_t lanes __attribute__((vector_size(32), may_alias));

enum { RV_STREAM_BLOCK = 64 };

typedef struct {
  const rv_stream *streams;
  int64_t steps;
  int32_t count;
} job;

RV_CLONES static void run_block(const job *j, int64_t first, int64_t end) {
  for (int64_t step = first; step < end; step++) {
    lanes sum = {0};
    for (int32_t k = 0; k < j->count; k++) {
      int64_t bytes = j->streams[k].bytes;
      lanes *at = (lanes *)(j->streams[k].at + step * bytes);
      int64_t n = bytes / 32;
      switch (j->streams[k].kind) {
      case RV_STREAM_READ:
        for (int64_t i = 0; i < n; i++) sum += at[i];
        break;
      case RV_STREAM_UPDATE:
        for (int64_t i = 0; i < n; i++) at[i] += sum;
        break;
      default:
        for (int64_t i = 0; i < n; i++) at[i] = sum;
      }
    }
  }
}

static void run_item(void *context, int64_t item, int participant) {
  const job *j = context;
  int64_t first = item * RV_STREAM_BLOCK, end = first + RV_STREAM_BLOCK;
  run_block(j, first, end < j->steps ? end : j->steps);
  (void)participant;
}

void rv_run_streams(const rv_stream *streams, int32_t count, int64_t n, int threads) {
  job j = {streams, (n + RV_STREAM_STEP - 1) / RV_STREAM_STEP, count};
  int64_t items = (j.steps + RV_STREAM_BLOCK - 1) / RV_STREAM_BLOCK;
  if (threads > 1 && items > 1 && rv_pool_run(threads, items, run_item, &j)) return;
  run_block(&j, 0, j.steps);
}
