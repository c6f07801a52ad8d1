/* admin.h: what people and pinctl do to pins: set, drop, refresh, report and restore them; and drain addresses. */
#ifndef STICKYDNS_PINS_ADMIN_H
#define STICKYDNS_PINS_ADMIN_H

#include "policy/pins/answer.h"
#include "policy/table/names.h"

enum admin_status { ADMIN_OK, ADMIN_NO_NAME, ADMIN_NO_ADDRESS, ADMIN_FULL, ADMIN_READ_ONLY };

enum { PREFERENCES = 8 };

/*
 * Pin `n` to addrs[0..count) in order of preference: one family, 1 to PREFERENCES
 * of them. `ttl_s`: 0 for ever. Replaces the pin and list of that family; whole
 * or not at all.
 */
enum admin_status pins_set(struct table *t, const struct name *n, const struct address *addrs,
			  size_t count, uint32_t ttl_s);

/*
 * An auto pin that the name had in another table. It becomes the pin here, tentative. It
 * does not if the name has a pin of that family, or if the address cools off or is drained.
 */
enum admin_status pins_adopt(struct table *t, const struct name *n, const struct address *a);

/*
 * What DNS said `age_s` seconds ago, as another table knew it. It is used before the first
 * lookup here: when DNS is down, when traffic is redirected, and when a server fails. Of a plain name
 * only `target` of each record counts, which is an address. What was seen here since stays.
 */
enum admin_status pins_recall(struct table *t, const struct name *n, const struct srv_record *records, size_t count,
			     uint32_t age_s);

/*
 * Forget a name and all its pins. If a service leads to it, its record stays, and all else
 * is forgotten: the target is found by that record.
 */
enum admin_status pins_drop(struct table *t, const struct name *n);

/*
 * A fresh answer from DNS, as `pinctl refresh` gets it: `addrs` of family `f`
 * with the least TTL among them. An auto pin that is not in it is dropped at once;
 * an explicit one stays. *dropped (may be NULL): was the pin dropped?
 */
enum admin_status pins_refresh(struct table *t, const struct name *n, enum family f,
			      const struct address *addrs, size_t count, uint32_t ttl_s, bool *dropped);

/* The same for a service and its SRV records. */
enum admin_status pins_refresh_service(struct table *t, const struct name *n, const struct srv_record *records,
				      size_t count, uint32_t ttl_s, bool *dropped);

/* `pinctl fail|ok HOST ADDR`: a failure or success of each of the address's endpoints that count for the name (filter.h). */
enum admin_status pins_report_by_hand(struct table *t, const struct name *n, const struct address *a, bool ok);

/*
 * Keep pins away from an address, without a failure, until it is called with `drained` false.
 * Auto pins on it move at once to a candidate that may be tried. If there is none, they
 * stay. An explicit pin without a list stays, too. Services leave a target when all its
 * addresses are drained. ADMIN_NO_ADDRESS: false was given, and it is not drained. A walk
 * over all names.
 */
enum admin_status pins_drain(struct table *t, const struct address *a, bool drained);

/* Walk the drained addresses: as addr_next(). */
bool pins_drained(const struct table *t, uint32_t *cursor, struct address *out);

#endif
