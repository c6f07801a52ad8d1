/* report.c: see report.h. */
#include "policy/pins/report.h"

#include "policy/base/clock.h"
#include "policy/base/hash.h"
#include "policy/pins/apply.h"
#include "policy/pins/health.h"
#include "policy/pins/sip-health.h"
#include "policy/pins/standing.h"
#include "policy/table/effective.h"
#include "policy/table/index.h"
#include "policy/table/worth.h"

enum {
	ROUNDS = 16,		/* races lost on one word before its own value is taken as good enough */
	FEW = 8,		/* holders of an address that are looked at before this process's own names */
	OWN_MAX = FEW,		/* names of this process that an outcome counts for */
};

struct effect {			/* over one endpoint */
	const struct endpoint *e;
	addr_ref addr;
	int slot;
	enum outcome_kind kind;
	bool began;			/* a cool-off */
	enum cause why;
	uint32_t since;			/* of a success: as in struct outcome */
};

static void outcome_for_names(struct table *t, const struct outcome *o, const struct effect *v);

/*
 * A preference list goes on to its next address. The pin's word stays as it is: each lookup chooses from the list. But people
 * want to know, so this is an event, and counts as a move.
 */
static void tell_preference(struct table *t, const struct snapshot *sn, const struct effect *v)
{
	const struct settings any = settings_builtin();
	int at = snapshot_find(sn, &v->e->addr), head = decide_lookup(&sn->facts, &any).head;
	if (!v->began || at < 0 || head < 0 || !sn->facts.candidate[at].rank || sn->facts.candidate[head].rank <= sn->facts.candidate[at].rank)
		return;
	snapshot_moved(t, sn, CAUSE_FAILED, head, at, NULL);
}

/* Carries a failure over to the pin of one name, which moves if it counts for it. */
static void outcome_failure(struct table *t, struct name_ref ref, const struct name *name, const struct effect *v)
{
	struct snapshot_few room;
	struct snapshot sn = snapshot_of_few(&room);
	for (int round = 0; round < ROUNDS; round++) {
		if (!snapshot_read(t, ref, name, address_family(&v->e->addr), NULL, NULL, 0, &sn))
			return;
		if (sn.facts.pin >= 0 && sn.facts.is_explicit) {
			tell_preference(t, &sn, v);
			return;
		}
		struct transition tr = decide_failure(&sn.facts);
		if (tr.action == KEEP || snapshot_apply(t, &sn, &tr))
			return;
	}
}

/* Did the attempt begin before the pin was set? Then the pin may be there because this server has failed since. */
static bool is_older(const struct effect *v, const struct snapshot *sn) { return v->since && v->since < sn->facts.set_at; }

/* Confirms the pin of one name; `ours`: this process looked it up, so that a tentative pin may follow. */
static void outcome_success(struct table *t, struct name_ref ref, const struct name *name, const struct effect *v,
			   bool ours)
{
	const struct endpoint *e = v->e;
	struct snapshot_few room;
	struct snapshot sn = snapshot_of_few(&room);
	for (int round = 0; round < ROUNDS; round++) {
		if (!snapshot_read(t, ref, name, address_family(&e->addr), NULL, NULL, 0, &sn))
			return;
		int at = snapshot_find(&sn, &e->addr);
		if (at < 0 || (at != sn.facts.pin && (!ours || is_older(v, &sn))))
			return;
		struct transition tr = decide_success(&sn.facts, at);
		if (tr.action == KEEP && sn.facts.is_explicit && sn.facts.candidate[at].rank)
			snapshot_confirm_ranked(t, &sn, at, e, v->why);
		if (tr.action == KEEP || snapshot_confirm(t, &sn, &tr, v->slot, e, v->why))
			return;
	}
}

/* Nothing to do for a pin that this endpoint confirmed before: the steady state. */
static bool confirmed_already(const struct table *t, struct name_ref ref, enum family f, addr_ref addr, int slot)
{
	struct pin p = pin_unpack(get64(&name_hot(t, ref)->pin[f]));
	return p.ref == addr && p.confirmed && p.endpoints >> slot & 1;
}

/* Such a success, a minute or more after the name's first, proves it: its addresses must be known to be held then. */
static void prove(struct table *t, struct name_ref ref, enum family f)
{
	word64 *w = &name_hot(t, ref)->confirmed[f];
	const uint64_t word = get64(w);
	struct confirmed c = confirmed_unpack(word);
	if (!c.ref || c.proven || c.reuse != name_reuse(ref) || !worth_proves(&c, tick_now()) ||
	    !cas64(w, word, confirmed_pack(c)))
		return;
	for (unsigned i = 0; i < CANDIDATES; i++) {
		const addr_ref held = name_candidate(ref, get64(&name_cold(t, ref)->candidates[i])).ref;
		if (addr_at(t, held))
			index_add(t, held, ref);
	}
	index_add(t, c.ref, ref);
}

/* An established connection broke: the pin stays where it is, in doubt. */
static void outcome_broken(struct table *t, struct name_ref ref, const struct name *name, const struct effect *v)
{
	struct snapshot_few room;
	struct snapshot sn = snapshot_of_few(&room);
	for (int round = 0; round < ROUNDS; round++) {
		if (!snapshot_read(t, ref, name, address_family(&v->e->addr), NULL, NULL, 0, &sn))
			return;
		struct pin p = pin_unpack(sn.pin_word);
		if (sn.facts.pin < 0 || p.ref != v->addr || sn.facts.is_explicit || !sn.facts.confirmed || !(p.endpoints >> v->slot & 1))
			return;
		if (snapshot_doubt(t, &sn))
			return;
	}
}

static void outcome_name(struct table *t, struct name_ref ref, const struct name *name, const struct effect *v, bool ours)
{
	switch (v->kind) {
	case OUTCOME_FAILED:
		outcome_failure(t, ref, name, v);
		break;
	case OUTCOME_SUCCEEDED:
		outcome_success(t, ref, name, v, ours);
		break;
	case OUTCOME_BROKEN:
		outcome_broken(t, ref, name, v);
		break;
	}
}

/* ---- the services whose target it is ---- */

/* Has the host another address that is fit for the same endpoint? Then the target has not failed. */
static bool has_other(const struct table *t, struct name_ref host, const struct name *name, const struct endpoint *e)
{
	const struct lookup l = {.name = name, .port = e->port, .transport = e->transport};
	struct snapshot_few room;
	struct snapshot sn = snapshot_of_few(&room);
	for (enum family f = FAMILY_V4; f < FAMILIES; f++) {
		if (!snapshot_read(t, host, name, f, NULL, &l, 0, &sn))
			continue;
		for (size_t i = 0; i < sn.facts.n; i++)
			if (sn.facts.candidate[i].in_answer && sn.facts.candidate[i].circuit == CIRCUIT_CLOSED && !sn.facts.candidate[i].drained &&
			    !address_equal(&sn.refs[i].addr, &e->addr))
				return true;
	}
	return false;
}

/* What happened to an address of `host` happened to the target, too, that the host is on this port. */
static void outcome_target(struct table *t, const struct outcome *o, struct name_ref host, const struct name *name,
			  const struct effect *v)
{
	struct outcome at_target = *o;
	struct effect tv = *v;
	at_target.endpoint.addr = addr_of_target(t, name, o->endpoint.port);
	tv.e = &at_target.endpoint;
	tv.addr = addr_find(t, &tv.e->addr);
	struct addr_record *a = addr_at(t, tv.addr);
	if (!a || (v->kind != OUTCOME_SUCCEEDED && has_other(t, host, name, v->e)))
		return;
	tv.slot = endpoint_take(a, tv.e->transport, tv.e->port, v->kind == OUTCOME_SUCCEEDED);
	if (v->kind == OUTCOME_FAILED)
		tv.began = endpoint_failed(t, a, tv.slot, tv.e, o->cool, v->why);
	else if (tv.slot < 0)
		return;
	else if (v->kind == OUTCOME_SUCCEEDED)
		endpoint_succeeded(t, a, (unsigned)tv.slot, tv.e, v->why);
	outcome_for_names(t, &at_target, &tv);
}

static bool may_be_target(const struct table *t, const struct effect *v)
{
	return get32(&t->header->targets) && !address_is_target(&v->e->addr);
}

/* ---- all of them ---- */

static void outcome_for(struct table *t, const struct outcome *o, struct name_ref ref, const struct effect *v, bool ours)
{
	struct name name;
	struct name_ref same;
	enum family f = address_family(&v->e->addr);
	const bool steady = v->kind == OUTCOME_SUCCEEDED && confirmed_already(t, ref, f, v->addr, v->slot);
	if (steady)
		prove(t, ref, f);
	if (steady && !may_be_target(t, v))
		return;
	if (!table_at(t, ref.slot, &same, &name) || same.key != ref.key)
		return;
	if (!steady)
		outcome_name(t, ref, &name, v, ours);
	if (may_be_target(t, v))
		outcome_target(t, o, ref, &name, v);
}

static bool is_own(const struct outcome *o, struct name_ref ref)
{
	for (size_t i = 0; i < o->n_names; i++)
		if (o->names[i].slot == ref.slot && o->names[i].key == ref.key)
			return true;
	return false;
}

/* Of `n` holders those that this process looked up, first; how many. */
static size_t own_of(const struct outcome *o, struct name_ref *holders, size_t n)
{
	size_t own = 0;
	for (size_t i = 0; i < n; i++)
		if (is_own(o, holders[i]))
			holders[own++] = holders[i];
	return own;
}

/* The address has many holders: this process's names are asked whether they are among them. */
static size_t own_of_many(const struct table *t, const struct outcome *o, addr_ref addr, struct name_ref own[static OWN_MAX])
{
	size_t n = 0;
	for (size_t i = 0; i < o->n_names && n < OWN_MAX; i++)
		if (o->names[i].slot < t->layout.name_slots && name_holds(t, o->names[i], addr))
			own[n++] = o->names[i];
	return n;
}

/* Apart: its names are not to lie on a small stack beside those of who asks. */
static __attribute__((noinline)) enum standing standing_at(const struct table *t, struct name_ref ref)
{
	struct name_ref same;
	struct name name;
	struct effective settings;
	if (!table_at(t, ref.slot, &same, &name) || same.key != ref.key)
		return STANDING_ANSWERED;
	settings_effective(t, &name, &settings);
	return standing_of(t, ref, &settings);
}

/* Does one of several names stand higher than those that DNS has merely answered for? */
static __attribute__((noinline)) bool any_stands(const struct table *t, const struct effect *v,
						 const struct name_ref *names, size_t n)
{
	for (size_t i = 0; n > 1 && v->kind == OUTCOME_SUCCEEDED && i < n; i++)
		if (standing_at(t, names[i]) != STANDING_ANSWERED)
			return true;
	return false;
}

/*
 * The names that this process looked up and that hold the address; if there are none, all that hold it. A failure counts
 * for all of them. An answer is no proof for a name beside one that stands higher, since it may be to that one's request:
 * what outsiders make a program look up is not confirmed by others' traffic.
 */
static void outcome_for_names(struct table *t, const struct outcome *o, const struct effect *v)
{
	struct name_ref holders[OWN_MAX], ref;
	uint32_t cursor = 0;
	size_t n = 0;
	while (n < FEW && index_next(t, v->addr, &cursor, &holders[n]))
		n++;
	const size_t own = n < FEW ? own_of(o, holders, n) : own_of_many(t, o, v->addr, holders);
	const bool outranked = !o->by_hand && any_stands(t, v, holders, own ? own : n);
	for (size_t i = 0; i < own; i++)
		if (!outranked || standing_at(t, holders[i]) != STANDING_ANSWERED)
			outcome_for(t, o, holders[i], v, !o->by_hand);
	cursor = 0;
	for (size_t i = 0; own == 0 && i < o->reach && index_next(t, v->addr, &cursor, &ref); i++)
		if (!outranked || standing_at(t, ref) != STANDING_ANSWERED)
			outcome_for(t, o, ref, v, false);
}

/* ---- reports ---- */

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

static bool failed(struct table *t, const struct outcome *o)
{
	struct effect v = {.e = &o->endpoint, .addr = addr_find(t, &o->endpoint.addr), .kind = o->kind, .why = o->why};
	struct addr_record *a = addr_at(t, v.addr);
	if (!a || !t->writable)
		return false;
	if (!first_to_tell(t, o))
		return true;
	v.slot = endpoint_take(a, v.e->transport, v.e->port, false);
	v.began = endpoint_failed(t, a, v.slot, v.e, o->cool, o->why);
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

static bool succeeded(struct table *t, const struct outcome *o)
{
	struct effect v = {.e = &o->endpoint, .addr = addr_find(t, &o->endpoint.addr), .kind = o->kind,
			    .why = o->why ? o->why : CAUSE_CONNECTED, .since = o->since};
	struct addr_record *a = addr_at(t, v.addr);
	if (!a || !t->writable)
		return false;
	v.slot = endpoint_take(a, v.e->transport, v.e->port, true);
	if (v.e->transport == TRANSPORT_ANY)
		endpoint_recovered(t, &a->other, 0, v.e, CAUSE_BY_HAND);
	if (v.slot < 0)
		return true;		/* "other" confirms nothing */
	if (!o->by_hand && v.why == CAUSE_CONNECTED && endpoint_speaks_sip(t, v.addr, v.e)) {
		connected(t, a, (unsigned)v.slot, v.e);
		return true;
	}
	endpoint_succeeded(t, a, (unsigned)v.slot, v.e, v.why);
	outcome_for_names(t, o, &v);
	return true;
}

static bool broken(struct table *t, const struct outcome *o)
{
	struct effect v = {.e = &o->endpoint, .addr = addr_find(t, &o->endpoint.addr), .kind = o->kind, .why = CAUSE_BROKEN};
	struct addr_record *a = addr_at(t, v.addr);
	v.slot = a && t->writable ? endpoint_find(a, v.e->transport, v.e->port) : -1;
	if (v.slot >= 0 && first_to_tell(t, o))
		outcome_for_names(t, o, &v);
	return a != NULL;
}

bool pins_report(struct table *t, const struct outcome *o)
{
	switch (o->kind) {
	case OUTCOME_FAILED:
		return failed(t, o);
	case OUTCOME_SUCCEEDED:
		return succeeded(t, o);
	case OUTCOME_BROKEN:
		return broken(t, o);
	}
	return false;
}
