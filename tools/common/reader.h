/*
 * reader.h: follows a journal (journal.h): event after event, past those that a dead process left half written.
 */
#ifndef STICKYDNS_READER_H
#define STICKYDNS_READER_H

#include "policy/table/journal.h"

/* Where a reader stands. Begin with a number of journal.h in `seq`, zeros in the rest; or by reader_begin(). */
struct reader {
	uint64_t seq;			/* of the next event */
	uint64_t lost;			/* overwritten before they were read, or never finished; the caller takes from it */
	uint64_t waited, waited_ms;	/* events before `waited` were unfinished at that time */
	bool came_over;			/* from a table of the generation `left`: what was taken from it is passed over */
	uint8_t left;
};

/*
 * A reader of all that `t` has. Who followed another table at the same path until it was replaced gives its
 * journal_generation() as `left`, and reads what he has not read there.
 */
enum { READER_NEW = -1 };
struct reader reader_begin(const struct table *t, int left);

enum { UNFINISHED_MS = 50 };		/* an event that stays unfinished so long is a dead writer's */

enum reading {
	READ_EVENT,
	READ_END,			/* there is none yet */
	READ_UNFINISHED,		/* the next one is being written: come again after UNFINISHED_MS */
};

/* The next event, and advance. `now_ms`: of clock.h. Never waits. */
enum reading reader_next(struct reader *r, const struct table *t, uint64_t now_ms, struct event *out);

/* Does the reader stand where this journal has never been? Then it was replaced, or written over: begin again. */
bool reader_is_astray(const struct reader *r, const struct table *t);

#endif
