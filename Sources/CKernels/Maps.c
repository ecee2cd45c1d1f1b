#include "include/Maps.h"
#include "Lines.h"

#pragma STDC FP_CONTRACT OFF

#define RV_PICK(e, a, b, c, d, f, g, h, i) \
  ((e) == 0 ? a : (e) == 1 ? b : (e) == 2 ? c : (e) == 3 ? d : (e) == 4 ? f : (e) == 5 ? g \
   : (e) == 6 ? h : i)
#define RV_ITEM(e, ...) RV_PICK(e, __VA_ARGS__)
// The exponent of k as its lowest three bits in a float.
#define RV_LINE_OF(k) \
  ((k) < 1 ? 6 : (k) < 2 ? 7 : (k) < 4 ? 0 : (k) < 8 ? 1 : (k) < 16 ? 2 : (k) < 32 ? 3 \
   : (k) < 64 ? 4 : (k) < 128 ? 5 : (k) < 256 ? 6 : 7)
#define RV_S8_AT(k) \
  (RV_ITEM(RV_LINE_OF(k), RV_S8_RISES) * (float)(k) + RV_ITEM(RV_LINE_OF(k), RV_S8_BASES))
#define RV_U8_AT(k) \
  (RV_ITEM(RV_LINE_OF(k), RV_U8_RISES) * (float)(k) + RV_ITEM(RV_LINE_OF(k), RV_U8_BASES))
#define RV_MAP_S8(q) ((q) < 127 ? -RV_S8_AT(127.5f - (q)) : RV_S8_AT((q) - 126.5f))
#define RV_MAP_U8(q) RV_U8_AT((q) + 1)
#define RV_MAP_4(m, q) m(q), m((q) + 1), m((q) + 2), m((q) + 3)
#define RV_MAP_16(m, q) RV_MAP_4(m, q), RV_MAP_4(m, (q) + 4), RV_MAP_4(m, (q) + 8), RV_MAP_4(m, (q) + 12)
#define RV_MAP_64(m, q) \
  RV_MAP_16(m, q), RV_MAP_16(m, (q) + 16), RV_MAP_16(m, (q) + 32), RV_MAP_16(m, (q) + 48)
#define RV_MAP_256(m) RV_MAP_64(m, 0), RV_MAP_64(m, 64), RV_MAP_64(m, 128), RV_MAP_64(m, 192)
const float rv_map_s8[256] = {RV_MAP_256(RV_MAP_S8)};
const float rv_map_u8[256] = {RV_MAP_256(RV_MAP_U8)};
