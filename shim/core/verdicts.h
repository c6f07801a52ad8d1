/*
 * verdicts.h: what is known of an endpoint that a program sends to, remembered.
 *
 * Is it a candidate, and does what goes there belong elsewhere (redirect.h of policy)?
 * The answers of this process are kept until something in the table changes
 * (pins_epoch), and at most a second, since cool-offs end without a trace. No locks;
 * may be entered from anywhere.
 */
#ifndef STICKYDNS_VERDICTS_H
#define STICKYDNS_VERDICTS_H

#include "policy/rules/decide.h"
#include "policy/table/file.h"


struct verdict {
	addr_ref ref;			/* 0: no candidate */
	bool request, datagram;		/* an initial SIP request or a TCP connect, any other datagram, moves to `to`; over TCP `datagram`: all do (`steer = on`) */
	bool settled;			/* a candidate, nothing moves, and no DNS port: */
	bool told;			/* and verdict_tell() was called for it in this tick, of a connect */
	uint32_t now;			/* tick when this was asked */
	uint64_t epoch;			/* and what held then */
	struct endpoint to;		/* only if something moves */
};

/* What holds for `asked`, which is complete. */
void verdict_of(struct table *t, const struct endpoint *original, struct verdict *out);

/* Has nothing changed since a verdict of this epoch? */
bool verdict_holds(const struct table *t, uint64_t epoch);

/*
 * Is there nothing to decide before a datagram goes to this socket address, of which
 * `len` bytes can be read, and no DNS there? So it was when verdict_quieten() was last called for it,
 * in this second, and nothing has changed since. The steady state of what is
 * none of ours, and of the pin. *key stands for the address and what holds now: who then
 * finds that there is nothing to decide says so of that key, so that what changed
 * meanwhile counts.
 */
enum quiet { QUIET_NOT, QUIET_STRANGER, QUIET_CANDIDATE };
enum quiet verdict_quiet(const struct table *t, const struct sockaddr *sa, socklen_t len, uint64_t now_ms, uint64_t *key);
void verdict_quieten(uint64_t key, bool candidate);

/* The same for what goes through a connected socket, by the number of its connection (peer.h). */
enum quiet verdict_quiet_connection(const struct table *t, uint64_t number, uint64_t now_ms, uint64_t *key);
void verdict_quieten_connection(uint64_t key, bool candidate);

/*
 * Was a success of `e` told, so that it need not be told again in this tick, for
 * nothing has changed? If not, the caller tells it, and then calls verdict_tell(), which
 * notes nothing if something has changed since this was asked. `what`: TOLD_CONNECTED, or of an answer
 * told_answered().
 */
enum { TOLD_CONNECTED };
static inline unsigned told_answered(enum request_kind kind, bool registered) { return 1 + 2 * (unsigned)kind + registered; }

bool verdict_told(const struct table *t, const struct endpoint *e, unsigned what);
void verdict_tell(const struct table *t, const struct endpoint *e, unsigned what);

#endif
