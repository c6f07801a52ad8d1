/*
 * locked.h: mlockall(2), which must not fail because of us.
 *
 * It counts all that is mapped, and RLIMIT_MEMLOCK is often 8 MiB. Where that does not
 * do with us and would do without us, we give back our shared memory: the table, and if
 * need be what is in flight. The program then runs as without the shim. That is for a process of one thread, since
 * another one may be reading there; and nobody calls mlockall() from a handler of a signal
 * that came in the middle of a call of ours.
 *
 * What is locked counts against what the program maps later, thread stacks and heap: where it has a limit, our shared
 * memory is taken out again.
 */
#ifndef STICKYDNS_LOCKED_H
#define STICKYDNS_LOCKED_H

#include "shim/core/export.h"

/* mlockall(2). Result and errno are its own. */
HIDDEN int locked_all(int flags);

#endif
