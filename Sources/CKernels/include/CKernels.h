#pragma once
int rv_kernels_version(void);
