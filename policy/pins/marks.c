/* marks.c: see marks.h. */
#include "policy/pins/marks.h"

#include "policy/base/hash.h"
#include "policy/base/tick.h"

enum { ROUNDS = 16 };		/* races lost on one word before its own value is taken as good enough */

/* The word and the time of a failure: of the endpoint's slot, or of "other". */
static word64 *health_word(struct addr_record *a, int slot)
{
	return slot >= 0 ? &a->endpoints[slot].health : &a->other;
}

static word32 *failed_word(struct addr_record *a, int slot)
{
	return slot >= 0 ? &a->endpoints[slot].failed : &a->other_failed;
}

static void endpoint_event(struct table *t, enum event_kind kind, enum cause cause, const struct endpoint *e)
{
	struct event ev = {.kind = (uint8_t)kind, .cause = (uint8_t)cause, .has_addr = 1, .addr = e->addr,
			   .transport = e->transport, .port = e->port};
	journal_write(t, &ev);
}

bool mark_failed(struct table *t, struct addr_record *a, int slot, const struct outcome *o, enum cause cause)
{
	word64 *w = health_word(a, slot);
	uint32_t now = tick_now(), now_s = now / TICKS_PER_S;
	uint32_t dice = (uint32_t)hash_fold(now ^ (uintptr_t)w, t->seed | 1);
	bool began = false;
	put32(failed_word(a, slot), now);
	for (int round = 0; round < ROUNDS; round++) {
		uint64_t word = seen64(w);
		struct health h = health_unpack(word), next = health_failed(h, cause, now_s, o->cool, dice);
		if (!cas64(w, word, health_pack(next)))
			continue;
		began = next.cool_end != h.cool_end || h.trying;
		if (began || o->cool == COOL_NOT)
			endpoint_event(t, EVENT_FAILED, cause, &o->endpoint);
		break;
	}
	add64(&t->header->counters[COUNT_FAILURES], 1);
	return began;
}

void mark_recovered(struct table *t, word64 *w, uint32_t last, const struct endpoint *e, enum cause cause)
{
	for (int round = 0; round < ROUNDS; round++) {
		uint64_t word = seen64(w);
		struct health h = health_unpack(word);
		if (h.n == 0 && h.cool_end == 0)
			break;
		uint64_t next = health_pack(health_succeeded(h, tick_now() / TICKS_PER_S, last / TICKS_PER_S));
		if (next != word && !cas64(w, word, next))
			continue;
		if (h.cool_end)
			endpoint_event(t, EVENT_RECOVERED, cause, e);
		break;
	}
}

void mark_listening(struct addr_record *a, unsigned slot, const struct endpoint *e)
{
	struct endpoint_record *r = &a->endpoints[slot];
	const uint32_t now = tick_now();
	if (get32(&r->succeeded) != now)
		put32(&r->succeeded, now);
	if (e->transport == TRANSPORT_TCP)
		mark_connected(a, slot);
}

void mark_succeeded(struct table *t, struct addr_record *a, unsigned slot, const struct endpoint *e, enum cause why)
{
	struct endpoint_record *r = &a->endpoints[slot];
	uint32_t now = tick_now(), last = get32(&r->succeeded);
	mark_recovered(t, &r->health, last, e, why);
	if (last == 0)
		add64(&t->header->counters[COUNT_SUCCESSES], 1);
	if (why == CAUSE_CONNECTED)
		mark_listening(a, slot, e);
	else if (now != last)
		put32(&r->succeeded, now);
}
