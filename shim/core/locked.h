/*
 * locked.h: mlockall(2), which must not fail because of us.
 *
 * It counts all that is mapped, and RLIMIT_MEMLOCK is often 8 MiB. If it would succeed only
 * without us, we give back our shared memory: the table, and if need be what is in flight. The
 * program then runs as without the shim. We do that only in a process of one thread, since
 * another thread may be reading there. And nobody calls mlockall() in a signal handler in the
 * middle of a call of ours.
 *
 * What is locked counts against what the program maps later, thread stacks and heap. If it has
 * a limit, our shared memory is unlocked again.
 */
#ifndef STICKYDNS_LOCKED_H
#define STICKYDNS_LOCKED_H

#include "shim/core/export.h"

/* mlockall(2). Result and errno are its own. */
HIDDEN int locked_all(int flags);

#endif
