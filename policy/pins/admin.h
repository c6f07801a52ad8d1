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
 * An auto pin that the name had in another table: tentative, unless the name has
 * one of that family here, or the address is cooling off or drained.
 */
enum admin_status pins_adopt(struct table *t, const struct name *n, const struct address *a);

/*
 * What DNS had said `age_s` seconds ago, as another table knew it: for when DNS is down, for
 * steering and for failures before the first lookup here. Of a plain name only `target` of
 * each record counts, which is an address. What was seen here since stays as it is.
 */
enum admin_status pins_recall(struct table *t, const struct name *n, const struct srv_record *records, size_t count,
			     uint32_t age_s);

/*
 * Forget a name and all its pins. A host that a service leads to stays as a name, of which
 * nothing else is known: the target would have none.
 */
enum admin_status pins_drop(struct table *t, const struct name *n);

/*
 * A fresh answer from DNS, as `pinctl refresh` gets it: `addrs` of family `f`
 * with the least TTL among them. An auto pin that is not in it is dropped at once;
 * an explicit one stays. `changed` (may be NULL): was the pin dropped?
 */
enum admin_status pins_refresh(struct table *t, const struct name *n, enum family f,
			      const struct address *addrs, size_t count, uint32_t ttl_s, bool *dropped);

/* The same for a service and its SRV records. */
enum admin_status pins_refresh_service(struct table *t, const struct name *n, const struct srv_record *records,
				      size_t count, uint32_t ttl_s, bool *dropped);

/* `pinctl fail|ok HOST ADDR`: as an outcome of every endpoint of it that counts for the name. */
enum admin_status pins_report_by_hand(struct table *t, const struct name *n, const struct address *a, bool ok);

/*
 * Keep pins away from an address, without a failure, until `drained` is false
 * again: auto pins on it move at once to a candidate that may be tried; where
 * there is none they stay, and so does a single explicit pin. Services leave a
 * target whose addresses are all drained. ADMIN_NO_ADDRESS: it is not drained. A
 * walk over all names.
 */
enum admin_status pins_drain(struct table *t, const struct address *a, bool drained);

/* Walk the drained addresses: as addr_next(). */
bool pins_drained(const struct table *t, uint32_t *cursor, struct address *out);

#endif
