#pragma once

/// What the 256 codes of eight-bit states stand for, ascending: of either sign, and from 0 on.
extern const float rv_map_s8[256];
extern const float rv_map_u8[256];
