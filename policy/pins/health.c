/* health.c: see health.h. */
#include "policy/pins/health.h"

#include "policy/base/clock.h"
#include "policy/base/hash.h"
#include "policy/base/hot.h"
#include "policy/pins/endpoint-settings.h"
#include "policy/rules/decide.h"

enum {
	ROUNDS = 16,		/* races lost on one word before its own value is taken as good enough */
	PENDING_MAX_S = 130,	/* no connect is in flight longer: tcp_syn_retries, tcp(7) */
};

/* ---- failures and successes ---- */

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

bool endpoint_failed(struct table *t, struct addr_record *a, int slot, const struct endpoint *e, uint32_t cool,
		     enum cause cause)
{
	word64 *w = health_word(a, slot);
	uint32_t now = tick_now(), now_s = now / TICKS_PER_S;
	uint32_t dice = (uint32_t)hash_fold(now ^ (uintptr_t)w, t->seed | 1);
	const uint64_t cool_off = setting_at(t, e, SET_COOL_OFF);
	bool began = false;
	put32(failed_word(a, slot), now);
	for (int round = 0; round < ROUNDS; round++) {
		uint64_t word = seen64(w);
		struct health h = health_unpack(word), next = health_failed(h, cause, now_s, cool, cool_off, dice);
		if (!cas64(w, word, health_pack(next)))
			continue;
		began = next.cool_end != h.cool_end || h.on_trial;
		if (began || cool == COOL_NOT)
			endpoint_event(t, EVENT_FAILED, cause, e);
		break;
	}
	add64(&t->header->counters[COUNT_FAILURES], 1);
	return began;
}

void endpoint_recovered(struct table *t, word64 *w, uint32_t last, const struct endpoint *e, enum cause cause)
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

void endpoint_listening(struct addr_record *a, unsigned slot, const struct endpoint *e)
{
	struct endpoint_record *r = &a->endpoints[slot];
	const uint32_t now = tick_now();
	if (get32(&r->succeeded) != now)
		put32(&r->succeeded, now);
	if (e->transport == TRANSPORT_TCP)
		endpoint_connected(a, slot);
}

void endpoint_succeeded(struct table *t, struct addr_record *a, unsigned slot, const struct endpoint *e, enum cause why)
{
	struct endpoint_record *r = &a->endpoints[slot];
	uint32_t now = tick_now(), last = get32(&r->succeeded);
	endpoint_recovered(t, &r->health, last, e, why);
	if (last == 0)
		add64(&t->header->counters[COUNT_SUCCESSES], 1);
	if (why == CAUSE_CONNECTED)
		endpoint_listening(a, slot, e);
	else if (now != last)
		put32(&r->succeeded, now);
}

static struct endpoint_record *endpoint_at(const struct table *t, addr_ref ref, const struct endpoint *e)
{
	struct addr_record *a = addr_at(t, ref);
	int slot = a ? endpoint_find(a, e->transport, e->port) : -1;
	return slot >= 0 ? &a->endpoints[slot] : NULL;
}

/* ---- connects that came through ---- */

/*
 * In the byte: quarters of a second, from 1 on, which begin again after 64 s; 0: never. So `succeeded` has its say
 * as well. A byte that another endpoint's writer undoes was of one connect of many.
 */
enum { QUARTERS = 255, QUARTER_TICKS = TICKS_PER_S / 4, WITNESS_S = 13 };

_Static_assert(ENDPOINTS * 8 <= 32, "a byte each");

static uint32_t connect_timeout_s(const struct table *t, const struct endpoint *e)
{
	return (uint32_t)setting_at(t, e, SET_CONNECT_TIMEOUT);
}

static uint32_t quarter_now(void) { return tick_now() / QUARTER_TICKS % QUARTERS; }

void endpoint_connected(struct addr_record *a, unsigned slot)
{
	const uint32_t word = get32(&a->connected), byte = 0xffu << 8 * slot;
	const uint32_t next = (word & ~byte) | (quarter_now() + 1) << 8 * slot;
	if (next != word)
		put32(&a->connected, next);
}

bool endpoint_connected_lately(const struct table *t, addr_ref ref, const struct endpoint *e)
{
	const struct addr_record *a = addr_at(t, ref);
	const int slot = a && e->transport == TRANSPORT_TCP ? endpoint_find(a, e->transport, e->port) : -1;
	const uint32_t then = slot >= 0 ? get32(&a->connected) >> 8 * slot & 0xff : 0;
	const uint32_t lately_s = then ? connect_timeout_s(t, e) : 0;
	return then && (quarter_now() + 1 + QUARTERS - then) % QUARTERS < tick_of(lately_s) / QUARTER_TICKS &&
	       tick_within(tick_now(), get32(&a->endpoints[slot].succeeded), lately_s + WITNESS_S);
}

bool connect_waits_long(const struct table *t, const struct endpoint *e, uint32_t waited)
{
	return waited >= tick_of(CONNECT_LEAST_S) && waited >= tick_of(connect_timeout_s(t, e));
}

/* ---- connects in flight ---- */

/*
 * Stored without a CAS, since each connect does: of two that note, or end, at once, one may be left out. That
 * takes from what may be known of a process that is killed, and never says of one what is not so.
 */
HOT void endpoint_pending(struct table *t, addr_ref ref, const struct endpoint *e, struct pending mine)
{
	struct addr_record *a = addr_at(t, ref);
	int slot = a ? endpoint_find(a, e->transport, e->port) : -1;
	if (a && t->writable && slot < 0)
		slot = endpoint_take(a, e->transport, e->port, false);
	if (slot < 0 || !t->writable)
		return;
	word64 *w = &a->endpoints[slot].pending;
	const struct pending p = pending_unpack(get64(w));
	mine.space = t->space;
	if (p.since == 0 || tick_since(mine.since, p.since) > tick_of(PENDING_MAX_S))
		put64(w, pending_pack(mine));
}

HOT bool endpoint_pending_over(struct table *t, addr_ref ref, const struct endpoint *e, uint32_t pid, bool connected)
{
	struct addr_record *a = addr_at(t, ref);
	int slot = a && t->writable ? endpoint_find(a, e->transport, e->port) : -1;
	if (slot < 0)
		return false;
	word64 *w = &a->endpoints[slot].pending;
	const uint64_t word = get64(w);
	const struct pending p = pending_unpack(word);
	const bool mine = p.pid == pid && p.space == t->space;
	if (connected)
		endpoint_connected(a, (unsigned)slot);
	if (word && mine)
		put64(w, 0);
	return word && !mine;
}

/* ---- given up unanswered ---- */

/* Of two that end at once one may be left out: it takes one more then. */
bool endpoint_unanswered(struct table *t, const struct endpoint *to, uint32_t since)
{
	const addr_ref ref = addr_find(t, &to->addr);
	struct addr_record *a = addr_at(t, ref);
	const struct endpoint_record *e = endpoint_at(t, ref, to);
	const uint32_t now = tick_now(), waited = tick_since(now, since);
	if (!a || !t->writable || waited > tick_of(PENDING_MAX_S))
		return false;
	const uint64_t word = get64(&a->unanswered);
	struct unanswered u = unanswered_unpack(word);
	if (u.since == 0 || u.port != to->port || tick_since(now, u.since) > tick_of(PATH_S) ||
	    (e && (get32(&e->succeeded) >= u.since || get32(&e->failed) >= u.since)))
		u = (struct unanswered){.since = since, .port = to->port};
	u.waited = (uint16_t)(u.waited + waited < UINT16_MAX ? u.waited + waited : UINT16_MAX);
	const uint32_t timeout = tick_of(connect_timeout_s(t, to));
	const bool enough = u.waited >= timeout && tick_since(now, u.since) >= timeout;
	return cas64(&a->unanswered, word, enough ? 0 : unanswered_pack(u)) && enough;
}
