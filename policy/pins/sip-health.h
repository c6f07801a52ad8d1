/*
 * sip-health.h: the requests to an endpoint, by kind: when one was last answered, how many were given up, whose
 * they were.
 *
 * A hash of endpoint and kind finds a set of four records. A full set forgets the one that is idle longest. What is
 * forgotten is no evidence. A record changes its owner in three steps, so that nobody takes the old owner's words for
 * the new one's: its key becomes 1, its words zero, its key the new one. If a process dies in between, the record
 * is free. No locks, no allocation, bounded work.
 */
#ifndef STICKYDNS_PINS_SIP_HEALTH_H
#define STICKYDNS_PINS_SIP_HEALTH_H

#include "policy/rules/decide.h"
#include "policy/table/addresses.h"

/* ---- records ---- */

/* The record, or NULL: there is none. */
struct wait_record *waits_find(const struct table *t, const struct endpoint *e, enum request_kind kind);

/* The same; makes it. NULL: the table may not be written, or others were quicker. */
struct wait_record *waits_take(struct table *t, const struct endpoint *e, enum request_kind kind);

/* ---- what SIP leaves for other processes ---- */

/* The endpoint answered a request of this kind; with `registered`, a REGISTER with a 2xx. */
void endpoint_heard(struct table *t, addr_ref ref, const struct endpoint *e, enum request_kind kind, bool registered);

/*
 * Ticks since it answered a request of this kind; UINT32_MAX: never. REQUEST_OTHER stands for any request: a proxy that
 * answers anybody is alive, and is silent on other methods while it waits itself (RFC 4320).
 */
uint32_t endpoint_heard_age(const struct table *t, addr_ref ref, const struct endpoint *e, enum request_kind kind);

/* The same since a REGISTER got a 2xx. */
uint32_t endpoint_registered_age(const struct table *t, addr_ref ref, const struct endpoint *e);

/* Did it answer since then (milliseconds of CLOCK_MONOTONIC)? In the same tick counts as since. */
bool endpoint_heard_since(const struct table *t, addr_ref ref, const struct endpoint *e, enum request_kind kind, uint64_t since_ms);

/* Was SIP answered there? */
bool sip_seen(const struct table *t, addr_ref ref, const struct endpoint *e);

/* Is SIP spoken there: a port of `sip-ports`, or from SRV, or one where SIP was answered? */
bool endpoint_speaks_sip(const struct table *t, addr_ref ref, const struct endpoint *e);

/* How long a request waited in vain. */
struct vain_wait {
	enum request_kind kind;
	uint32_t since, until;		/* ticks: it was sent, and given up */
	bool closed;			/* the server ended it: it closed the connection without a byte */
};

/*
 * A request to `e` was given up unanswered. True: together with those before it, of any process, it proves that the endpoint
 * does not answer its kind (decide.h), and has failed. The count starts anew after a failure, and a minute after its first
 * request.
 */
bool endpoint_waited(struct table *t, const struct endpoint *e, const struct vain_wait *w);

/* ---- whose trouble it is ---- */

/* A number for an account (AoR), as its hash gives it; it was used with the endpoint. */
void account_used(struct table *t, const struct endpoint *e, uint16_t account);

/*
 * The endpoint refused the account with a status that may be the account's own trouble. True: it counts for all, since
 * no other account was used here in the last hour, or another one was refused and not served since.
 */
bool account_refused(struct table *t, const struct endpoint *e, uint16_t account);

/* The endpoint served the account. */
void account_served(struct table *t, const struct endpoint *e, uint16_t account);

/* Was any account refused in the last hour? One load. */
bool account_refused_lately(const struct table *t);

#endif
