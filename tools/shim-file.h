/* shim-file.h: where the shim is that pinctl puts into programs. */
#ifndef STICKYDNS_SHIM_FILE_H
#define STICKYDNS_SHIM_FILE_H

#include <limits.h>

#include "cmd.h"

/* $STICKYDNS_LIB, or the one beside pinctl, or the installed one. DONE, or FAILED after one line. */
int shim_find(const struct context *c, char out[static PATH_MAX]);

#endif
