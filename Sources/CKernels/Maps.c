#include "include/Maps.h"

// The dynamic maps of Dettmers et al. 2021 (arXiv:2110.02861), to the bit those of bitsandbytes:
// decade i of 0..6 holds the middles of n equal parts of [0.1, 1], times 10^(i - 6), n = 2^i of
// either sign or 2^(i + 1); then 0 and 1.
#define RV_MAP_STEP(n) ((double)((1.0f - 0.1f) / (float)(n)))
#define RV_MAP_BORDER(n, k) \
  ((k) < ((n) + 1) / 2 ? (float)((double)0.1f + RV_MAP_STEP(n) * (k)) \
                       : (float)(1.0 - RV_MAP_STEP(n) * ((n) - (k))))
#define RV_MAP_MIDDLE(n, k) ((RV_MAP_BORDER(n, k) + RV_MAP_BORDER(n, (k) + 1)) / 2.0f)
#define RV_MAP_POWER(i) \
  ((i) == 0 ? 1e-6f : (i) == 1 ? 1e-5f : (i) == 2 ? 1e-4f : (i) == 3 ? 1e-3f : (i) == 4 ? 1e-2f \
   : (i) == 5 ? 1e-1f : 1.0f)
#define RV_MAP_DECADE(j) \
  ((j) < 2 ? 0 : (j) < 4 ? 1 : (j) < 8 ? 2 : (j) < 16 ? 3 : (j) < 32 ? 4 : (j) < 64 ? 5 : 6)
// Code j of one sign, 1..127, with as many parts as its decade's first code is; 128 is 1.
#define RV_MAP_SIGNED(j) \
  ((j) == 0 ? 0.0f : (j) == 128 ? 1.0f \
   : RV_MAP_POWER(RV_MAP_DECADE(j)) * \
         RV_MAP_MIDDLE(1 << RV_MAP_DECADE(j), (j) - (1 << RV_MAP_DECADE(j))))
#define RV_MAP_S8(q) ((q) < 127 ? -RV_MAP_SIGNED((q) < 127 ? 127 - (q) : 0) \
                                : RV_MAP_SIGNED((q) < 127 ? 0 : (q) - 127))
// Code q of 1..254 is number q + 1 among decades of twice as many parts; 255 is 1.
#define RV_MAP_U8(q) \
  ((q) == 0 ? 0.0f : (q) == 255 ? 1.0f \
   : RV_MAP_POWER(RV_MAP_DECADE(((q) + 1) / 2)) * \
         RV_MAP_MIDDLE(2 << RV_MAP_DECADE(((q) + 1) / 2), (q) + 1 - (2 << RV_MAP_DECADE(((q) + 1) / 2))))
#define RV_MAP_4(m, q) m(q), m((q) + 1), m((q) + 2), m((q) + 3)
#define RV_MAP_16(m, q) RV_MAP_4(m, q), RV_MAP_4(m, (q) + 4), RV_MAP_4(m, (q) + 8), RV_MAP_4(m, (q) + 12)
#define RV_MAP_64(m, q) \
  RV_MAP_16(m, q), RV_MAP_16(m, (q) + 16), RV_MAP_16(m, (q) + 32), RV_MAP_16(m, (q) + 48)
#define RV_MAP_256(m) RV_MAP_64(m, 0), RV_MAP_64(m, 64), RV_MAP_64(m, 128), RV_MAP_64(m, 192)
const float rv_map_s8[256] = {RV_MAP_256(RV_MAP_S8)};
const float rv_map_u8[256] = {RV_MAP_256(RV_MAP_U8)};
