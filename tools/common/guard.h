/*
 * guard.h: a table whose file is truncated under a daemon that reads it.
 *
 * Access behind the end of the file raises SIGBUS (mmap(2)). With a guard the table becomes zeros, and
 * the daemon opens it again.
 */
#ifndef STICKYDNS_GUARD_H
#define STICKYDNS_GUARD_H

#include <stdatomic.h>

#include "policy/table/file.h"

enum { GUARDED_MAX = 64 };

/*
 * Guard the table that `t` holds, now and after it was opened anew. `*over` becomes true when it was truncated:
 * then it reads as zeros until store_close(). Both last as long as the process. False: there are GUARDED_MAX already.
 */
bool guard_table(struct table *t, _Atomic bool *over);

#endif
