/*
 * schedule.h: which name is asked for next, and when: a heap over the slots of the table.
 *
 * Pure: the time is passed in. Times are ticks (clock.h); `dice` is any random number, which spreads what would come
 * together. To put, move and take one out costs as many steps as the number of names has bits.
 */
#ifndef STICKYDNS_SCHEDULE_H
#define STICKYDNS_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

/* ---- how long a name waits until it is asked for again ---- */

enum {
	FOLLOW_LEAST_S = 2,		/* a shorter TTL counts as so much: 0 would have names asked for without end */
	FOLLOW_LATE_MAX_S = 60,		/* so much later at most, where TTLs of many names end together */
	FOLLOW_DENIED_S = 60,		/* after NXDOMAIN, whose own TTL is not asked for */
	FOLLOW_RETRY_S = 1,		/* after the first question without an answer; each further one doubles it */
	FOLLOW_RETRY_MAX_S = 30,	/* RFC 8767 5 */
};

/*
 * Once its TTL has run out, and up to a sixteenth of it later, 1 s at least and FOLLOW_LATE_MAX_S at most. Not earlier: a
 * cache between here and the zone would give the old answer with what is left of its TTL, and be asked twice.
 */
uint32_t schedule_after_answer(uint32_t ttl_s, uint32_t dice);

/* After no answer for the n-th time in a row, n from 1: twice as long each time, 20 % more or less. */
uint32_t schedule_after_failure(unsigned n, uint32_t dice);

/* Once `left_s`, which is left of a known TTL, has run out; if that is 0, within the next second. */
uint32_t schedule_first(uint32_t left_s, uint32_t dice);

/* ---- the heap ---- */

struct schedule {
	uint32_t slots, n;
	uint32_t *heap;			/* slots; the first is due first */
	uint32_t *place;		/* of each slot: where it is in the heap, from 1; 0: it is not */
	uint32_t *due;			/* of each slot */
};

/* An empty one for so many slots. False: out of memory; there is nothing to free. */
bool schedule_make(struct schedule *s, uint32_t slots);
void schedule_free(struct schedule *s);

/* The slot is due then, whether or not it has been in the heap. */
void schedule_put(struct schedule *s, uint32_t slot, uint32_t due);

void schedule_remove(struct schedule *s, uint32_t slot);

static inline bool schedule_has(const struct schedule *s, uint32_t slot) { return s->place[slot] != 0; }

/* The slot that is due first, and when. False: the heap is empty. */
bool schedule_next(const struct schedule *s, uint32_t *slot, uint32_t *due);

#endif
