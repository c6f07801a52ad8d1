/* abandoned.h: connects and requests in flight whose process has gone. */
#ifndef STICKYDNS_PINS_ABANDONED_H
#define STICKYDNS_PINS_ABANDONED_H

#include "policy/pins/snapshot.h"

/*
 * Looks at the notes that other processes left at the snapshot's candidates, and asks the kernel whether these processes
 * live (kill(2)). A note of a process that has gone is taken away. It tells of a failure if it is old enough. True:
 * something failed, so the snapshot is to be read again. No locks.
 */
bool abandoned_report(struct table *t, const struct snapshot *sn);

#endif
