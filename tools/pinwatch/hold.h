/*
 * hold.h: the cgroup that pinwatch steers: taken, removed and made again, left to another's program.
 */
#ifndef STICKYDNS_PINWATCH_HOLD_H
#define STICKYDNS_PINWATCH_HOLD_H

#include <limits.h>

#include "tools/common/cmd.h"
#include "tools/pinwatch/steering.h"

enum hold_state {
	HOLD_STEERED,
	HOLD_GONE,			/* removed, or cannot be taken any more */
	HOLD_LEFT,			/* to another's program, the holder of the steering */
};

struct hold {
	char cgroup[PATH_MAX];
	enum hold_state state;
	int lock, fd;			/* -1: not held */
};

/* Lock and open. False: errno tells; EBUSY: another one has it. */
bool hold_take(struct hold *h);

void hold_close(struct hold *h);

/*
 * Once a second. One that is made again, as a service manager does when a service starts again, is another one:
 * programs of it are steered too. Where another's program comes later that would not be run, ours go until it is gone.
 * What changes is said.
 */
void hold_look(struct hold *h, struct steering *s, const struct context *c);

#endif
