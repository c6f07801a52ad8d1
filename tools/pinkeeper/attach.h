/*
 * attach.h: the table that is served: opened when it is there, and again when it was replaced; and its journal.
 *
 * A thread waits on the journal's futex, which the loop cannot, and wakes the loop. Each look opens what is
 * missing and hands new events to the duties.
 */
#ifndef STICKYDNS_ATTACH_H
#define STICKYDNS_ATTACH_H

#include "tools/pinkeeper/keeper.h"

/* Begin to look, now and at each change. False, after one line: the loop has no room for it. */
bool attach_start(struct keeper *k);

/* Leave the table. */
void attach_stop(struct keeper *k);

#endif
