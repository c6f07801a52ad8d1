/*
 * entries.h: which endpoints are redirected, and where to: the kernel's map and our copy of it.
 *
 * An entry leads from an endpoint to another one of the same transport, or to itself, by
 * which the kernel knows the pin. The copy saves a system call for each entry that has not
 * changed, and can be walked while it changes. One thread; no locks.
 */
#ifndef STICKYDNS_PINWATCH_ENTRIES_H
#define STICKYDNS_PINWATCH_ENTRIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/base/endpoint.h"

struct entry {
	struct endpoint asked, to;
	uint32_t wanted;		/* the round in which it was last known to be of use */
	uint8_t state;			/* 0: free */
	bool failed;			/* `asked` has */
};

struct entries {
	int map;			/* fd; -1: there is none, nothing is steered */
	uint64_t netns;			/* cookie: of the keys in the map */
	bool verbose;			/* say what changes */
	uint32_t round;
	uint32_t refused;		/* that found no room in the map */
	struct entry *slots;
	size_t room, used, live;	/* slots: a power of two; not free; of these, with an entry */
};

/* `asked` leads to `to`. False: no memory, or the map is full. */
bool entries_put(struct entries *e, const struct endpoint *asked, const struct endpoint *to, bool failed);

/* It leads nowhere else, any more; entries_sweep takes it away when nothing leads to it. */
void entries_stay(struct entries *e, const struct endpoint *asked);

/* Walk, from *cursor = 0. Entries may be put meanwhile, and may be missed or come twice then. NULL at the end. */
const struct entry *entries_next(const struct entries *e, size_t *cursor);

/* A round of asking for all is over: entries that lead to themselves and that the last two had no use for go. */
void entries_sweep(struct entries *e);

/* All of them go. */
void entries_clear(struct entries *e);

#endif
