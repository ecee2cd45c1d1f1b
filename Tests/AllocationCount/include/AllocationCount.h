#pragma once

/// How often the calling thread has asked for memory; 0 where that is not counted.
long rv_allocation_count(void);
