/* answer.h: what a program asks, and the answer in the pin's order. Types only; order.h has the functions. */
#ifndef STICKYDNS_PINS_ANSWER_H
#define STICKYDNS_PINS_ANSWER_H

#include "policy/base/name.h"
#include "policy/rules/decide.h"

/*
 * An address that is not to lead this one answer, for a reason that is the caller's
 * own. The pin stays as it is, and nobody else is told.
 */
struct aside {
	struct address addr;
	bool no_route;			/* this host has no way to it; else: the program's own attempt there was in vain */
};

/* What was read of a name already, so that a lookup reads it once. */
struct known {
	struct name_ref ref;		/* its record; key 0: to be found */
	bool has_settings;
	struct settings settings;	/* only if has_settings: they hold until the lookup ends */
};

struct lookup {
	const struct name *name;
	const struct known *known;	/* as pins_source() found it; NULL: nothing was read */
	uint16_t port;			/* the service asked for, host order; 0: none named */
	uint8_t transport;		/* enum transport */
	bool as_target;			/* asked for as a target of a service that this process looked up */
	const struct name *beside;	/* the service whose answer brought these addresses along; NULL: the name was asked for */
	const struct aside *aside;	/* an address may stand there twice */
	size_t n_aside;
	bool (*has_way)(const struct address *a);	/* NULL, or is asked of the one that is to lead: false as no_route; keeps errno */
	bool by_way;			/* libc put those without a way last (RFC 6724 6, rule 1): its first need not be asked about */
};

/* One record of an SRV answer (RFC 2782); the target from pins_target() (service.h). */
struct srv_record {
	struct address target;
	uint16_t priority, weight;
};

/*
 * The addresses of one family, in order. In: as the resolver gave them. Out: as
 * they are to be given; `extra` when addr[0] was not among them and was put in
 * front. At most POOL_MAX; what a longer answer holds beyond them stays behind.
 */
struct pool {
	bool asked;			/* the program takes this family; else it is not touched */
	bool first;			/* libc put this family before the other; out, of ORDER_STALE: libc put it first last time */
	bool more;			/* the answer held more than these: an address that is not here may be in it */
	bool extra;
	uint8_t lead;			/* out: enum lead, what addr[0] is */
	const struct srv_record *srv;	/* of a service: what its records say, beside addr; else NULL */
	size_t n;
	struct address addr[POOL_MAX + 1];
};

enum lead { LEAD_NONE, LEAD_AUTO, LEAD_EXPLICIT };

#endif
