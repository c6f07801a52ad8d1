/*
 * redirect-cache.h: a cache of pins_redirect(): where a packet to an endpoint is to go.
 *
 * Is the endpoint a candidate, and does what goes there belong elsewhere? An entry is kept until something changes: in
 * the table (pins_epoch), in what this program looked up, or in what it was given. It is kept at most a second, since
 * cool-offs end without a trace. That holds for all that is kept here. No locks; may be entered from anywhere.
 */
#ifndef STICKYDNS_REDIRECT_CACHE_H
#define STICKYDNS_REDIRECT_CACHE_H

#include "policy/pins/redirect.h"
#include "policy/rules/decide.h"

struct cached_redirect {
	addr_ref ref;			/* 0: no candidate */
	bool redirects_requests;		/* a TCP connect, or an initial SIP request over UDP, goes to `to` instead */
	bool redirects_all;		/* any other datagram does, too; over TCP any connection (`steer = on`) */
	bool settled;			/* a candidate, nothing goes elsewhere, and no DNS port: */
	bool reported;			/* and success_note_reported() was called for it in this tick, of a connect */
	uint32_t now;			/* tick when this was looked up */
	uint64_t epoch;			/* and what held then */
	struct endpoint to;		/* only if something goes elsewhere */
};

/* What holds for `original`, which is complete. */
void redirect_cached(struct table *t, const struct endpoint *original, struct cached_redirect *out);

/* Has nothing changed since this epoch? */
bool redirect_holds(const struct table *t, uint64_t epoch);

/*
 * The steady state: is there nothing to decide before a datagram goes there, and no DNS? True of what is none of ours, and
 * of the pin, if steady_note() was called with this key since. A key is made of the address, and of what holds now: who then
 * finds that there is nothing to decide says so of that key, so that what changed meanwhile counts. 0: nothing is kept.
 */
enum steady { STEADY_NOT, STEADY_STRANGER, STEADY_CANDIDATE };
enum steady steady_look(uint64_t key);
void steady_note(uint64_t key, bool candidate);

/* The key of a socket address, of which `len` bytes can be read. */
uint64_t steady_address(const struct table *t, const struct sockaddr *sa, socklen_t len, uint64_t now_ms);

/* The key of a connected socket, by the number of its connection (peer.h). */
uint64_t steady_peer(const struct table *t, uint64_t number, uint64_t now_ms);

/*
 * Was a success of `e` reported, so that it need not be again in this tick, for nothing has changed? If not, the caller
 * reports it, and then calls success_note_reported(), which notes nothing if something has changed since this was asked.
 * `what`: SUCCESS_CONNECT, or of an answer success_of().
 */
enum { SUCCESS_CONNECT };
static inline unsigned success_of(enum request_kind kind, bool registered) { return 1 + 2 * (unsigned)kind + registered; }

bool success_reported(const struct table *t, const struct endpoint *e, unsigned what);
void success_note_reported(const struct table *t, const struct endpoint *e, unsigned what);

#endif
