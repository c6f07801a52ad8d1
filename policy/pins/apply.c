/* apply.c: see apply.h. */
#include "policy/pins/apply.h"

#include <string.h>

#include "policy/base/clock.h"
#include "policy/pins/candidates.h"
#include "policy/table/index.h"
#include "policy/table/insert.h"

void snapshot_event(struct table *t, const struct snapshot *sn, enum event_kind kind, enum cause cause, int addr,
		 int old, const struct endpoint *e)
{
	struct event ev = {.kind = (uint8_t)kind, .cause = (uint8_t)cause};
	ev.is_explicit = sn->facts.pin >= 0 && sn->facts.is_explicit;
	memcpy(ev.name, sn->name->text, sizeof ev.name);
	if (addr >= 0) {
		ev.has_addr = 1;
		ev.addr = sn->refs[addr].addr;
	}
	if (old >= 0) {
		ev.has_old = 1;
		ev.old = sn->refs[old].addr;
	}
	if (e) {
		ev.transport = e->transport;
		ev.port = e->port;
	}
	journal_write(t, &ev);
}

static void count(struct table *t, enum counter c) { add64(&t->header->counters[c], 1); }

void snapshot_moved(struct table *t, const struct snapshot *sn, enum cause cause, int to, int old, const struct endpoint *e)
{
	snapshot_event(t, sn, EVENT_MOVED, cause, to, old, e);
	count(t, COUNT_MOVES);
	add32(&name_cold(t, sn->ref)->moves, 1u << 16);
}

static void tell(struct table *t, const struct snapshot *sn, const struct transition *tr)
{
	switch (tr->action) {
	case CAPTURE:
		if (sn->facts.pin >= 0)
			snapshot_event(t, sn, EVENT_EXPIRED, tr->cause, sn->facts.pin, -1, NULL);
		snapshot_event(t, sn, EVENT_PINNED, CAUSE_FIRST, tr->to, -1, NULL);
		count(t, COUNT_CAPTURES);
		break;
	case MOVE:
	case RETURN_LAST:
		if (tr->to != sn->facts.pin)
			snapshot_moved(t, sn, tr->cause, tr->to, sn->facts.pin, NULL);
		break;
	case FORGET:
		snapshot_event(t, sn, EVENT_DROPPED, tr->cause, sn->facts.pin, -1, NULL);
		break;
	case KEEP:
	case CONFIRM:
		break;
	}
}

/* A tentative pin on candidate `to`. Any failure of it since the snapshot was read moves it. 0: no room for the address. */
static uint64_t tentative(struct table *t, const struct snapshot *sn, int to)
{
	addr_ref ref = sn->refs[to].ref ? sn->refs[to].ref : addr_insert(t, &sn->refs[to].addr);
	if (!addr_at(t, ref))
		return 0;
	return pin_pack((struct pin){.ref = ref, .sum = sn->refs[to].sum, .reuse = name_reuse(sn->ref)});
}

/* Stamps a new pin, as long as it is the pin, and lets the index know. `expires` is of explicit pins, which set their own. */
static void pin_stamp(struct table *t, const struct snapshot *sn, uint64_t word)
{
	struct name_hot *hot = name_hot(t, sn->ref);
	struct name_cold *cold = name_cold(t, sn->ref);
	const word64 *pin = &hot->pin[sn->family];
	put32_while(pin, word, &hot->set_at[sn->family], sn->facts.now);
	put32_while(pin, word, &hot->absent[sn->family], 0);
	put32_while(pin, word, &cold->origin_pid[sn->family], store_pid(t));
	put32_while(pin, word, &cold->origin[sn->family], t->origin);
	if (word)
		index_add(t, pin_unpack(word).ref, sn->ref);
}

bool snapshot_apply(struct table *t, const struct snapshot *sn, const struct transition *tr)
{
	struct name_hot *hot = name_hot(t, sn->ref);
	if (!t->writable)
		return true;
	if (tr->action == KEEP) {
		if (tr->absent != sn->facts.absent)
			put32(&hot->absent[sn->family], tr->absent);
		return true;
	}
	uint64_t word = tr->action == FORGET ? 0 : tentative(t, sn, tr->to);
	if (word == 0 && tr->action != FORGET)
		return true;
	if (!cas64(&hot->pin[sn->family], sn->pin_word, word))
		return false;
	if (tr->cause == CAUSE_TTL)
		candidates_unrank(t, sn->ref, sn->family);
	pin_stamp(t, sn, word);
	tell(t, sn, tr);
	return true;
}

bool snapshot_doubt(struct table *t, const struct snapshot *sn)
{
	uint64_t word = t->writable ? tentative(t, sn, sn->facts.pin) : 0;
	if (word == 0)
		return true;
	if (!cas64(&name_hot(t, sn->ref)->pin[sn->family], sn->pin_word, word))
		return false;
	snapshot_event(t, sn, EVENT_PINNED, CAUSE_BROKEN, sn->facts.pin, -1, NULL);
	return true;
}

/* What the name was proven by stays. False: the word said so already. */
static bool note_confirmed(struct table *t, const struct snapshot *sn, addr_ref ref, const struct endpoint *e)
{
	word64 *w = &name_hot(t, sn->ref)->confirmed[sn->family];
	const uint64_t word = get64(w);
	const struct confirmed old = confirmed_unpack(word);
	struct confirmed c = {ref, e->port, e->transport, name_reuse(sn->ref), minute_stamp(sn->facts.now / TICKS_PER_S), false};
	if (old.ref && old.reuse == c.reuse) {
		c.first = old.first;
		c.proven = old.proven;
	}
	return confirmed_pack(c) != word && cas64(w, word, confirmed_pack(c));
}

bool snapshot_confirm(struct table *t, const struct snapshot *sn, const struct transition *tr, int slot,
		   const struct endpoint *e, enum cause why)
{
	const struct addr_record *a = addr_at(t, sn->refs[tr->to].ref);
	struct pin p = pin_unpack(sn->pin_word);
	const bool here = tr->to == sn->facts.pin;
	if (!t->writable || !a || (here && p.confirmed && p.endpoints >> slot & 1))
		return true;
	struct pin next = here ? p : (struct pin){.ref = sn->refs[tr->to].ref, .reuse = name_reuse(sn->ref)};
	next.endpoints = (uint8_t)((here && p.confirmed ? p.endpoints : 0u) | 1u << slot);
	next.latest = (uint8_t)slot;
	next.confirmed = true;
	next.sum = endpoint_sum(a, next.endpoints, false);

	/* A failure between reading the snapshot and this sum would be lost in it. */
	if (here && !sn->facts.sum_changed && p.sum != endpoint_sum(a, p.confirmed ? p.endpoints : 15, !p.confirmed))
		return false;
	if (!here && sn->refs[tr->to].sum != endpoint_sum(a, 15, true))
		return false;
	if (!cas64(&name_hot(t, sn->ref)->pin[sn->family], sn->pin_word, pin_pack(next)))
		return false;
	note_confirmed(t, sn, next.ref, e);
	if (!here) {
		pin_stamp(t, sn, pin_pack(next));
		snapshot_moved(t, sn, tr->cause, tr->to, sn->facts.pin, e);
	}
	snapshot_event(t, sn, EVENT_CONFIRMED, why, tr->to, -1, e);
	count(t, COUNT_CONFIRMED);
	return true;
}

void snapshot_confirm_ranked(struct table *t, const struct snapshot *sn, int at, const struct endpoint *e, enum cause why)
{
	if (!t->writable || !note_confirmed(t, sn, sn->refs[at].ref, e))
		return;
	snapshot_event(t, sn, EVENT_CONFIRMED, why, at, -1, e);
	count(t, COUNT_CONFIRMED);
}

bool snapshot_take_trial(struct table *t, const struct snapshot *sn, int at)
{
	struct addr_record *a = addr_at(t, sn->refs[at].ref);
	uint32_t now_s = sn->facts.now / TICKS_PER_S;
	bool won = false;
	for (unsigned i = 0; a && t->writable && i < ENDPOINTS; i++) {
		uint64_t word = seen64(&a->endpoints[i].health);
		struct health h = health_unpack(word);
		if (h.transport != TRANSPORT_ANY && filter_takes(sn->filter, h) && health_circuit(h, now_s) == CIRCUIT_HALF_OPEN)
			won |= cas64(&a->endpoints[i].health, word, health_pack(health_on_trial(h, now_s)));
	}
	if (!a || !t->writable)
		return won;
	uint64_t word = seen64(&a->other);
	struct health h = health_unpack(word);
	if (filter_takes_other(sn->filter, h) && health_circuit(h, now_s) == CIRCUIT_HALF_OPEN)
		won |= cas64(&a->other, word, health_pack(health_on_trial(h, now_s)));
	return won;
}
