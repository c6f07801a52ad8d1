/* report.c: what became of an endpoint, and the pins that it counts for. See report.h. */
#include "policy/base/clock.h"
#include "policy/base/hash.h"
#include "policy/pins/health.h"
#include "policy/pins/outcome.h"
#include "policy/pins/sip-health.h"

enum { ROUNDS = 16 };		/* races lost on one word before its own value is taken as good enough */

/*
 * Is it the first to tell of this failure? Whoever puts the word there is; one
 * that is written over by another socket's may be counted once more.
 */
static bool first_to_tell(struct table *t, const struct outcome *o)
{
	if (!o->socket)
		return true;
	const uint64_t what[] = {o->socket, o->endpoint.addr.words[0], o->endpoint.addr.words[1], o->endpoint.port};
	const uint32_t mark = (uint32_t)hash_words(what, 4, t->seed);
	const uint64_t mine = (uint64_t)mark << 32 | (o->since ? o->since : 1);
	word64 *w = &t->header->counted[mark % COUNTED];
	for (int round = 0; round < ROUNDS; round++) {
		uint64_t word = seen64(w);
		uint32_t apart = (uint32_t)word > o->since ? (uint32_t)word - o->since : o->since - (uint32_t)word;
		if (word >> 32 == mark && word && apart <= SAME_TICKS)
			return false;
		if (cas64(w, word, mine))
			return true;
	}
	return true;
}

bool pins_failed(struct table *t, const struct outcome *o, enum cause cause)
{
	struct effect v = {.e = &o->endpoint, .addr = addr_find(t, &o->endpoint.addr), .kind = OUTCOME_FAILED, .why = cause};
	struct addr_record *a = addr_at(t, v.addr);
	if (!a || !t->writable)
		return false;
	if (!first_to_tell(t, o))
		return true;
	v.slot = endpoint_take(a, v.e->transport, v.e->port, false);
	v.began = endpoint_failed(t, a, v.slot, o, cause);
	outcome_for_names(t, o, &v);
	return true;
}

/*
 * Where SIP is spoken a connect proves a socket that listens, and no server behind it: it ends the cool-off of a connect
 * that failed, and nothing else.
 */
static void connected(struct table *t, struct addr_record *a, unsigned slot, const struct endpoint *e)
{
	struct endpoint_record *r = &a->endpoints[slot];
	switch (health_unpack(get64(&r->health)).last_cause) {
	case CAUSE_REFUSED:
	case CAUSE_TIMED_OUT:
	case CAUSE_UNREACHABLE:
	case CAUSE_RESET:
	case CAUSE_ABANDONED:
		endpoint_succeeded(t, a, slot, e, CAUSE_CONNECTED);
		break;
	default:
		endpoint_listening(a, slot, e);
		break;
	}
}

bool pins_succeeded(struct table *t, const struct outcome *o)
{
	struct effect v = {.e = &o->endpoint, .addr = addr_find(t, &o->endpoint.addr), .kind = OUTCOME_SUCCEEDED,
			    .why = o->why ? o->why : CAUSE_CONNECTED, .since = o->since};
	struct addr_record *a = addr_at(t, v.addr);
	if (!a || !t->writable)
		return false;
	v.slot = endpoint_take(a, v.e->transport, v.e->port, true);
	if (v.e->transport == TRANSPORT_ANY)
		endpoint_recovered(t, &a->other, 0, v.e, CAUSE_BY_HAND);
	if (v.slot < 0)
		return true;		/* "other" confirms nothing */
	if (!o->by_hand && v.why == CAUSE_CONNECTED && pins_speaks_sip(t, v.addr, v.e)) {
		connected(t, a, (unsigned)v.slot, v.e);
		return true;
	}
	endpoint_succeeded(t, a, (unsigned)v.slot, v.e, v.why);
	outcome_for_names(t, o, &v);
	return true;
}

bool pins_reset(struct table *t, const struct outcome *o)
{
	struct effect v = {.e = &o->endpoint, .addr = addr_find(t, &o->endpoint.addr), .kind = OUTCOME_BROKEN, .why = CAUSE_BROKEN};
	struct addr_record *a = addr_at(t, v.addr);
	v.slot = a && t->writable ? endpoint_find(a, v.e->transport, v.e->port) : -1;
	if (v.slot >= 0 && first_to_tell(t, o))
		outcome_for_names(t, o, &v);
	return a != NULL;
}
