/* outcome.c: what became of an endpoint, and the pins that it counts for. See pins.h. */
#include <errno.h>
#include <signal.h>

#include "candidates.h"
#include "hash.h"
#include "scene.h"
#include "target.h"
#include "tick.h"

enum {
	ROUNDS = 16,		/* races lost on one word before its own value is taken as good enough */
	PENDING_MAX_S = 130,	/* no connect is in flight longer: tcp_syn_retries, tcp(7) */
};

/* ---- the endpoint ---- */

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

/* The one CAS that makes a failure known to all. True, and an event, when a cool-off began. */
static bool mark_failed(struct table *t, struct addr_record *a, int slot, const struct outcome *o, enum cause cause)
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

/* Ends a cool-off. `since_last_s`: since the success before. */
static void recover(struct table *t, word64 *w, uint32_t since_last_s, const struct endpoint *e, enum cause cause)
{
	for (int round = 0; round < ROUNDS; round++) {
		uint64_t word = seen64(w);
		struct health h = health_unpack(word);
		if (h.n == 0 && h.cool_end == 0)
			break;
		uint64_t next = health_pack(health_succeeded(h, since_last_s));
		if (next != word && !cas64(w, word, next))
			continue;
		if (h.cool_end)
			endpoint_event(t, EVENT_RECOVERED, cause, e);
		break;
	}
}

static void mark_succeeded(struct table *t, struct endpoint_record *r, const struct endpoint *e, enum cause why)
{
	uint32_t now = tick_now(), last = get32(&r->succeeded);
	recover(t, &r->health, tick_since(now, last) / TICKS_PER_S, e, why);
	if (last == 0)
		add64(&t->header->counters[COUNT_SUCCESSES], 1);
	if (now - last >= TICKS_PER_S)
		put32(&r->succeeded, now);
}

/* ---- the names that it counts for ---- */

enum fate { FAILED, SUCCEEDED, BROKEN };

struct verdict {
	const struct endpoint *e;
	addr_ref addr;
	int slot;
	enum fate fate;
	bool began;			/* a cool-off */
	enum cause why;
};

/* A preference list goes on to its next address: nothing changes in the table, but people want to know. */
static void tell_preference(struct table *t, const struct scene *sc, const struct verdict *v)
{
	const struct settings any = settings_builtin();
	int at = scene_choice(sc, &v->e->addr), head = decide_lookup(&sc->s, &any).head;
	if (!v->began || at < 0 || head < 0 || !sc->s.choice[at].rank || sc->s.choice[head].rank <= sc->s.choice[at].rank)
		return;
	scene_moved(t, sc, CAUSE_FAILED, head, at, NULL);
}

/* Carries a failure over to the pin of one name, which moves if it counts for it. */
static void settle_failure(struct table *t, struct name_ref ref, const struct name *name, const struct verdict *v)
{
	struct scene sc;
	for (int round = 0; round < ROUNDS; round++) {
		if (!scene_read(t, ref, name, address_family(&v->e->addr), NULL, NULL, 0, &sc))
			return;
		if (sc.s.pin >= 0 && sc.s.is_explicit) {
			tell_preference(t, &sc, v);
			return;
		}
		struct transition tr = decide_failure(&sc.s);
		if (tr.action == KEEP || scene_apply(t, &sc, &tr))
			return;
	}
}

/* Confirms the pin of one name; `ours`: this process looked it up, so that a tentative pin may follow. */
static void settle_success(struct table *t, struct name_ref ref, const struct name *name, const struct verdict *v,
			   bool ours)
{
	const struct endpoint *e = v->e;
	struct scene sc;
	for (int round = 0; round < ROUNDS; round++) {
		if (!scene_read(t, ref, name, address_family(&e->addr), NULL, NULL, 0, &sc))
			return;
		int at = scene_choice(&sc, &e->addr);
		if (at < 0 || (at != sc.s.pin && !ours))
			return;
		struct transition tr = decide_success(&sc.s, at);
		if (tr.action == KEEP && sc.s.is_explicit && sc.s.choice[at].rank)
			scene_confirm_ranked(t, &sc, at, e, v->why);
		if (tr.action == KEEP || scene_confirm(t, &sc, &tr, v->slot, e, v->why))
			return;
	}
}

/* Nothing to do for a pin that this endpoint confirmed before: the steady state. */
static bool confirmed_already(const struct table *t, struct name_ref ref, enum family f, addr_ref addr, int slot)
{
	struct pin p = pin_unpack(get64(&name_hot(t, ref)->pin[f]));
	return p.ref == addr && p.confirmed && p.endpoints >> slot & 1;
}

/* An established connection broke: the pin stays where it is, in doubt. */
static void settle_broken(struct table *t, struct name_ref ref, const struct name *name, const struct verdict *v)
{
	struct scene sc;
	for (int round = 0; round < ROUNDS; round++) {
		if (!scene_read(t, ref, name, address_family(&v->e->addr), NULL, NULL, 0, &sc))
			return;
		struct pin p = pin_unpack(sc.pin_word);
		if (sc.s.pin < 0 || p.ref != v->addr || sc.s.is_explicit || !sc.s.confirmed || !(p.endpoints >> v->slot & 1))
			return;
		if (scene_doubt(t, &sc))
			return;
	}
}

static void settle_name(struct table *t, struct name_ref ref, const struct name *name, const struct verdict *v, bool ours)
{
	switch (v->fate) {
	case FAILED:
		settle_failure(t, ref, name, v);
		break;
	case SUCCEEDED:
		settle_success(t, ref, name, v, ours);
		break;
	case BROKEN:
		settle_broken(t, ref, name, v);
		break;
	}
}

/* ---- the services whose target it is ---- */

static void settle_names(struct table *t, const struct outcome *o, const struct verdict *v);

/* Has the host another address that is fit for the same endpoint? Then the target has not failed. */
static bool has_other(const struct table *t, struct name_ref host, const struct name *name, const struct endpoint *e)
{
	const struct lookup l = {.name = name, .port = e->port, .transport = e->transport};
	struct scene sc;
	for (enum family f = FAMILY_V4; f < FAMILIES; f++) {
		if (!scene_read(t, host, name, f, NULL, &l, 0, &sc))
			continue;
		for (size_t i = 0; i < sc.s.n; i++)
			if (sc.s.choice[i].in_answer && sc.s.choice[i].fitness == FIT && !address_equal(&sc.addr[i], &e->addr))
				return true;
	}
	return false;
}

/* What happened to an address of `host` happened to the target, too, that the host is on this port. */
static void settle_target(struct table *t, const struct outcome *o, struct name_ref host, const struct name *name,
			  const struct verdict *v)
{
	struct outcome at_target = *o;
	struct verdict tv = *v;
	at_target.endpoint.addr = target_address(t, name, o->endpoint.port);
	tv.e = &at_target.endpoint;
	tv.addr = addr_find(t, &tv.e->addr);
	struct addr_record *a = addr_at(t, tv.addr);
	if (!a || (v->fate != SUCCEEDED && has_other(t, host, name, v->e)))
		return;
	tv.slot = endpoint_take(a, tv.e->transport, tv.e->port, v->fate == SUCCEEDED);
	if (v->fate == FAILED)
		tv.began = mark_failed(t, a, tv.slot, &at_target, v->why);
	else if (tv.slot < 0)
		return;
	else if (v->fate == SUCCEEDED)
		mark_succeeded(t, &a->endpoints[tv.slot], tv.e, v->why);
	settle_names(t, &at_target, &tv);
}

static bool may_be_target(const struct table *t, const struct verdict *v)
{
	return get32(&t->header->targets) && !address_is_target(&v->e->addr);
}

/* ---- all of them ---- */

static void settle(struct table *t, const struct outcome *o, struct name_ref ref, const struct verdict *v, bool ours)
{
	struct name name;
	struct name_ref same;
	enum family f = address_family(&v->e->addr);
	const bool steady = v->fate == SUCCEEDED && confirmed_already(t, ref, f, v->addr, v->slot);
	if (steady && !may_be_target(t, v))
		return;
	if (!table_at(t, ref.slot, &same, &name) || same.key != ref.key)
		return;
	if (!steady)
		settle_name(t, ref, &name, v, ours);
	if (may_be_target(t, v))
		settle_target(t, o, ref, &name, v);
}

/* The names that this process looked up and that hold the address; if there are none, all that hold it. */
static void settle_names(struct table *t, const struct outcome *o, const struct verdict *v)
{
	struct name_ref ref;
	bool any = false;
	for (size_t i = 0; i < o->n_names; i++) {
		if (o->names[i].slot >= t->layout.name_slots || !name_holds(t, o->names[i], v->addr))
			continue;
		settle(t, o, o->names[i], v, !o->by_hand);
		any = true;
	}
	uint32_t cursor = 0;
	for (size_t n = 0; !any && n < o->reach && index_next(t, v->addr, &cursor, &ref); n++)
		settle(t, o, ref, v, false);
}

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
	struct verdict v = {.e = &o->endpoint, .addr = addr_find(t, &o->endpoint.addr), .fate = FAILED, .why = cause};
	struct addr_record *a = addr_at(t, v.addr);
	if (!a || !t->writable)
		return false;
	if (!first_to_tell(t, o))
		return true;
	v.slot = endpoint_take(a, v.e->transport, v.e->port, false);
	v.began = mark_failed(t, a, v.slot, o, cause);
	settle_names(t, o, &v);
	return true;
}

/* A server that says 503 accepts connections all the same: a connect does not end the cool-off that it asked for. */
static bool proves_nothing(const struct endpoint_record *r, enum cause why)
{
	struct health h = health_unpack(get64(&r->health));
	return why == CAUSE_CONNECTED && h.last_cause == CAUSE_SIP_503 && !h.trying &&
	       health_fitness(h, tick_now() / TICKS_PER_S) == COOLING;
}

bool pins_succeeded(struct table *t, const struct outcome *o)
{
	struct verdict v = {.e = &o->endpoint, .addr = addr_find(t, &o->endpoint.addr), .fate = SUCCEEDED,
			    .why = o->why ? o->why : CAUSE_CONNECTED};
	struct addr_record *a = addr_at(t, v.addr);
	if (!a || !t->writable)
		return false;
	v.slot = endpoint_take(a, v.e->transport, v.e->port, true);
	if (v.e->transport == TRANSPORT_ANY)
		recover(t, &a->other, UINT32_MAX, v.e, CAUSE_BY_HAND);
	if (v.slot < 0)
		return true;		/* "other" confirms nothing */
	if (!o->by_hand && proves_nothing(&a->endpoints[v.slot], v.why))
		return true;
	mark_succeeded(t, &a->endpoints[v.slot], v.e, v.why);
	settle_names(t, o, &v);
	return true;
}

bool pins_reset(struct table *t, const struct outcome *o)
{
	struct verdict v = {.e = &o->endpoint, .addr = addr_find(t, &o->endpoint.addr), .fate = BROKEN, .why = CAUSE_BROKEN};
	struct addr_record *a = addr_at(t, v.addr);
	v.slot = a && t->writable ? endpoint_find(a, v.e->transport, v.e->port) : -1;
	if (v.slot >= 0)
		settle_names(t, o, &v);
	return a != NULL;
}

/* ---- heard ---- */

static struct endpoint_record *endpoint_at(const struct table *t, addr_ref ref, const struct endpoint *e)
{
	struct addr_record *a = addr_at(t, ref);
	int slot = a ? endpoint_find(a, e->transport, e->port) : -1;
	return slot >= 0 ? &a->endpoints[slot] : NULL;
}

static void stamp(word32 *w, uint32_t now)
{
	if (get32(w) != now)
		put32(w, now);
}

void pins_heard(struct table *t, addr_ref ref, const struct endpoint *e, bool registered)
{
	struct addr_record *a = addr_at(t, ref);
	int slot = a && t->writable ? endpoint_take(a, e->transport, e->port, false) : -1;
	if (slot < 0)
		return;
	stamp(&a->endpoints[slot].heard, tick_now());
	if (registered)
		stamp(&a->endpoints[slot].registered, tick_now());
}

static uint32_t age_of(uint32_t tick) { return tick ? tick_since(tick_now(), tick) : UINT32_MAX; }

uint32_t pins_heard_age(const struct table *t, addr_ref ref, const struct endpoint *e)
{
	const struct endpoint_record *r = endpoint_at(t, ref, e);
	return r ? age_of(get32(&r->heard)) : UINT32_MAX;
}

uint32_t pins_registered_age(const struct table *t, addr_ref ref, const struct endpoint *e)
{
	const struct endpoint_record *r = endpoint_at(t, ref, e);
	return r ? age_of(get32(&r->registered)) : UINT32_MAX;
}

/* ---- connects in flight ---- */

bool pins_process_lives(uint32_t pid)
{
	return pid && (kill((pid_t)pid, 0) == 0 || errno != ESRCH);
}

void pins_pending(struct table *t, addr_ref ref, const struct endpoint *e, uint32_t pid)
{
	struct addr_record *a = addr_at(t, ref);
	int slot = a && t->writable ? endpoint_take(a, e->transport, e->port, false) : -1;
	if (slot < 0)
		return;
	word64 *w = &a->endpoints[slot].pending;
	uint64_t word = get64(w);
	struct pending p = pending_unpack(word);
	uint32_t now = tick_now();
	if (p.since == 0 || tick_since(now, p.since) > tick_of(PENDING_MAX_S))
		cas64(w, word, pending_pack((struct pending){now, pid}));
}

void pins_pending_over(struct table *t, addr_ref ref, const struct endpoint *e, uint32_t pid)
{
	struct addr_record *a = addr_at(t, ref);
	int slot = a && t->writable ? endpoint_find(a, e->transport, e->port) : -1;
	if (slot < 0)
		return;
	uint64_t word = get64(&a->endpoints[slot].pending);
	if (word && pending_unpack(word).pid == pid)
		cas64(&a->endpoints[slot].pending, word, 0);
}
