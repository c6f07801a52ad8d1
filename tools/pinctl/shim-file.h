/* shim-file.h: finds the shim that pinctl puts into programs. */
#ifndef STICKYDNS_SHIM_FILE_H
#define STICKYDNS_SHIM_FILE_H

#include <limits.h>

#include "tools/common/cmd.h"

/* What AddressSanitizer wants in ASAN_OPTIONS where a library is preloaded, as the shim is (asan_flags.inc of LLVM). */
#define ASAN_ADMITS "verify_asan_link_order=0"

/* $STICKYDNS_LIB, or the one beside pinctl, or the installed one. DONE, or FAILED after one line. */
int shim_find(const struct context *c, char out[static PATH_MAX]);

#endif
