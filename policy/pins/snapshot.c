/* snapshot.c: reads what a decision needs, and carries it out. See snapshot.h. */
#include "policy/pins/snapshot.h"

#include <string.h>

#include "policy/base/tick.h"
#include "policy/pins/candidates.h"
#include "policy/pins/srv.h"

/* ---- judging an address ---- */

static void judge_endpoint(struct health h, uint32_t failed, uint32_t now, struct choice *c)
{
	uint32_t now_s = now / TICKS_PER_S;
	enum fitness fitness = health_fitness(h, now_s);
	uint32_t cooling = health_cooling_s(h, now_s);
	if (fitness > c->fitness)
		c->fitness = (uint8_t)fitness;
	if (cooling > c->cooling_s)
		c->cooling_s = cooling < UINT16_MAX ? (uint16_t)cooling : UINT16_MAX;
	if (fitness == COOLING && !h.trying)
		c->out = true;
	if (failed > c->failed)
		c->failed = failed;
	if (fitness != FIT && tick_within(now, failed, PATH_S))
		c->failed_lately = true;
}

struct choice scene_judge(const struct table *t, addr_ref ref, struct regard r, uint32_t now)
{
	struct choice c = {.fitness = FIT};
	const struct addr_record *a = addr_at(t, ref);
	if (!a)
		return c;
	c.drained = get32(&a->drained) != 0;
	for (unsigned i = 0; i < ENDPOINTS; i++) {
		uint64_t word = seen64(&a->endpoints[i].health);
		struct health h = health_unpack(word);
		if (word && h.transport != TRANSPORT_ANY && regards(r, h))
			judge_endpoint(h, get32(&a->endpoints[i].failed), now, &c);
	}
	struct health other = health_unpack(seen64(&a->other));
	if (regards_other(r, other))
		judge_endpoint(other, get32(&a->other_failed), now, &c);
	return c;
}

/* ---- gathering choices ---- */

/* All failures of the address: what a tentative pin on it goes by. */
static uint16_t sum_of(const struct table *t, addr_ref ref)
{
	const struct addr_record *a = addr_at(t, ref);
	return a ? endpoint_sum(a, 15, true) : 0;
}

_Static_assert(KNOWN == CANDIDATES + 2, "all that is known has room");

static int choice_add(const struct table *t, struct scene *sc, const struct address *a, addr_ref ref, bool in_answer)
{
	size_t i = sc->s.n;
	if (i == sc->room)
		return -1;
	sc->place[i] = (struct place){.addr = *a, .ref = ref, .sum = sum_of(t, ref)};
	sc->s.choice[i] = scene_judge(t, ref, sc->regard, sc->s.now);
	sc->s.choice[i].in_answer = in_answer;
	if (address_is_target(a))
		service_judge(t, a, sc->regard, sc->s.now, &sc->s.choice[i]);
	sc->s.n++;
	return (int)i;
}

int scene_choice(const struct scene *sc, const struct address *a)
{
	for (size_t i = 0; i < sc->s.n; i++)
		if (address_equal(&sc->place[i].addr, a))
			return (int)i;
	return -1;
}

/* Can a name of this kind lead there? What it is said to lead to, somebody may have scribbled into the table. */
static bool is_fitting(const struct scene *sc, const struct address *a)
{
	return address_family(a) == sc->family &&
	       (name_is_service(sc->name) ? address_is_target(a) : address_is_unicast(a));
}

static int choice_of_ref(const struct table *t, struct scene *sc, addr_ref ref)
{
	struct address a;
	for (size_t i = 0; i < sc->s.n; i++)
		if (sc->place[i].ref == ref)
			return (int)i;
	return addr_read(t, ref, &a) && is_fitting(sc, &a) ? choice_add(t, sc, &a, ref, false) : -1;
}

static void set_srv(struct scene *sc, int at, uint16_t priority, uint16_t weight)
{
	sc->s.choice[at].priority = priority;
	sc->place[at].weight = weight;
}

static void add_pool(const struct table *t, struct scene *sc, const struct pool *pool)
{
	for (size_t i = 0; i < pool->n; i++) {
		if (scene_choice(sc, &pool->addr[i]) >= 0)
			continue;
		int at = choice_add(t, sc, &pool->addr[i], addr_find(t, &pool->addr[i]), true);
		if (at >= 0 && pool->srv)
			set_srv(sc, at, pool->srv[i].priority, pool->srv[i].weight);
	}
}

/*
 * Known candidates of the family: all, or with an answer at hand only the
 * preference list, which counts as long as the explicit pin that it belongs to.
 */
static void add_candidates(const struct table *t, struct scene *sc, bool all, uint32_t stale_s)
{
	const struct pin pin = pin_unpack(sc->pin_word);
	const bool ranked = pin.is_explicit && pin.reuse == name_reuse(sc->ref) &&
			    !(sc->s.expires && sc->s.now >= sc->s.expires);
	const struct name_cold *cold = name_cold(t, sc->ref);
	struct candidate_word words[CANDIDATES];
	struct address addr[CANDIDATES];
	uint32_t newest = UINT32_MAX, now_s = sc->s.now / TICKS_PER_S;
	for (unsigned i = 0; i < CANDIDATES; i++) {
		words[i] = name_candidate(sc->ref, get64(&cold->candidates[i]));
		words[i].rank = ranked ? words[i].rank : 0;
		if ((!all && !words[i].rank) || !addr_read(t, words[i].ref, &addr[i]) ||
		    !is_fitting(sc, &addr[i]))
			words[i].ref = 0;
		else if (seen_age(words[i].seen, now_s) < newest)
			newest = seen_age(words[i].seen, now_s);
	}
	for (unsigned i = 0; i < CANDIDATES; i++) {
		const struct candidate_word w = words[i];
		const uint32_t age = seen_age(w.seen, now_s);
		int at = w.ref ? choice_of_ref(t, sc, w.ref) : -1;
		if (at < 0)
			continue;
		if (w.rank)
			sc->s.choice[at].rank = w.rank;
		if (all && address_is_target(&addr[i])) {
			const struct srv_word srv = candidates_srv(t, sc->ref, i);
			set_srv(sc, at, srv.priority, srv.weight);
		}
		/* Seen in one answer: within a second, since each stamps with its own. */
		if (all && (w.rank || (w.seen && (stale_s ? age <= stale_s : age <= newest + 1))))
			sc->s.choice[at].in_answer = true;
	}
}

static void read_pin(const struct table *t, struct scene *sc)
{
	const struct name_hot *hot = name_hot(t, sc->ref);
	struct pin p = pin_unpack(sc->pin_word);
	struct confirmed c = confirmed_unpack(get64(&hot->confirmed[sc->family]));
	const struct addr_record *a = p.reuse == name_reuse(sc->ref) ? addr_at(t, p.ref) : NULL;
	sc->s.pin = a ? choice_of_ref(t, sc, p.ref) : -1;
	sc->s.last_confirmed = c.ref && c.reuse == name_reuse(sc->ref) ? choice_of_ref(t, sc, c.ref) : -1;
	if (sc->s.pin < 0)
		return;
	sc->s.is_explicit = p.is_explicit;
	if (!p.is_explicit)
		sc->s.expires = 0;
	sc->s.confirmed = p.confirmed;
	sc->s.sum_changed = p.sum != endpoint_sum(a, p.confirmed ? p.endpoints : 15, !p.confirmed) || service_lost(sc);
}

/* What the caller has told of the addresses for this one answer. */
static void set_aside(struct scene *sc, const struct lookup *l)
{
	for (size_t i = 0; i < l->n_aside; i++) {
		int at = scene_choice(sc, &l->aside[i].addr);
		if (at >= 0 && l->aside[i].no_route)
			sc->s.choice[at].no_route = true;
		else if (at >= 0)
			sc->s.choice[at].vain = true;
	}
}

bool scene_read(const struct table *t, struct name_ref ref, const struct name *name, enum family f,
		const struct pool *pool, const struct lookup *l, uint32_t stale_s, struct scene *out)
{
	const struct name_hot *hot = name_hot(t, ref);
	out->ref = ref;
	out->name = name;
	out->family = f;
	out->regard = l && l->port ? (struct regard){l->transport, l->port} : regard_of(t, ref, f);
	const uint32_t now = tick_now();
	out->s = (struct snapshot){
		.choice = out->s.choice,
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

int scene_leads_to(const struct scene *sc, const struct settings *set)
{
	if (sc->s.pin < 0)
		return -1;
	struct transition tr = decide_lookup(&sc->s, set);
	if (tr.cause == CAUSE_TTL || tr.cause == CAUSE_IDLE || tr.cause == CAUSE_MAX_AGE)
		return -1;
	return sc->s.is_explicit && tr.head >= 0 ? tr.head : sc->s.pin;
}

/* ---- carrying out ---- */

void scene_event(struct table *t, const struct scene *sc, enum event_kind kind, enum cause cause, int addr,
		 int old, const struct endpoint *e)
{
	struct event ev = {.kind = (uint8_t)kind, .cause = (uint8_t)cause};
	ev.is_explicit = sc->s.pin >= 0 && sc->s.is_explicit;
	memcpy(ev.name, sc->name->text, sizeof ev.name);
	if (addr >= 0) {
		ev.has_addr = 1;
		ev.addr = sc->place[addr].addr;
	}
	if (old >= 0) {
		ev.has_old = 1;
		ev.old = sc->place[old].addr;
	}
	if (e) {
		ev.transport = e->transport;
		ev.port = e->port;
	}
	journal_write(t, &ev);
}

static void count(struct table *t, enum counter c) { add64(&t->header->counters[c], 1); }

void scene_moved(struct table *t, const struct scene *sc, enum cause cause, int to, int old, const struct endpoint *e)
{
	scene_event(t, sc, EVENT_MOVED, cause, to, old, e);
	count(t, COUNT_MOVES);
	add32(&name_cold(t, sc->ref)->moves, 1u << 16);
}

static void tell(struct table *t, const struct scene *sc, const struct transition *tr)
{
	switch (tr->action) {
	case CAPTURE:
		if (sc->s.pin >= 0)
			scene_event(t, sc, EVENT_EXPIRED, tr->cause, sc->s.pin, -1, NULL);
		scene_event(t, sc, EVENT_PINNED, CAUSE_FIRST, tr->to, -1, NULL);
		count(t, COUNT_CAPTURES);
		break;
	case MOVE:
	case RETURN_LAST:
		if (tr->to != sc->s.pin)
			scene_moved(t, sc, tr->cause, tr->to, sc->s.pin, NULL);
		break;
	case FORGET:
		scene_event(t, sc, EVENT_DROPPED, tr->cause, sc->s.pin, -1, NULL);
		break;
	case KEEP:
	case CONFIRM:
		break;
	}
}

/* A tentative pin on choice `to`: any failure of that address since the scene was read moves it. 0: no room for the address. */
static uint64_t tentative(struct table *t, const struct scene *sc, int to)
{
	addr_ref ref = sc->place[to].ref ? sc->place[to].ref : addr_insert(t, &sc->place[to].addr);
	if (!addr_at(t, ref))
		return 0;
	return pin_pack((struct pin){.ref = ref, .sum = sc->place[to].sum, .reuse = name_reuse(sc->ref)});
}

/* Stamps a new pin, as long as it is the pin, and lets the index know. `expires` is of explicit pins, which set their own. */
static void pin_stamp(struct table *t, const struct scene *sc, uint64_t word)
{
	struct name_hot *hot = name_hot(t, sc->ref);
	struct name_cold *cold = name_cold(t, sc->ref);
	const word64 *pin = &hot->pin[sc->family];
	put32_while(pin, word, &hot->set_at[sc->family], sc->s.now);
	put32_while(pin, word, &hot->absent[sc->family], 0);
	put32_while(pin, word, &cold->origin_pid[sc->family], store_pid(t));
	put32_while(pin, word, &cold->origin[sc->family], t->origin);
	if (word)
		index_add(t, pin_unpack(word).ref, sc->ref);
}

bool scene_apply(struct table *t, const struct scene *sc, const struct transition *tr)
{
	struct name_hot *hot = name_hot(t, sc->ref);
	if (!t->writable)
		return true;
	if (tr->action == KEEP) {
		if (tr->absent != sc->s.absent)
			put32(&hot->absent[sc->family], tr->absent);
		return true;
	}
	uint64_t word = tr->action == FORGET ? 0 : tentative(t, sc, tr->to);
	if (word == 0 && tr->action != FORGET)
		return true;
	if (!cas64(&hot->pin[sc->family], sc->pin_word, word))
		return false;
	if (tr->cause == CAUSE_TTL)
		candidates_unrank(t, sc->ref, sc->family);
	pin_stamp(t, sc, word);
	tell(t, sc, tr);
	return true;
}

bool scene_doubt(struct table *t, const struct scene *sc)
{
	uint64_t word = t->writable ? tentative(t, sc, sc->s.pin) : 0;
	if (word == 0)
		return true;
	if (!cas64(&name_hot(t, sc->ref)->pin[sc->family], sc->pin_word, word))
		return false;
	scene_event(t, sc, EVENT_PINNED, CAUSE_BROKEN, sc->s.pin, -1, NULL);
	return true;
}

/* What the name was proven by stays. False: the word said so already. */
static bool note_confirmed(struct table *t, const struct scene *sc, addr_ref ref, const struct endpoint *e)
{
	word64 *w = &name_hot(t, sc->ref)->confirmed[sc->family];
	const uint64_t word = get64(w);
	const struct confirmed old = confirmed_unpack(word);
	struct confirmed c = {ref, e->port, e->transport, name_reuse(sc->ref), minute_stamp(sc->s.now / TICKS_PER_S), false};
	if (old.ref && old.reuse == c.reuse) {
		c.first = old.first;
		c.proven = old.proven;
	}
	return confirmed_pack(c) != word && cas64(w, word, confirmed_pack(c));
}

bool scene_confirm(struct table *t, const struct scene *sc, const struct transition *tr, int slot,
		   const struct endpoint *e, enum cause why)
{
	const struct addr_record *a = addr_at(t, sc->place[tr->to].ref);
	struct pin p = pin_unpack(sc->pin_word);
	const bool here = tr->to == sc->s.pin;
	if (!t->writable || !a || (here && p.confirmed && p.endpoints >> slot & 1))
		return true;
	struct pin next = here ? p : (struct pin){.ref = sc->place[tr->to].ref, .reuse = name_reuse(sc->ref)};
	next.endpoints = (uint8_t)((here && p.confirmed ? p.endpoints : 0u) | 1u << slot);
	next.latest = (uint8_t)slot;
	next.confirmed = true;
	next.sum = endpoint_sum(a, next.endpoints, false);

	/* A failure between reading the scene and this sum would be lost in it. */
	if (here && !sc->s.sum_changed && p.sum != endpoint_sum(a, p.confirmed ? p.endpoints : 15, !p.confirmed))
		return false;
	if (!here && sc->place[tr->to].sum != endpoint_sum(a, 15, true))
		return false;
	if (!cas64(&name_hot(t, sc->ref)->pin[sc->family], sc->pin_word, pin_pack(next)))
		return false;
	note_confirmed(t, sc, next.ref, e);
	if (!here) {
		pin_stamp(t, sc, pin_pack(next));
		scene_moved(t, sc, tr->cause, tr->to, sc->s.pin, e);
	}
	scene_event(t, sc, EVENT_CONFIRMED, why, tr->to, -1, e);
	count(t, COUNT_CONFIRMED);
	return true;
}

void scene_confirm_ranked(struct table *t, const struct scene *sc, int at, const struct endpoint *e, enum cause why)
{
	if (!t->writable || !note_confirmed(t, sc, sc->place[at].ref, e))
		return;
	scene_event(t, sc, EVENT_CONFIRMED, why, at, -1, e);
	count(t, COUNT_CONFIRMED);
}

bool scene_take_try(struct table *t, const struct scene *sc, int at)
{
	struct addr_record *a = addr_at(t, sc->place[at].ref);
	uint32_t now_s = sc->s.now / TICKS_PER_S;
	bool won = false;
	for (unsigned i = 0; a && t->writable && i < ENDPOINTS; i++) {
		uint64_t word = seen64(&a->endpoints[i].health);
		struct health h = health_unpack(word);
		if (h.transport != TRANSPORT_ANY && regards(sc->regard, h) && health_fitness(h, now_s) == DUE)
			won |= cas64(&a->endpoints[i].health, word, health_pack(health_trying(h, now_s)));
	}
	if (!a || !t->writable)
		return won;
	uint64_t word = seen64(&a->other);
	struct health h = health_unpack(word);
	if (regards_other(sc->regard, h) && health_fitness(h, now_s) == DUE)
		won |= cas64(&a->other, word, health_pack(health_trying(h, now_s)));
	return won;
}
