/*
 * census.h: one walk over the whole table, in steps, so that the loop has its turn between them.
 *
 * It counts, and chooses the names that get metrics of their own. Those come first that have a pin set by hand, then those
 * whose pins moved most, then those that the walk before chose, then those that were looked up last.
 */
#ifndef STICKYDNS_CENSUS_H
#define STICKYDNS_CENSUS_H

#include "policy/pins/glance.h"

enum { CENSUS_FAMILIES = FAMILIES + 1, CENSUS_SRV = FAMILIES };		/* an SRV target is counted by itself */

struct census_counts {
	uint32_t names, addrs, drained;
	uint32_t pins[CENSUS_FAMILIES][2][2];		/* set by hand? confirmed? */
	uint32_t endpoints[CIRCUIT_OPEN + 1];
};

struct chosen {
	uint64_t claim;			/* the greater, the sooner it is chosen */
	struct name_ref ref;
};

struct chosen_names {
	struct chosen *name;		/* while the walk goes on a heap, the least claim first; then by slot */
	size_t n, room;
};

struct census {
	struct census_counts counts;
	struct chosen_names chosen, before;
	size_t want;			/* names to choose, at most */
	uint32_t name_slot, addr_slot;	/* looked at next */
	size_t same;			/* in `before`: the first that lies at name_slot or behind */
};

/* Begin a walk. The names that the last one chose are kept as those before. Begin the first with zeros. */
void census_begin(struct census *c, size_t want);

/* Look at the next `slots` slots. False: it was the end. Out of memory, fewer names are chosen. */
bool census_step(struct census *c, const struct table *t, uint32_t slots);

/* Forget all: the table was another. */
void census_forget(struct census *c);

#endif
