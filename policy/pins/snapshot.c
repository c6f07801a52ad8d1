/* snapshot.c: reads what a decision needs, and carries it out. See snapshot.h. */
#include "policy/pins/snapshot.h"

#include <string.h>

#include "policy/base/clock.h"
#include "policy/pins/answer.h"
#include "policy/pins/candidates.h"
#include "policy/pins/srv.h"
#include "policy/table/journal.h"

/* ---- judging an address ---- */

static void judge_endpoint(struct health h, uint32_t failed, uint32_t now, struct candidate *c)
{
	uint32_t now_s = now / TICKS_PER_S;
	enum circuit circuit = health_circuit(h, now_s);
	uint32_t cooling = health_cooling_s(h, now_s);
	if (circuit > c->circuit)
		c->circuit = (uint8_t)circuit;
	if (cooling > c->cooling_s)
		c->cooling_s = cooling < UINT16_MAX ? (uint16_t)cooling : UINT16_MAX;
	if (circuit == CIRCUIT_OPEN && !h.probing)
		c->out = true;
	if (failed > c->failed)
		c->failed = failed;
	if (circuit != CIRCUIT_CLOSED && tick_within(now, failed, PATH_S))
		c->failed_lately = true;
}

struct candidate snapshot_judge(const struct table *t, addr_ref ref, struct endpoint_filter r, uint32_t now)
{
	struct candidate c = {.circuit = CIRCUIT_CLOSED};
	const struct addr_record *a = addr_at(t, ref);
	if (!a)
		return c;
	c.drained = get32(&a->drained) != 0;
	for (unsigned i = 0; i < ENDPOINTS; i++) {
		uint64_t word = seen64(&a->endpoints[i].health);
		struct health h = health_unpack(word);
		if (word && h.transport != TRANSPORT_ANY && filter_takes(r, h))
			judge_endpoint(h, get32(&a->endpoints[i].failed), now, &c);
	}
	struct health other = health_unpack(seen64(&a->other));
	if (filter_takes_other(r, other))
		judge_endpoint(other, get32(&a->other_failed), now, &c);
	return c;
}

/* ---- gathering candidates ---- */

/* All failures of the address: what a tentative pin on it goes by. */
static uint16_t sum_of(const struct table *t, addr_ref ref)
{
	const struct addr_record *a = addr_at(t, ref);
	return a ? endpoint_sum(a, 15, true) : 0;
}

_Static_assert(KNOWN == CANDIDATES + 2, "all that is known has room");

static int candidate_add(const struct table *t, struct snapshot *sn, const struct address *a, addr_ref ref, bool in_answer)
{
	size_t i = sn->facts.n;
	if (i == sn->room)
		return -1;
	sn->refs[i] = (struct candidate_ref){.addr = *a, .ref = ref, .sum = sum_of(t, ref)};
	sn->facts.candidate[i] = snapshot_judge(t, ref, sn->filter, sn->facts.now);
	sn->facts.candidate[i].in_answer = in_answer;
	if (address_is_target(a))
		service_judge(t, a, sn->filter, sn->facts.now, &sn->facts.candidate[i]);
	sn->facts.n++;
	return (int)i;
}

int snapshot_find(const struct snapshot *sn, const struct address *a)
{
	for (size_t i = 0; i < sn->facts.n; i++)
		if (address_equal(&sn->refs[i].addr, a))
			return (int)i;
	return -1;
}

/* Can a name of this kind lead there? What it is said to lead to, somebody may have scribbled into the table. */
static bool is_fitting(const struct snapshot *sn, const struct address *a)
{
	return address_family(a) == sn->family &&
	       (name_is_service(sn->name) ? address_is_target(a) : address_is_unicast(a));
}

static int candidate_of_ref(const struct table *t, struct snapshot *sn, addr_ref ref)
{
	struct address a;
	for (size_t i = 0; i < sn->facts.n; i++)
		if (sn->refs[i].ref == ref)
			return (int)i;
	return addr_read(t, ref, &a) && is_fitting(sn, &a) ? candidate_add(t, sn, &a, ref, false) : -1;
}

static void set_srv(struct snapshot *sn, int at, uint16_t priority, uint16_t weight)
{
	sn->facts.candidate[at].priority = priority;
	sn->refs[at].weight = weight;
}

static void add_pool(const struct table *t, struct snapshot *sn, const struct pool *pool)
{
	for (size_t i = 0; i < pool->n; i++) {
		if (snapshot_find(sn, &pool->addr[i]) >= 0)
			continue;
		int at = candidate_add(t, sn, &pool->addr[i], addr_find(t, &pool->addr[i]), true);
		if (at >= 0 && pool->srv)
			set_srv(sn, at, pool->srv[i].priority, pool->srv[i].weight);
	}
}

/*
 * Known candidates of the family: all, or with an answer at hand only the
 * preference list, which counts as long as the explicit pin that it belongs to.
 */
static void add_candidates(const struct table *t, struct snapshot *sn, bool all, uint32_t stale_s)
{
	const struct pin pin = pin_unpack(sn->pin_word);
	const bool ranked = pin.is_explicit && pin.reuse == name_reuse(sn->ref) &&
			    !(sn->facts.expires && sn->facts.now >= sn->facts.expires);
	const struct name_cold *cold = name_cold(t, sn->ref);
	struct candidate_word words[CANDIDATES];
	struct address addr[CANDIDATES];
	uint32_t newest = UINT32_MAX, now_s = sn->facts.now / TICKS_PER_S;
	for (unsigned i = 0; i < CANDIDATES; i++) {
		words[i] = name_candidate(sn->ref, get64(&cold->candidates[i]));
		words[i].rank = ranked ? words[i].rank : 0;
		if ((!all && !words[i].rank) || !addr_read(t, words[i].ref, &addr[i]) ||
		    !is_fitting(sn, &addr[i]))
			words[i].ref = 0;
		else if (seen_age(words[i].seen, now_s) < newest)
			newest = seen_age(words[i].seen, now_s);
	}
	for (unsigned i = 0; i < CANDIDATES; i++) {
		const struct candidate_word w = words[i];
		const uint32_t age = seen_age(w.seen, now_s);
		int at = w.ref ? candidate_of_ref(t, sn, w.ref) : -1;
		if (at < 0)
			continue;
		if (w.rank)
			sn->facts.candidate[at].rank = w.rank;
		if (all && address_is_target(&addr[i])) {
			const struct srv_word srv = candidates_srv(t, sn->ref, i);
			set_srv(sn, at, srv.priority, srv.weight);
		}
		/* Seen in one answer: within a second, since each stamps with its own. */
		if (all && (w.rank || (w.seen && (stale_s ? age <= stale_s : age <= newest + 1))))
			sn->facts.candidate[at].in_answer = true;
	}
}

static void read_pin(const struct table *t, struct snapshot *sn)
{
	const struct name_hot *hot = name_hot(t, sn->ref);
	struct pin p = pin_unpack(sn->pin_word);
	struct confirmed c = confirmed_unpack(get64(&hot->confirmed[sn->family]));
	const struct addr_record *a = p.reuse == name_reuse(sn->ref) ? addr_at(t, p.ref) : NULL;
	sn->facts.pin = a ? candidate_of_ref(t, sn, p.ref) : -1;
	sn->facts.last_confirmed = c.ref && c.reuse == name_reuse(sn->ref) ? candidate_of_ref(t, sn, c.ref) : -1;
	if (sn->facts.pin < 0)
		return;
	sn->facts.is_explicit = p.is_explicit;
	if (!p.is_explicit)
		sn->facts.expires = 0;
	sn->facts.confirmed = p.confirmed;
	sn->facts.sum_changed = p.sum != endpoint_sum(a, p.confirmed ? p.endpoints : 15, !p.confirmed) || service_lost(sn);
}

/* What the caller has told of the addresses for this one answer. */
static void set_aside(struct snapshot *sn, const struct lookup *l)
{
	for (size_t i = 0; i < l->n_aside; i++) {
		int at = snapshot_find(sn, &l->aside[i].addr);
		if (at >= 0 && l->aside[i].no_route)
			sn->facts.candidate[at].no_route = true;
		else if (at >= 0)
			sn->facts.candidate[at].vain = true;
	}
}

bool snapshot_read(const struct table *t, struct name_ref ref, const struct name *name, enum family f,
		const struct pool *pool, const struct lookup *l, uint32_t stale_s, struct snapshot *out)
{
	const struct name_hot *hot = name_hot(t, ref);
	out->ref = ref;
	out->name = name;
	out->family = f;
	out->filter = l && l->port ? (struct endpoint_filter){l->transport, l->port} : filter_of(t, ref, f);
	const uint32_t now = tick_now();
	out->facts = (struct facts){
		.candidate = out->facts.candidate,
		.now = now,
		.used = tick_believed(now, used_lookup(get32(&hot->used))),
		.set_at = tick_believed(now, get32(&hot->set_at[f])),
		.expires = get32(&hot->expires[f]),
		.absent = tick_believed(now, get32(&hot->absent[f])),
		.has_answer = pool != NULL,
		.partial = pool && pool->more,
	};
	out->pin_word = seen64(&hot->pin[f]);
	if (pool)
		add_pool(t, out, pool);
	add_candidates(t, out, pool == NULL, stale_s);
	if (name_is_service(name))
		service_order(t, out);
	read_pin(t, out);
	if (l)
		set_aside(out, l);
	before_recheck();
	return name_current(t, ref);
}

int snapshot_leads_to(const struct snapshot *sn, const struct settings *set)
{
	if (sn->facts.pin < 0)
		return -1;
	struct transition tr = decide_lookup(&sn->facts, set);
	if (tr.cause == CAUSE_TTL || tr.cause == CAUSE_IDLE || tr.cause == CAUSE_MAX_AGE)
		return -1;
	return sn->facts.is_explicit && tr.head >= 0 ? tr.head : sn->facts.pin;
}

/* ---- carrying out ---- */

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

/* A tentative pin on candidate `to`: any failure of that address since the snapshot was read moves it. 0: no room for the address. */
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

bool snapshot_take_probe(struct table *t, const struct snapshot *sn, int at)
{
	struct addr_record *a = addr_at(t, sn->refs[at].ref);
	uint32_t now_s = sn->facts.now / TICKS_PER_S;
	bool won = false;
	for (unsigned i = 0; a && t->writable && i < ENDPOINTS; i++) {
		uint64_t word = seen64(&a->endpoints[i].health);
		struct health h = health_unpack(word);
		if (h.transport != TRANSPORT_ANY && filter_takes(sn->filter, h) && health_circuit(h, now_s) == CIRCUIT_HALF_OPEN)
			won |= cas64(&a->endpoints[i].health, word, health_pack(health_probing(h, now_s)));
	}
	if (!a || !t->writable)
		return won;
	uint64_t word = seen64(&a->other);
	struct health h = health_unpack(word);
	if (filter_takes_other(sn->filter, h) && health_circuit(h, now_s) == CIRCUIT_HALF_OPEN)
		won |= cas64(&a->other, word, health_pack(health_probing(h, now_s)));
	return won;
}
