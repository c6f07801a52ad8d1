/*
 * probe-set.h: the endpoints that are probed, and what their last probes say together. Pure: no clock, no sockets.
 *
 * Walks over the table make the set anew, round after round. An endpoint that is wanted again keeps what is known of
 * it; one that no name wants any more is forgotten at the end of the round.
 */
#ifndef STICKYDNS_PROBE_SET_H
#define STICKYDNS_PROBE_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/base/endpoint.h"

enum { PROBED_MAX = 4096 };		/* endpoints; more are not probed */

/* How a name wants its servers probed. Of names that share an endpoint the strictest holds: OPTIONS, the shortest times. */
struct probe_rule {
	bool options;			/* a SIP request; else a TCP connect */
	uint32_t interval_s, timeout_s;
	uint32_t rise, fall;		/* probes in a row, from 1 */
};

struct probed {
	struct endpoint endpoint;
	struct probe_rule rule;
	uint64_t due_ms;		/* when the next probe is to begin */
	bool busy;			/* one is under way */
	bool failed_before;		/* one failed since the endpoint was last told to work */
	uint32_t passed, failed;	/* probes in a row; one of them is 0 */
};

struct probe_set {
	struct probed *now, *next;	/* PROBED_MAX each, in the order in which they were wanted */
	size_t n_now, n_next;
	uint32_t *index;		/* of `next`, by hash: position + 1; 0: none */
	uint32_t *index_now;
	uint64_t passed_over;		/* endpoints for which there was no room, ever */
};

/* False: no memory. */
bool probe_set_open(struct probe_set *s);
void probe_set_close(struct probe_set *s);

/*
 * An endpoint is wanted in the next round, by this rule. One that is new becomes due at `first_ms`. Call it for each
 * name; then probe_set_turn(), which makes the next round the present one.
 */
void probe_set_want(struct probe_set *s, const struct endpoint *e, const struct probe_rule *rule, uint64_t first_ms);
void probe_set_turn(struct probe_set *s);

/* Forget all, of both rounds. */
void probe_set_drop(struct probe_set *s);

/* Of the present round; NULL: it is not probed (any more). */
struct probed *probe_set_find(struct probe_set *s, const struct endpoint *e);

/* What a probe's end means together with those before it. */
enum probe_news {
	PROBE_NO_NEWS,
	PROBE_FAILED,			/* `fall` or more in a row failed */
	PROBE_WORKS,			/* `rise` or more in a row were answered */
};
enum probe_news probed_after(struct probed *p, bool passed);

/* The next interval: `interval_s`, give or take a tenth by `dice`, so that many keepers do not probe at once. */
uint64_t probe_interval_ms(uint32_t interval_s, uint32_t dice);

#endif
