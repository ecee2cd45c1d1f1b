#pragma once
#include <stdint.h>

// What memory can give: passes over arrays that only read, add to what is there, or write.

enum rv_stream_kind { RV_STREAM_READ, RV_STREAM_UPDATE, RV_STREAM_WRITE };

/// Elements that arrays of a stream are padded to.
enum { RV_STREAM_STEP = 256 };

/// One array: 64-byte aligned, `bytes` for every RV_STREAM_STEP elements, a multiple of 32.
typedef struct rv_stream {
  char *at;
  int32_t bytes;
  // An rv_stream_kind.
  int32_t kind;
} rv_stream;

/// Goes once through `count` arrays side by side, `n` elements of each, with at most `threads`
/// threads that take pieces as passes of an optimizer do. What the arrays then hold means nothing.
void rv_run_streams(const rv_stream *streams, int32_t count, int64_t n, int threads);
