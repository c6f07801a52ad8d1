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

/*
 * The one CAS that makes a failure known to all, in slot `slot` or, at -1, in "other". True if a cool-off began. An event is
 * written then, and with COOL_NOT.
 */
bool endpoint_failed(struct table *t, struct addr_record *a, int slot, const struct endpoint *e, uint32_t cool,
		     enum cause cause);

/* The endpoint `e`, in this slot, succeeded. */
void endpoint_succeeded(struct table *t, struct addr_record *a, unsigned slot, const struct endpoint *e, enum cause why);

/* A TCP connect to the endpoint in this slot came through. */
void endpoint_connected(struct addr_record *a, unsigned slot);

/* Notes a success and ends no cool-off: the connect proves only that the endpoint listens. */
void endpoint_listening(struct addr_record *a, unsigned slot, const struct endpoint *e);

/* Ends a cool-off, in the health word. `last`: tick of the success before; 0: none. */
void endpoint_recovered(struct table *t, word64 *w, uint32_t last, const struct endpoint *e, enum cause cause);

/* ---- connects of all processes ---- */

/*
 * From now on a TCP connect of this process to `e` is in flight, or a request waits: `mine`. It is noted for the case that
 * the process is killed. There is room for one note: another process's stays, until it is too old.
 */
void endpoint_pending(struct table *t, addr_ref ref, const struct endpoint *e, struct pending mine);

/*
 * The attempt of process `pid` has ended, or nobody will learn how it ends: its note is taken away. `connected`: the connect
 * came through. True: the note there is another process's, and stays.
 */
bool endpoint_pending_over(struct table *t, addr_ref ref, const struct endpoint *e, uint32_t pid, bool connected);

/* Has a TCP connect to `e` that waited so many ticks waited for its `connect-timeout`? A short wait costs one comparison. */
bool connect_waits_long(const struct table *t, const struct endpoint *e, uint32_t waited);

/*
 * Did a connect of any process to `e` come through in the last `connect-timeout`? Then a connect that waits, or timed out,
 * has lost its packets. That is no failure of the server.
 */
bool endpoint_connected_lately(const struct table *t, addr_ref ref, const struct endpoint *e);

/*
 * A program gave up a TCP connect to `to`, unanswered, that began at tick `since`. A short one alone says nothing (it may be
 * the loser of happy eyeballs, RFC 8305). True: the endpoint has failed, since those of the last minute waited for
 * `connect-timeout` together, in no less time, with no success or failure in between.
 */
bool endpoint_unanswered(struct table *t, const struct endpoint *to, uint32_t since);

#endif
