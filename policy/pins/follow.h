/*
 * follow.h: an answer from DNS that no program asked for: with it pinkeeper keeps true what nobody looks up.
 *
 * An auto pin fares as at a lookup that gets this answer: what the answer lacks ends as `absent` of the name says, and a
 * pin that failed or was drained moves. What belongs to a program that is about to connect is left to the next lookup:
 * no pin is made where there is none, or where one has ended by its age; no half-open endpoint is tried; and the name
 * counts as used by nobody. As at lookups, an answer without any address says nothing of a pin.
 */
#ifndef STICKYDNS_FOLLOW_H
#define STICKYDNS_FOLLOW_H

#include "policy/pins/admin.h"
#include "policy/pins/answer.h"

/* What DNS says of one family: `n` addresses. */
struct published {
	const struct address *addrs;
	size_t n;
};

/*
 * DNS says so much of both families, of one at least; the table may answer with it for `valid_s` seconds. ADMIN_NO_NAME:
 * the table does not know the name, and does not get to.
 */
enum admin_status pins_follow(struct table *t, const struct name *n, const struct published published[static FAMILIES],
			     uint32_t valid_s);

/* The same of a service: its SRV records, with targets from pins_target() (service.h). */
enum admin_status pins_follow_service(struct table *t, const struct name *n, const struct srv_record *records,
				     size_t count, uint32_t valid_s);

/*
 * Seconds since the name was looked up; if it never was, since its record was made. UINT32_MAX: that cannot be told.
 */
uint32_t pins_unused_s(const struct table *t, struct name_ref ref);

/* Seconds until the TTL of its last answer runs out. 0: it has, or nobody knows of one. */
uint32_t pins_ttl_left_s(const struct table *t, struct name_ref ref);

#endif
