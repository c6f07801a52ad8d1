/*
 * health.h: what an endpoint has gone through, in the words of its address record.
 *
 * These are its failures and successes, and the connects of all processes: in flight, connected, or given up
 * unanswered. sip-health.h has requests.
 */
#ifndef STICKYDNS_PINS_HEALTH_H
#define STICKYDNS_PINS_HEALTH_H

#include "policy/rules/decide.h"
#include "policy/table/addresses.h"
#include "policy/table/journal.h"

/* The one CAS that makes a failure known to all, in slot `slot` or, at -1, in "other". True, and an event, when a cool-off began. */
bool endpoint_failed(struct table *t, struct addr_record *a, int slot, const struct endpoint *e, uint32_t cool,
		     enum cause cause);

/* The endpoint `e`, in this slot, succeeded. */
void endpoint_succeeded(struct table *t, struct addr_record *a, unsigned slot, const struct endpoint *e, enum cause why);

/* A TCP connect to the endpoint in this slot came through. */
void endpoint_connected(struct addr_record *a, unsigned slot);

/* The same, and it says no more of the endpoint than that it listens. */
void endpoint_listening(struct addr_record *a, unsigned slot, const struct endpoint *e);

/* Ends a cool-off, in the health word. `last`: tick of the success before; 0: none. */
void endpoint_recovered(struct table *t, word64 *w, uint32_t last, const struct endpoint *e, enum cause cause);

/* ---- connects of all processes ---- */

/*
 * A TCP connect to `e` is in flight, or a request waits, since now and by this process: `mine`. Notes it for the case that
 * the process is killed; endpoint_pending_over when it is known what became of it, or that
 * nothing will be. `connected`: it came through. There is room for one note: true if it is another process's.
 */
void endpoint_pending(struct table *t, addr_ref ref, const struct endpoint *e, struct pending mine);
bool endpoint_pending_over(struct table *t, addr_ref ref, const struct endpoint *e, uint32_t pid, bool connected);

/* Has a TCP connect to `e` that waited so many ticks waited for its `connect-timeout`? A short wait costs one comparison. */
bool connect_waits_long(const struct table *t, const struct endpoint *e, uint32_t waited);

/*
 * Did a connect to `e` come through in the last `connect-timeout`, of any process? Then one that waits, or timed out, has lost
 * its packets, and that is no failure of the server.
 */
bool endpoint_connected_lately(const struct table *t, addr_ref ref, const struct endpoint *e);

/*
 * A TCP connect to `to` that began at tick `since` was given up by its program, unanswered. One says
 * nothing if it is short (the loser of happy eyeballs, RFC 8305): true if all of the last minute waited for
 * `connect-timeout` together, in no less time, and no success or failure came between. Then the endpoint has failed.
 */
bool endpoint_unanswered(struct table *t, const struct endpoint *to, uint32_t since);

#endif
