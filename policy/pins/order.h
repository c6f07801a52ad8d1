/*
 * order.h: a lookup: the answer in the pin's order, and what the table itself answers.
 *
 * Each function reads the records that it needs into a snapshot, asks decide.h, and
 * carries the decision out with CAS on the pin word. If another process was first,
 * that one's result holds. No locks, bounded work, no allocation. Pins of a read-only
 * table are used, and nothing is written to it. The other headers of pins/ do the same.
 */
#ifndef STICKYDNS_PINS_ORDER_H
#define STICKYDNS_PINS_ORDER_H

#include "policy/pins/answer.h"
#include "policy/table/names.h"

/* Where an answer comes from. */
enum order_from {
	ORDER_DNS,			/* the pools hold what DNS said */
	ORDER_SERVE,			/* the table, while the TTL of the last answer runs: `serve = on` */
	ORDER_STALE,			/* the table, since DNS failed in the last DNS_DOWN_S (RFC 8767) */
	ORDER_FAILED,			/* the table, since DNS has just failed: that is noted */
};

/*
 * Before DNS is asked: may the table answer instead? ORDER_STALE or ORDER_SERVE: perhaps, pins_order() tells. ORDER_DNS:
 * no. *known: for lookup.known.
 */
enum order_from pins_source(const struct table *t, const struct name *n, struct known *known);

/*
 * Puts an answer into the order of the name's pins. *ref is the name's record, for outcomes. False: the pools are as they
 * were, since the name is not to be touched (not sticky, no room), or the table has nothing to answer with.
 *
 * ORDER_DNS: learns the answer, and orders each family by its pin. A family that
 * the answer lacks gets its explicit pin all the same. What no server can have (224.0.0.1, which proxychains
 * makes up, and 0.0.0.0, which filters give) is not learnt, and keeps its place behind.
 * What came beside a service's answer counts only inside the service's own domain, and
 * adds nothing to a name that has had an answer of its own.
 *
 * Else the pools are filled from the table, for the families that are asked for: ORDER_SERVE with the candidates of the
 * last answer; ORDER_STALE and ORDER_FAILED with those seen within `stale`.
 */
bool pins_order(struct table *t, const struct lookup *l, enum order_from from, struct pool pool[static FAMILIES],
	       struct name_ref *ref);

/* One family alone of an answer of DNS, also of a service (service.h). False: not sticky, or no room. */
bool pins_order_family(struct table *t, const struct lookup *l, enum family f, struct pool *pool, struct name_ref *ref);

/* Does the name know the address? */
bool pins_knows(const struct table *t, const struct name *n, const struct address *a);

/* ---- serve = on ---- */

/*
 * DNS said so much of family `f`: `n` records, the least TTL among them `ttl_s`; 0
 * records (NODATA) are believed as long as the other family's. getaddrinfo tells no TTL.
 */
void ttl_note(struct table *t, struct name_ref ref, enum family f, size_t n, uint32_t ttl_s);

#endif
