/*
 * report.h: reports of what became of an endpoint; they move and confirm the pins that the outcome counts for.
 *
 * It decides whose pins move, are confirmed, or are in doubt. An outcome counts for the
 * names that this process looked up. If none of them holds the address, it counts for all
 * names that do. A failure of an address also counts for the SRV target whose host has it,
 * if that host has no other healthy address, and for the services that lead to that target.
 * A success counts for them, too.
 */
#ifndef STICKYDNS_PINS_REPORT_H
#define STICKYDNS_PINS_REPORT_H

#include "policy/base/cause.h"
#include "policy/base/endpoint.h"
#include "policy/table/names.h"

enum outcome_kind {
	OUTCOME_FAILED,
	OUTCOME_SUCCEEDED,
	OUTCOME_BROKEN,			/* an established connection was reset */
};

/*
 * What became of an endpoint. `names`: the records that this process looked up in the last RECENT_S. The outcome counts for
 * those that hold the address. If none does, it counts for all names that hold it (at most `reach` of them).
 */
struct outcome {
	struct endpoint endpoint;
	enum outcome_kind kind;
	enum cause why;			/* of a failure, or a success; CAUSE_NONE with a success: connected */
	const struct name_ref *names;
	size_t n_names;
	size_t reach;
	bool by_hand;			/* by a person, or a probe: confirms, but a tentative pin elsewhere does not follow it */
	uint32_t cool;			/* of a failure: COOL_BY_HISTORY, COOL_NOT, or seconds */
	uint64_t socket;		/* of a failure: SO_COOKIE, socket(7); 0: not known */

	/*
	 * Of a failure: the tick when the attempt began; 0: the connection was established; of a datagram, when the failure
	 * showed. Of a success: the tick when the connect began, or the request was sent; 0: not known.
	 */
	uint32_t since;
};

enum { REACH_SHIM = 16, REACH_ALL = 1 << 20, SAME_TICKS = 16 };

/*
 * Tells the table of it, for the shim, pinwatch and people. False: no such address, or the table may only be read.
 *
 * A failure: one CAS makes it known, then the pins that it counts for move. The shim and pinwatch may both see one failure,
 * in either order and minutes apart: the kernel tells at once, a program when it looks. A socket's cookie is the same
 * for both, and so is, within SAME_TICKS, when its attempt began; who comes second changes nothing. The last COUNTED
 * failures are remembered.
 *
 * A success confirms pins. A tentative pin elsewhere that was set after o->since stays: the answer may have been on its
 * way when the server failed.
 *
 * A broken connection: the pins that this counts for are in doubt, tentative where they are. The next attempt decides.
 */
bool pins_report(struct table *t, const struct outcome *o);

#endif
