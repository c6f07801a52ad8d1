/*
 * decide.h: the rules, as pure functions.
 *
 * Facts, an event and the time go in; a decision or a new word comes out.
 * Nothing here reads the table, a clock or the environment, so that each rule is
 * a row of a table-driven test. Times: `tick` 1/16 s, `s` seconds, of uptime.
 */
#ifndef STICKYDNS_DECIDE_H
#define STICKYDNS_DECIDE_H

#include "policy/base/cause.h"
#include "policy/base/endpoint.h"
#include "policy/table/settings.h"
#include "policy/table/words.h"

enum {
	POOL_MAX = 64,			/* addresses of one family of one answer that are regarded */
	KNOWN = 18,			/* candidates, the pin and the last confirmed one */
	FACTS_MAX = POOL_MAX + KNOWN,	/* an answer, and what is known that is not in it */

	COOL_LOWER_S = 10,		/* n falls by one in each 10 s of the clock that have a success */
	UNPROVEN_S = 10,		/* the longest grace of a pin on which nothing ever succeeded: DNS may have lied */
	PATH_S = 60,			/* all failed within this: the path failed */
	RECENT_S = 60,			/* a lookup counts for an outcome so long */
	DNS_DOWN_S = 30,		/* DNS is not asked again so long (RFC 8767 5) */
};

/* ---- health of one endpoint ---- */

enum circuit {
	CIRCUIT_CLOSED,			/* never failed, or succeeded since */
	CIRCUIT_HALF_OPEN,		/* its cool-off is over; one caller may try it */
	CIRCUIT_OPEN,
};

enum circuit health_circuit(struct health h, uint32_t now_s);

/* How long an endpoint cools off that failed: by its own history, not at all, or so many seconds. */
#define COOL_BY_HISTORY 0u
#define COOL_NOT UINT32_MAX

/*
 * After a failure. `cool_off`: what its history says, as SET_COOL_OFF has it: {MIN, MAX}, from the first failure to the tenth
 * in a row. `dice`: any random number, for 20 % jitter of that.
 */
struct health health_failed(struct health h, enum cause cause, uint32_t now_s, uint32_t cool, uint64_t cool_off, uint32_t dice);

/* After a success at now_s; last_s: the one before, 0: there was none. */
struct health health_succeeded(struct health h, uint32_t now_s, uint32_t last_s);

/* The right to try a CIRCUIT_HALF_OPEN endpoint, taken. */
struct health health_on_trial(struct health h, uint32_t now_s);

/* ---- requests that waited in vain ---- */

/* What a request stands for: one kind may be answered while another is not. */
enum request_kind { REQUEST_OTHER, REQUEST_REGISTRATION, REQUEST_CALL, REQUEST_KINDS };

enum {
	WAIT_LEAST_TICKS = 8,		/* 1/2 s: a shorter wait says nothing, since nobody waits so little */
	WAIT_ALONE_S = 8,		/* one REGISTER or INVITE that waited so long proves it */
	WAIT_TWO_S = 6,			/* two requests or more in a row, together */
	WAIT_CLOSED = 3,		/* so many connections closed without a byte, in a row */

	/* Of three requests in a row one must be answered, or of many every fourth may be lost: */
	WAIT_SCORE = 7,			/* so much proves it, WAIT_SCORE_S after the first */
	WAIT_SCORE_S = 3,
	WAIT_IN_VAIN = 3,		/* what one in vain adds, at most once in WAIT_LEAST_TICKS */
	WAIT_ANSWERED = 1,		/* what an answer takes away */
};

/* One more request was given up now, that was sent at `since` and waited so many ticks; `closed`: the server ended it. */
struct waits waits_after(struct waits w, uint32_t since, uint32_t waited, uint32_t now, bool closed);

/* One was answered. */
struct waits waits_answered(struct waits w);

/*
 * Do they prove that the endpoint does not answer this kind of request? `waited`: ticks of the latest. Waits count only
 * as far as time passed meanwhile: many at once are no more than one. A proxy stays silent on other methods than
 * INVITE while it waits itself (RFC 4320 4.1), so of those a single one proves nothing.
 */
bool waits_prove(struct waits w, enum request_kind kind, uint32_t waited, uint32_t now);

/* ---- whose trouble it is ---- */

/* The account was used with the endpoint at now_s, seconds of uptime. Returns the same if there is nothing to write. */
struct accounts accounts_used(struct accounts a, uint16_t account, uint32_t now_s);

/* Was no other account used with it in the last ACCOUNT_ALONE_S? */
enum { ACCOUNT_ALONE_S = 3600 };
bool accounts_alone(struct accounts a, uint16_t account, uint32_t now_s);

/* ---- one family of one name ---- */

/* An address that may be chosen: of this answer, a known candidate, or the pin. */
struct candidate {
	uint32_t failed;		/* tick of its last failure; 0: never */
	uint16_t cooling_s;
	uint16_t priority;		/* of an SRV target (RFC 2782), the lowest is the best; else 0 */
	uint8_t circuit;		/* enum circuit, of its worst endpoint that counts for this lookup */
	uint8_t rank;			/* in the preference list, from 1; else 0 */
	bool in_answer : 1;		/* of the answer at hand; without one: of the last answer */
	bool failed_lately : 1;		/* failed in the last PATH_S with no success since */
	bool drained : 1;
	bool cooling_untried : 1;	/* it cools off, and nobody is trying it */
	bool vain : 1;			/* aside: the program's own attempt there was in vain; holds for no pin set by hand */
	bool no_route : 1;		/* aside: the host has no way to it */
};

struct facts {
	uint32_t now;			/* tick */
	uint32_t used;			/* tick of the last lookup; 0: never */
	uint32_t set_at;		/* tick when the pin was set */
	uint32_t expires;		/* tick when an explicit pin ends; 0: never */
	uint32_t absent;		/* tick of the first answer without the pin; 0: none */
	bool has_answer;		/* `in_answer` speaks of an answer at hand */
	bool partial;			/* of the first addresses of a longer one */
	int pin;			/* index into candidate, or -1 */
	bool is_explicit, confirmed;
	bool sum_changed;		/* a failure that counts came since the pin was set */
	int last_confirmed;		/* index into candidate, or -1 */
	size_t n;			/* FACTS_MAX at most */
	struct candidate *candidate;	/* the answer first, in the resolver's order; targets in that of RFC 2782 */
};

/* What becomes of a pin. */
enum action {
	KEEP,
	CAPTURE,		/* `to` becomes the pin, tentative: there was none, or it ended */
	MOVE,			/* `to`, tentative: the pin failed, is drained or gone from DNS, or `to` has a better priority */
	RETURN_LAST,		/* nothing better: the last confirmed one, `to`, again, tentative */
	FORGET,			/* it ended, and there is nothing to capture */
	CONFIRM,		/* it succeeded; or `to` did, and takes its place */
};

struct transition {
	enum action action;
	enum cause cause;
	int to;				/* index into candidate, or -1 */
	uint32_t absent;		/* the new value of facts.absent */

	/* Of decide_lookup: who leads the answer, or -1. */
	int head;
	bool take_trial;		/* `head` is half-open: win the right to try it; else mark it CIRCUIT_OPEN and ask again */
};

/*
 * At a lookup: is the pin kept, replaced, or none made? A candidate that stands aside
 * does not lead and is not captured, unless all of the answer do; the pin stays
 * the pin all the same.
 */
struct transition decide_lookup(const struct facts *f, const struct settings *set);

/* After a failure that counts for the pin, or at the next read of a pin that has failed. */
struct transition decide_failure(const struct facts *f);

/* After a success of candidate `at`: CONFIRM or KEEP. */
struct transition decide_success(const struct facts *f, int at);

/*
 * The order of the answer: `head` first (-1: none), then what is fit in the
 * resolver's order, then the others, soonest to recover first, and what stands
 * aside last. If none is fit: head, then the resolver's order. Writes the indices of candidates with in_answer,
 * and head even if it is not; returns how many.
 */
size_t decide_order(const struct facts *f, int head, uint8_t order[static FACTS_MAX]);

#endif
