/*
 * pins.h: lookups and outcomes: what the shim, pinctl and pinwatch call.
 *
 * Each function reads the records it needs into a snapshot, asks decide.h, and
 * carries the answer out with CAS on the pin word; if another process was first,
 * its result holds. No locks, bounded work, no allocation. A read-only table is
 * honoured and taught nothing.
 */
#ifndef STICKYDNS_PINS_H
#define STICKYDNS_PINS_H

#include "policy/rules/decide.h"
#include "policy/table/addresses.h"
#include "policy/table/journal.h"
#include "policy/table/names.h"

/* ---- lookups ---- */

/*
 * An address that is not to lead this one answer, for a reason that is the caller's
 * own. The pin stays as it is, and nobody else is told.
 */
struct aside {
	struct address addr;
	bool no_route;			/* this host has no way to it; else: the program's own attempt there was in vain */
};

struct lookup {
	const struct name *name;
	uint16_t port;			/* the service asked for, host order; 0: none named */
	uint8_t transport;		/* enum transport */
	bool as_target;			/* asked for as a target of a service that this process looked up */
	const struct name *beside;	/* the service beside whose answer the addresses came, asked for by nobody; else NULL */
	const struct aside *aside;	/* an address may stand there twice */
	size_t n_aside;
	bool (*has_way)(const struct address *a);	/* NULL, or is asked of the one that is to lead: false as no_route; keeps errno */
	bool by_way;			/* libc put those without a way last (RFC 6724 6, rule 1): its first need not be asked about */
};

/* One record of an SRV answer (RFC 2782); the target from pins_target(). */
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
	bool first;			/* libc put this family before the other; out of pins_stale: it did */
	bool more;			/* the answer held more than these: that one is not here proves nothing */
	bool extra;
	uint8_t lead;			/* out: enum lead, what addr[0] is */
	const struct srv_record *srv;	/* of a service: what its records say, beside addr; else NULL */
	size_t n;
	struct address addr[POOL_MAX + 1];
};

enum lead { LEAD_NONE, LEAD_AUTO, LEAD_EXPLICIT };

/*
 * An answer from DNS: learn it, and order each family by its pin. A family that
 * the answer lacks gets its explicit pin all the same. *ref is the name's record,
 * for outcomes. False when the name is not to be touched (not sticky, no room):
 * the pools are as they were. What no server can have (224.0.0.1, which proxychains
 * makes up, and 0.0.0.0, which filters give) is not learnt, and keeps its place behind.
 * What came beside a service's answer counts only inside the service's own domain, and
 * adds nothing to a name that has had an answer of its own.
 */
bool pins_answer(struct table *t, const struct lookup *l, struct pool pool[static FAMILIES],
		 struct name_ref *ref);

/*
 * The target host:port, for a record of `service`, NULL: by hand; the host gets a record of its
 * own, so that it can be named again. False: no room, a port of 0, or a table that
 * may only be read and does not know the host.
 */
bool pins_target(struct table *t, const struct name *service, const struct name *host, uint16_t port, struct address *out);

/* Does the name know the address? */
bool pins_knows(const struct table *t, const struct name *n, const struct address *a);

/*
 * An SRV answer for a service: learn it, and choose. `more`: there were records
 * beyond these. Returns the index of the record that must lead, or -1: none of
 * them. *ref is the service's record, for outcomes; not set when its key is 0.
 */
int pins_service(struct table *t, const struct name *service, const struct srv_record *records, size_t n, bool more,
		 struct name_ref *ref);

/* Was the pin that it led by set by hand? */
bool pins_by_hand(const struct table *t, struct name_ref service);

/* Is `host` a target of one of these services? For lookup.as_target. */
bool pins_is_target(const struct table *t, const struct name *host, const struct name_ref *names, size_t n);

/* Is DNS to be left alone for this name, since it failed in the last DNS_DOWN_S? */
bool pins_dns_down(const struct table *t, const struct name *n);

/*
 * DNS failed: the candidates seen within `stale`, in order, of the families that
 * are asked for; and note that it failed (when `failed_now`). False: there are none.
 */
bool pins_stale(struct table *t, const struct lookup *l, bool failed_now, struct pool pool[static FAMILIES],
		struct name_ref *ref);

/* ---- serve = on ---- */

/*
 * DNS said so much of family `f`: `n` records, the least TTL among them `ttl_s`; 0
 * records (NODATA) are believed as long as the other family's. getaddrinfo tells no TTL.
 */
void pins_published(struct table *t, struct name_ref ref, enum family f, size_t n, uint32_t ttl_s);

/*
 * With `serve = on`, while that TTL runs for all families asked for: the candidates of
 * the last answer, in order, as from DNS. False: DNS is to be asked; the pools are not set.
 */
bool pins_serve(struct table *t, const struct lookup *l, struct pool pool[static FAMILIES], struct name_ref *ref);

/* ---- outcomes ---- */

/*
 * What became of an endpoint. `names`: the records that this process looked up in
 * the last RECENT_S; the outcome counts for those that hold the address, or, when
 * none of them does, for all names that hold it (at most `reach` of them).
 */
struct outcome {
	struct endpoint endpoint;
	const struct name_ref *names;
	size_t n_names;
	size_t reach;
	bool by_hand;			/* pulls no tentative pin to itself */
	uint32_t cool;			/* of a failure: COOL_BY_HISTORY, COOL_NOT, or seconds */
	enum cause why;			/* of a success; CAUSE_NONE: connected */
	uint64_t socket;		/* of a failure: SO_COOKIE, socket(7); 0: not known */
	uint32_t since;			/* with it: tick when connect began; 0: it was established; of a datagram, when the failure showed */
					/* of a success: tick when connect began, or the request was sent; 0: not known */
};

enum { REACH_SHIM = 16, REACH_ALL = 1 << 20, SAME_TICKS = 16 };

/*
 * It failed. One CAS makes it known; then the pins that it counts for move. False: no such address.
 *
 * The shim and pinwatch may both see one failure, in either order and minutes apart:
 * the kernel tells at once, a program when it looks. A socket's cookie is the same
 * for both, and so is, within SAME_TICKS, when its attempt began; who comes second
 * changes nothing. The last COUNTED failures are remembered.
 */
bool pins_failed(struct table *t, const struct outcome *o, enum cause cause);

/*
 * It succeeded. A tentative pin elsewhere that was set after o->since stays: the answer may have been on its way
 * when the server failed.
 */
bool pins_succeeded(struct table *t, const struct outcome *o);

/*
 * An established connection to it was reset: the pins that this counts for are in
 * doubt, tentative where they are, and the next attempt decides.
 */
bool pins_reset(struct table *t, const struct outcome *o);

/*
 * A TCP connect to `e` is in flight, or a request waits, since now and by this process: `mine`. Notes it for the case that
 * the process is killed; pins_pending_over when it is known what became of it, or that
 * nothing will be. `connected`: it came through. There is room for one note: true if it is another process's.
 */
void pins_pending(struct table *t, addr_ref ref, const struct endpoint *e, struct pending mine);
bool pins_pending_over(struct table *t, addr_ref ref, const struct endpoint *e, uint32_t pid, bool connected);

/*
 * Did a connect to `e` come through in the last GIVE_UP_S, of any process? Then one that waits, or timed out, has lost
 * its packets, and that is no failure of the server.
 */
bool pins_connected_lately(const struct table *t, addr_ref ref, const struct endpoint *e);

/*
 * A TCP connect to o->endpoint that began at o->since was given up by its program, unanswered. One says
 * nothing if it is short (the loser of happy eyeballs, RFC 8305): true if all of the last minute waited for
 * 3 s together, in no less time, and no success or failure came between. Then the endpoint has failed.
 */
bool pins_unanswered(struct table *t, const struct outcome *o);


/* ---- what SIP leaves for other processes ---- */

/* The endpoint answered a request of this kind; with `registered`, a REGISTER with a 2xx. */
void pins_heard(struct table *t, addr_ref ref, const struct endpoint *e, enum request_kind kind, bool registered);

/*
 * Ticks since it answered a request of this kind, UINT32_MAX: never. REQUEST_OTHER: any request, since a proxy that
 * answers anybody is alive, and silent on other methods while it waits itself (RFC 4320).
 */
uint32_t pins_heard_age(const struct table *t, addr_ref ref, const struct endpoint *e, enum request_kind kind);

/* The same since a REGISTER got a 2xx. */
uint32_t pins_registered_age(const struct table *t, addr_ref ref, const struct endpoint *e);

/* Did it answer since then (milliseconds of CLOCK_MONOTONIC)? In the same tick counts as since. */
bool pins_heard_since(const struct table *t, addr_ref ref, const struct endpoint *e, enum request_kind kind, uint64_t since_ms);

/* Is SIP spoken there: 5060 and 5061 (RFC 3261 19.1.2), a port from SRV, one where SIP was answered? */
bool pins_speaks_sip(const struct table *t, addr_ref ref, const struct endpoint *e);

/* How long a request waited in vain. */
struct wait {
	enum request_kind kind;
	uint32_t since, until;		/* ticks: it was sent, and given up */
	bool closed;			/* it was the server that ended it, by closing the connection without a byte */
};

/*
 * A request to o->endpoint was given up unanswered. True: with those before it, of any process, it proves that the
 * endpoint does not answer its kind (decide.h), and has failed. A failure begins anew, and so does a minute without any.
 */
bool pins_waited(struct table *t, const struct outcome *o, const struct wait *w);

/* ---- whose trouble it is ---- */

/* A number for an account (AoR), as its hash gives it; it was used with the endpoint. */
void pins_account_used(struct table *t, const struct endpoint *e, uint16_t account);

/*
 * The endpoint refused the account with a status that may be the account's own trouble. True: it counts for all, since
 * no other account was used here in the last hour, or another one was refused and not served since.
 */
bool pins_account_refused(struct table *t, const struct endpoint *e, uint16_t account);

/* The endpoint served the account. */
void pins_account_served(struct table *t, const struct endpoint *e, uint16_t account);

/* Was any account refused in the last hour? One load. */
bool pins_any_refused(const struct table *t);

/* ---- by hand ---- */

enum hand_status { HAND_OK, HAND_NO_NAME, HAND_NO_ADDRESS, HAND_FULL, HAND_READ_ONLY };

enum { PREFERENCES = 8 };

/*
 * Pin `n` to addrs[0..count) in order of preference: one family, 1 to PREFERENCES
 * of them. `ttl_s`: 0 for ever. Replaces the pin and list of that family; whole
 * or not at all.
 */
enum hand_status pins_set(struct table *t, const struct name *n, const struct address *addrs,
			  size_t count, uint32_t ttl_s);

/*
 * An auto pin that the name had in another table: tentative, unless the name has
 * one of that family here, or the address is cooling off or drained.
 */
enum hand_status pins_adopt(struct table *t, const struct name *n, const struct address *a);

/*
 * What DNS had said `age_s` seconds ago, as another table knew it: for when DNS is down, for
 * steering and for failures before the first lookup here. Of a plain name only `target` of
 * each record counts, which is an address. What was seen here since stays as it is.
 */
enum hand_status pins_recall(struct table *t, const struct name *n, const struct srv_record *records, size_t count,
			     uint32_t age_s);

/*
 * Forget a name and all its pins. A host that a service leads to stays as a name, of which
 * nothing else is known: the target would have none.
 */
enum hand_status pins_drop(struct table *t, const struct name *n);

/*
 * A fresh answer from DNS, as `pinctl refresh` gets it: `addrs` of family `f`
 * with the least TTL among them. An auto pin that is not in it is dropped at once;
 * an explicit one stays. `changed` (may be NULL): was the pin dropped?
 */
enum hand_status pins_refresh(struct table *t, const struct name *n, enum family f,
			      const struct address *addrs, size_t count, uint32_t ttl_s, bool *dropped);

/* The same for a service and its SRV records. */
enum hand_status pins_refresh_service(struct table *t, const struct name *n, const struct srv_record *records,
				      size_t count, uint32_t ttl_s, bool *dropped);

/* `pinctl fail|ok HOST ADDR`: as an outcome of every endpoint of it that counts for the name. */
enum hand_status pins_report(struct table *t, const struct name *n, const struct address *a, bool ok);

/*
 * Keep pins away from an address, without a failure, until `drained` is false
 * again: auto pins on it move at once to a candidate that may be tried; where
 * there is none they stay, and so does a single explicit pin. Services leave a
 * target whose addresses are all drained. HAND_NO_ADDRESS: it is not drained. A
 * walk over all names.
 */
enum hand_status pins_drain(struct table *t, const struct address *a, bool drained);

/* Walk the drained addresses: as addr_next(). */
bool pins_drained(const struct table *t, uint32_t *cursor, struct address *out);

/* ---- another table ---- */

/*
 * Takes in what `from` knows: names, candidates, pins, health, drained addresses. What `to` has pinned stays, but
 * for an explicit pin over an auto pin. What is worth most has room first (worth.h).
 * Returns how many names were left out. Bounded by the size of `from`; may be done again.
 */
uint32_t pins_take_over(struct table *to, const struct table *from);

/*
 * The same, and the settings, for a table that takes the place of `from`: of two pins the later one stays. Once more when it has (`published`):
 * what programs have pinned meanwhile in the new one, not knowing of a pin in the old, gives way to that pin, if it is fit
 * and no less confirmed.
 */
uint32_t pins_take_place(struct table *to, const struct table *from, bool published);

/* ---- looking on ---- */

struct endpoint_view {
	uint16_t port;			/* 0 with transport 0: "other" */
	uint8_t transport;
	uint8_t last_cause;
	uint16_t failures;
	uint32_t cooling_s;
	enum fitness fitness;
	bool counts;			/* for this name: it regards this endpoint */
	uint32_t failed, succeeded;	/* ticks; 0: never */
};

struct candidate_view {
	struct address addr;
	uint32_t seen_s;		/* seconds since it was last in an answer; UINT32_MAX: never */
	bool beside;			/* that was one of a service that leads to the name, not its own */
	uint16_t priority, weight;	/* of a target */
	uint8_t rank;
	bool drained;
	size_t n_endpoints;
	struct endpoint_view endpoints[ENDPOINTS + 1];
	struct endpoint_view worst;	/* of those that count */
};

struct pin_view {
	bool present;
	struct address addr;
	bool is_explicit, confirmed, failed;
	uint16_t port;			/* of the endpoint that confirmed it; 0: none */
	uint8_t transport;
	uint8_t origin;			/* enum origin */
	uint32_t origin_pid;
	uint32_t set_s;			/* seconds since it was set */
	uint32_t expires_s;		/* seconds until an explicit pin ends; 0: never */
};

struct name_view {
	struct name name;
	struct pin_view pin[FAMILIES];
	uint32_t idle_s;		/* since the last lookup; UINT32_MAX: never */
	uint32_t moves;
	uint32_t ttl_s;			/* left of the records' TTL, as refresh saw it; 0: over or unknown */
	size_t n_candidates;
	struct candidate_view candidates[CANDIDATES];
};

struct table_stats {
	uint32_t names, names_capacity;
	uint32_t addrs, addrs_capacity;
	uint64_t counters[COUNTERS];	/* enum counter */
};

/* Counts the live records: a walk over the whole table. */
void pins_stats(const struct table *t, struct table_stats *out);

/* A copy of what is known of a record. False: it is gone. */
bool pins_view(const struct table *t, struct name_ref ref, struct name_view *out);

#endif
