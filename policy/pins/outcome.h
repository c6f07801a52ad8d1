/*
 * outcome.h: what the outcome of an endpoint means for the names that hold its address.
 *
 * It decides whose pins move, are confirmed, or are in doubt. An outcome counts for the
 * names that this process looked up. If none of them holds the address, it counts for all
 * names that do. What happens to an address also happens to the SRV target whose host has
 * it, unless that host has another healthy address; and so to the services that lead there.
 * Private to policy/.
 */
#ifndef STICKYDNS_OUTCOME_H
#define STICKYDNS_OUTCOME_H

#include "policy/pins/report.h"
#include "policy/pins/snapshot.h"

/* What became of it. */
enum outcome_kind { OUTCOME_FAILED, OUTCOME_SUCCEEDED, OUTCOME_BROKEN };

struct effect {			/* over one endpoint */
	const struct endpoint *e;
	addr_ref addr;
	int slot;
	enum outcome_kind kind;
	bool began;			/* a cool-off */
	enum cause why;
	uint32_t since;			/* of a success: as in struct outcome */
};

/* Carries it over to the pins. */
void outcome_for_names(struct table *t, const struct outcome *o, const struct effect *v);

#endif
