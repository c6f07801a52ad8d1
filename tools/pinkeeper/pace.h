/*
 * pace.h: how fast DNS is asked, by whether it answers.
 *
 * While it answers: at most FOLLOW_PACE names a second, whatever is due. When so many names in a row have had no answer, it
 * is down: one name at a time is asked for, with a pause that grows. When it answers again, the pace grows from a small one,
 * so that what fell due meanwhile is no storm. Pure: the time is passed in, as ticks (clock.h).
 */
#ifndef STICKYDNS_PACE_H
#define STICKYDNS_PACE_H

#include <stdbool.h>
#include <stdint.h>

enum {
	FOLLOW_PACE = 4000,		/* names a second, 100,000 names in less than half a minute */
	FOLLOW_PACE_LEAST = 64,		/* when DNS has begun to answer; doubled each second */
	FOLLOW_DOWN_AFTER = 8,		/* names in a row without an answer */
	FOLLOW_PAUSE_S = 1,		/* while DNS is down, before one name is asked for; doubled each time */
	FOLLOW_PAUSE_MAX_S = 30,
};

struct pace {
	uint32_t now;			/* the latest tick that was passed in */
	uint32_t rate;			/* names a second */
	uint32_t second;		/* tick when `rate` was set */
	uint32_t allowance;		/* sixteenths of a name that may be asked for now */
	uint32_t failed;		/* names in a row */
	uint32_t pause;			/* ticks; 0: DNS is not down */
	uint32_t next;			/* tick when a name may be asked for in spite of that */
	bool trying;			/* one is */
};

void pace_begin(struct pace *p, uint32_t now);

/* May a name be asked for now, while `in_flight` others are? If so, it counts as asked for. */
bool pace_allows(struct pace *p, uint32_t now, uint32_t in_flight);

/* If not: ticks until it may be asked again whether one may. At least 1. */
uint32_t pace_wait(const struct pace *p, uint32_t now);

/* A name had an answer. True: DNS had been down. */
bool pace_answered(struct pace *p, uint32_t now);

/* A name had none. True: now DNS is down. */
bool pace_unanswered(struct pace *p, uint32_t now, uint32_t dice);

/* Others are asked from now on: one may be tried at once. */
void pace_renew(struct pace *p, uint32_t now);

#endif
