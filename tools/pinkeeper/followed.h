/*
 * followed.h: the names that are followed: found in the table, put into the schedule, and left alone again.
 *
 * Left alone are names that are not sticky, those of /etc/hosts, what is no name for DNS, and those that nobody has looked up
 * for `idle`, unless a service that is followed leads to them. A record may become another name's at any time. A mark of
 * each slot's name tells.
 */
#ifndef STICKYDNS_FOLLOWED_H
#define STICKYDNS_FOLLOWED_H

#include "policy/table/names.h"
#include "tools/common/hosts.h"
#include "tools/pinkeeper/schedule.h"

/* What is known of the name in a slot. */
struct followed_name {
	uint32_t mark;			/* of its record; 0: none */
	uint32_t led_until;		/* tick; as long a service that is followed leads to it */
	uint8_t unanswered;		/* questions in a row */
	bool asked;			/* it is asked for, and not in the schedule */
};

struct followed {
	const struct table *table;	/* NULL: none; the rest is empty then */
	struct followed_name *names;	/* of each slot */
	struct schedule schedule;
	struct hosts hosts;		/* stays when the table goes */
	uint32_t cursor;		/* of the walk: the slot that is looked at next */
	bool walked;			/* all were, since it was opened or events were lost */
	uint64_t random;
};

/* All names of `t` are to be found. False: out of memory. The caller calls followed_close() in any case. */
bool followed_open(struct followed *f, const struct table *t);
void followed_close(struct followed *f);

/* Any number. */
uint32_t followed_dice(struct followed *f);

/* A part of the walk: whatever is followed and not in the schedule gets there. In turn all are looked at about once a minute. */
void followed_walk(struct followed *f, uint32_t now);

/* The same at once, for a name that something has happened to; the table may not have it. */
void followed_meet(struct followed *f, const char *name, uint32_t now);

/* A service that is followed leads to the host, and will until the tick `until` at least. */
void followed_lead(struct followed *f, const struct name *host, uint32_t now, uint32_t until);

/* The name that is due first, at *due. It stays in the schedule. False: there is none. */
bool followed_next(const struct followed *f, uint32_t *slot, uint32_t *due);

/* Take the name in the slot out of the schedule. True: it is asked for now. False: it is not, or no longer, followed. */
bool followed_ask(struct followed *f, uint32_t slot, struct name *name, uint32_t now);

/* There is an answer for the slot. True: it still has that name. False: it was given to another, which was met. */
bool followed_answered(struct followed *f, uint32_t slot, struct name *name, uint32_t now);

#endif
