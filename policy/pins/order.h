/*
 * order.h: a lookup: the answer in the pin's order, and what the table itself answers.
 *
 * The functions that decide read the records that they need into a snapshot, and ask
 * decide.h. Then they carry the decision out with CAS on the pin word. If another process
 * was first, they read again. No locks, bounded work, no allocation. Pins of a read-only
 * table are used, and nothing is written to it. That holds for all of pins/.
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
	ORDER_FAILED,			/* the table, since DNS has just failed; the table notes that */
};

/*
 * Before DNS is asked: may the table answer instead? ORDER_STALE or ORDER_SERVE: perhaps; pins_order() tells. ORDER_DNS:
 * no. *known: what was read for that, for lookup.known.
 */
enum order_from pins_source(const struct table *t, const struct name *n, struct known *known);

/*
 * Puts an answer into the order of the name's pins. *ref is the name's record, for outcomes. False: the pools are as they
 * were. Either the name is not to be touched (not sticky, no room), or the table has nothing to answer with.
 *
 * ORDER_DNS: learns the answer, and orders each family by its pin. A family that the
 * answer lacks gets its explicit pin all the same. Addresses that no server can have are not
 * learnt, and go last: 224.0.0.1, which proxychains makes up, and 0.0.0.0, which filters
 * give. Addresses that came with a service's answer (lookup.beside) count only inside the
 * service's own domain, and only for a name that has had no answer of its own.
 *
 * ORDER_SERVE fills the pools of the families asked for with the candidates of the last answer. ORDER_STALE and
 * ORDER_FAILED fill them with the candidates seen within `stale`.
 */
bool pins_order(struct table *t, const struct lookup *l, enum order_from from, struct pool pool[static FAMILIES],
	       struct name_ref *ref);

/* One family alone of an answer of DNS, also of a service (service.h). False: not sticky, or no room. */
bool pins_order_family(struct table *t, const struct lookup *l, enum family f, struct pool *pool, struct name_ref *ref);

/* Does the name know the address? */
bool pins_knows(const struct table *t, const struct name *n, const struct address *a);

/* ---- serve = on ---- */

enum { TTL_MAX_S = 7 * 24 * 3600 };	/* no TTL is believed for longer (RFC 8767 4) */

/*
 * An answer of DNS for family `f` had `n` records, and `ttl_s` is the least TTL among them. 0 records (NODATA) are
 * believed as long as the other family's. It comes from DNS messages and `pinctl refresh`: getaddrinfo tells no TTL.
 */
void ttl_note(struct table *t, struct name_ref ref, enum family f, size_t n, uint32_t ttl_s);

#endif
