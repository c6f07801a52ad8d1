/*
 * report.h: reports of what became of an endpoint; they move and confirm the pins that the outcome counts for.
 *
 * It decides whose pins move, are confirmed, or are in doubt. An outcome counts for the
 * names that this process looked up. If none of them holds the address, it counts for all
 * names that do. What happens to an address also happens to the SRV target whose host has
 * it, unless that host has another healthy address; and so to the services that lead there.
 */
#ifndef STICKYDNS_PINS_REPORT_H
#define STICKYDNS_PINS_REPORT_H

#include "policy/base/cause.h"
#include "policy/base/endpoint.h"
#include "policy/table/names.h"

/*
 * What became of an endpoint. `names`: the records that this process looked up in
 * the last RECENT_S; the outcome counts for those that hold the address, or, when
 * none of them does, for all names that hold it (at most `reach` of them).
 */
struct outcome {
	struct endpoint endpoint;
	const struct name_ref *names;
	size_t n_names;
	size_t reach;
	bool by_hand;			/* pulls no tentative pin to itself */
	uint32_t cool;			/* of a failure: COOL_BY_HISTORY, COOL_NOT, or seconds */
	enum cause why;			/* of a success; CAUSE_NONE: connected */
	uint64_t socket;		/* of a failure: SO_COOKIE, socket(7); 0: not known */
	uint32_t since;			/* with it: tick when connect began; 0: it was established; of a datagram, when the failure showed */
					/* of a success: tick when connect began, or the request was sent; 0: not known */
};

enum { REACH_SHIM = 16, REACH_ALL = 1 << 20, SAME_TICKS = 16 };

/*
 * It failed. One CAS makes it known; then the pins that it counts for move. False: no such address.
 *
 * The shim and pinwatch may both see one failure, in either order and minutes apart:
 * the kernel tells at once, a program when it looks. A socket's cookie is the same
 * for both, and so is, within SAME_TICKS, when its attempt began; who comes second
 * changes nothing. The last COUNTED failures are remembered.
 */
bool pins_failed(struct table *t, const struct outcome *o, enum cause cause);

/*
 * It succeeded. A tentative pin elsewhere that was set after o->since stays: the answer may have been on its way
 * when the server failed.
 */
bool pins_succeeded(struct table *t, const struct outcome *o);

/*
 * An established connection to it was reset: the pins that this counts for are in
 * doubt, tentative where they are, and the next attempt decides.
 */
bool pins_reset(struct table *t, const struct outcome *o);

#endif
