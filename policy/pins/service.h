/*
 * service.h: a lookup of a service (RFC 2782): its SRV records in the order of its pin, which is a target.
 *
 * srv.h tells how a target is kept. No locks, no allocation.
 */
#ifndef STICKYDNS_PINS_SERVICE_H
#define STICKYDNS_PINS_SERVICE_H

#include "policy/pins/answer.h"
#include "policy/table/names.h"

/*
 * The target host:port, for a record of `service` (NULL: a person names it). The host gets a record of its own, so
 * that the target can be named again. False: no room, a port of 0, or a table that may only be read and does not know
 * the host.
 */
bool pins_target(struct table *t, const struct name *service, const struct name *host, uint16_t port, struct address *out);

/*
 * An SRV answer for a service: learns it, and chooses. `more`: there were records beyond these. `known` as in struct
 * lookup. Returns the index of the record that must lead, or -1: none of them. *ref is the service's record, for
 * outcomes; its key is 0 if there is none.
 */
int pins_service(struct table *t, const struct name *service, const struct known *known, const struct srv_record *records,
		 size_t n, bool more, struct name_ref *ref);

/* Was the pin that it led by set by hand? */
bool pins_by_hand(const struct table *t, struct name_ref service);

/* Is `host` a target of one of these services? For lookup.as_target. */
bool pins_is_target(const struct table *t, const struct name *host, const struct name_ref *names, size_t n);

#endif
