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

/*
 * The same for `records` addresses a call, whoever looks up their names; but only for notes that are old enough to tell of
 * a failure. *cursor: begin with 0, and leave it alone. False: that was the end of the walk; the next call begins another.
 */
bool abandoned_reap(struct table *t, uint32_t *cursor, unsigned records);

#endif
