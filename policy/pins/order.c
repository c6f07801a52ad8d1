/* order.c: what a lookup gets. See order.h. */
#include "policy/pins/order.h"

#include <string.h>

#include "policy/base/clock.h"
#include "policy/pins/abandoned.h"
#include "policy/pins/answer.h"
#include "policy/pins/apply.h"
#include "policy/pins/candidates.h"
#include "policy/pins/snapshot.h"
#include "policy/pins/srv.h"
#include "policy/table/effective.h"
#include "policy/table/index.h"
#include "policy/table/insert.h"

enum { ROUNDS = 8, STAMP_TICKS = TICKS_PER_S };	/* a busy name's stamp is written once a second */

/* ---- one family ---- */

/* Is it worth asking whether there is a way? Not where nothing else could be given, nor of libc's own first. */
static bool may_lack_way(const struct snapshot *sn, const struct lookup *l, int head, bool any_lacks)
{
	if (head < 0 || !l->has_way || sn->facts.candidate[head].no_route || (l->by_way && head == 0 && !any_lacks))
		return false;
	bool other = !sn->facts.candidate[head].in_answer;
	for (size_t i = 0; i < sn->facts.n; i++)
		other |= (int)i != head && sn->facts.candidate[i].in_answer;
	return other;
}

/* Who leads, and to whom there is a way. If libc's own first lacks one, so do all. */
static struct transition decide(struct snapshot *sn, const struct lookup *l, const struct settings *set)
{
	struct transition tr = decide_lookup(&sn->facts, set);
	for (bool lacks = false; may_lack_way(sn, l, tr.head, lacks) && !l->has_way(&sn->refs[tr.head].addr); lacks = true) {
		const bool all = l->by_way && tr.head == 0;
		for (size_t i = 0; i < sn->facts.n; i++)
			sn->facts.candidate[i].no_route |= all || (int)i == tr.head;
		tr = decide_lookup(&sn->facts, set);
	}
	return tr;
}

/* Decides and, if nobody was first, carries out. The snapshot is as it was then. */
static struct transition settle(struct table *t, struct snapshot *sn, const struct pool *pool, const struct lookup *l,
				const struct settings *set, uint32_t stale_s)
{
	struct transition tr = decide(sn, l, set);
	for (int round = 0; round < ROUNDS; round++) {
		if (tr.take_trial && !snapshot_take_trial(t, sn, tr.head)) {
			sn->facts.candidate[tr.head].circuit = CIRCUIT_OPEN;	/* somebody else tries it */
			tr = decide(sn, l, set);
			continue;
		}
		if (snapshot_apply(t, sn, &tr))
			break;
		if (!snapshot_read(t, sn->ref, sn->name, sn->family, pool, l, stale_s, sn))
			return (struct transition){.head = -1};		/* the name was dropped meanwhile */
		tr = decide(sn, l, set);
	}
	return tr;
}

static enum lead lead_of(const struct snapshot *sn, int head)
{
	if (head < 0)
		return LEAD_NONE;
	const bool by_hand = sn->facts.pin >= 0 && sn->facts.is_explicit && (head == sn->facts.pin || sn->facts.candidate[head].rank);
	return by_hand ? LEAD_EXPLICIT : LEAD_AUTO;
}

static void pool_from(struct pool *pool, const struct snapshot *sn, int head)
{
	uint8_t order[FACTS_MAX];
	size_t n = decide_order(&sn->facts, head, order);
	pool->lead = (uint8_t)lead_of(sn, head);
	pool->extra = head >= 0 && pool->n > 0 && !sn->facts.candidate[head].in_answer;
	pool->n = n <= POOL_MAX + 1 ? n : POOL_MAX + 1;
	for (size_t i = 0; i < pool->n; i++)
		pool->addr[i] = sn->refs[order[i]].addr;
}

/* A family of which the answer has nothing, or only what no server can have: a pin set by hand is given all the same. */
static void answer_empty(struct table *t, const struct lookup *l, struct name_ref ref, enum family f,
			 const struct settings *set, struct pool *pool)
{
	struct snapshot_few room;
	struct snapshot sn = snapshot_of_few(&room);
	static const struct pool none = {.asked = true};
	struct pin p = pin_unpack(get64(&name_hot(t, ref)->pin[f]));
	if (!p.is_explicit || p.reuse != name_reuse(ref) || !snapshot_read(t, ref, l->name, f, &none, l, 0, &sn))
		return;
	struct transition tr = settle(t, &sn, &none, l, set, 0);
	if (tr.head < 0 || sn.facts.candidate[tr.head].no_route)
		return;
	memmove(&pool->addr[1], &pool->addr[0], pool->n++ * sizeof pool->addr[0]);
	pool->addr[0] = sn.refs[tr.head].addr;
	pool->extra = true;
	pool->lead = LEAD_EXPLICIT;
}

static void answer_some(struct table *t, const struct lookup *l, struct name_ref ref, enum family f,
			const struct settings *set, struct pool *pool)
{
	struct snapshot_many room;
	struct snapshot sn = snapshot_of_many(&room);
	addr_ref learnt[CANDIDATES];
	candidates_learn(t, ref, pool->addr, pool->n, l->beside != NULL, tick_now(), learnt);
	sn.learnt = learnt;
	if (pool->srv)
		candidates_publish(t, ref, pool->srv, pool->n);
	if (!snapshot_read(t, ref, l->name, f, pool, l, 0, &sn))
		return;
	if (abandoned_report(t, &sn) && !snapshot_read(t, ref, l->name, f, pool, l, 0, &sn))
		return;
	struct transition tr = settle(t, &sn, pool, l, set, 0);
	pool_from(pool, &sn, tr.head);
}

/* Puts what no server can have behind the rest; how many the others are. */
static size_t put_unicast_first(struct pool *pool)
{
	size_t n = 0;
	for (size_t i = 0; i < pool->n; i++) {
		const struct address a = pool->addr[i];
		if (!pool->srv && !address_is_unicast(&a))
			continue;
		for (size_t k = i; k > n; k--)
			pool->addr[k] = pool->addr[k - 1];
		pool->addr[n++] = a;
	}
	return n;
}

/* Apart, since it takes a stack of its own. */
static __attribute__((noinline)) void answer_mixed(struct table *t, const struct lookup *l, struct name_ref ref,
						   enum family f, const struct settings *set, struct pool *pool, size_t n)
{
	struct address others[POOL_MAX];
	const size_t n_others = pool->n - n;
	memcpy(others, &pool->addr[n], n_others * sizeof *others);
	pool->n = n;
	answer_some(t, l, ref, f, set, pool);
	memcpy(&pool->addr[pool->n], others, n_others * sizeof *others);
	pool->n += n_others;
}

static void answer_family(struct table *t, const struct lookup *l, struct name_ref ref, enum family f,
			  const struct settings *set, struct pool *pool)
{
	const size_t n = put_unicast_first(pool);
	if (n == 0)
		answer_empty(t, l, ref, f, set, pool);
	else if (n == pool->n)
		answer_some(t, l, ref, f, set, pool);
	else
		answer_mixed(t, l, ref, f, set, pool, n);
}

/* ---- a lookup ---- */

static bool is_known(const struct table *t, const struct lookup *l, struct name_ref *ref)
{
	if (l->known && l->known->ref.key && name_current(t, l->known->ref))
		return *ref = l->known->ref, true;
	return table_find(t, l->name, ref);
}

/* The name's settings: those that were read already, or into *room. */
static const struct settings *settings_of(const struct table *t, const struct lookup *l, struct settings *room)
{
	if (l->known && l->known->has_settings)
		return &l->known->settings;
	*room = settings_for(t, l->name);
	return room;
}

static bool make_known(struct table *t, const struct lookup *l, const struct settings *set, struct name_ref *ref)
{
	return set->value[SET_STICKY] && (is_known(t, l, ref) || table_insert(t, l->name, ref));
}

static void stamp_used(struct table *t, struct name_ref ref, uint32_t now)
{
	word32 *used = &name_hot(t, ref)->used;
	if (t->writable && now - used_lookup(get32(used)) >= STAMP_TICKS)
		put32(used, used_looked_up(now));
}

/* Which family libc puts first, for when it cannot be asked. */
static void note_first(struct table *t, struct name_ref ref, const struct pool pool[static FAMILIES])
{
	const uint16_t first = pool[FAMILY_V4].first ? 1 + FAMILY_V4 : pool[FAMILY_V6].first ? 1 + FAMILY_V6 : 0;
	word32 *w = &name_cold(t, ref)->family_port;
	const uint32_t old = get32(w);
	if (t->writable && first && first_family(old) != first)
		cas32(w, old, with_first(old, first));
}

/* Asked for itself, and not as a target: then its own pin is what steers (redirect.h). */
static void note_direct(struct table *t, const struct lookup *l, struct name_ref ref, uint32_t now)
{
	word32 *w = &name_cold(t, ref)->direct;
	if (t->writable && !l->as_target && !tick_within(now, get32(w), RECENT_S))
		put32(w, now);
}

/* ---- from the table ---- */

static void known_family(struct table *t, const struct lookup *l, struct name_ref ref, enum family f,
			 const struct settings *set, uint32_t stale_s, struct pool *pool)
{
	struct snapshot_few room;
	struct snapshot sn = snapshot_of_few(&room);
	if (!snapshot_read(t, ref, l->name, f, NULL, l, stale_s, &sn))
		return;
	bool any = false;
	for (size_t i = 0; i < sn.facts.n; i++)
		any |= sn.facts.candidate[i].in_answer;
	if (!any)
		return;
	struct transition tr = settle(t, &sn, NULL, l, set, stale_s);
	pool_from(pool, &sn, tr.head);
}

/* The candidates seen in the last `stale_s` seconds, or with 0 those of the last answer; how many. */
static size_t from_candidates(struct table *t, const struct lookup *l, struct name_ref ref, const struct settings *set,
		    uint32_t stale_s, struct pool pool[static FAMILIES])
{
	size_t n = 0;
	for (unsigned f = 0; f < FAMILIES; f++) {
		pool[f].n = 0;
		pool[f].lead = LEAD_NONE;
		pool[f].first = first_family(get32(&name_cold(t, ref)->family_port)) == 1 + f;
		if (pool[f].asked)
			known_family(t, l, ref, (enum family)f, set, stale_s, &pool[f]);
		n += pool[f].n;
	}
	return n;
}

static bool order_stale(struct table *t, const struct lookup *l, bool failed_now, struct pool pool[static FAMILIES],
			struct name_ref *ref)
{
	struct settings room;
	const struct settings *set = settings_of(t, l, &room);
	const uint32_t stale_s = setting_of(set, SET_STALE);
	if (!set->value[SET_STICKY] || stale_s == SETTING_OFF || stale_s == 0 || !is_known(t, l, ref))
		return false;
	size_t n = from_candidates(t, l, *ref, set, stale_s, pool);
	if (n == 0 || !t->writable)
		return n > 0;
	const uint32_t now = tick_now();
	if (failed_now)
		put32(&name_hot(t, *ref)->dns_down, now + tick_of(DNS_DOWN_S));
	add64(&t->header->counters[COUNT_STALE_ANSWERS], 1);
	stamp_used(t, *ref, now);
	return true;
}

static bool order_served(struct table *t, const struct lookup *l, struct pool pool[static FAMILIES], struct name_ref *ref)
{
	const uint32_t now = tick_now(), w = is_known(t, l, ref) ? get32(&name_cold(t, *ref)->ttl_end) : 0;
	unsigned asked = 0;
	for (unsigned f = 0; f < FAMILIES; f++)
		asked |= (unsigned)pool[f].asked << f;
	if (ttl_end_s(w) <= now / TICKS_PER_S || (asked & ~ttl_families(w)))
		return false;
	struct settings room;
	const struct settings *set = settings_of(t, l, &room);
	if (!set->value[SET_STICKY] || !set->value[SET_SERVE] || from_candidates(t, l, *ref, set, 0, pool) == 0)
		return false;
	note_direct(t, l, *ref, now);
	stamp_used(t, *ref, now);
	return true;
}

/* ---- from DNS ---- */

bool pins_order_family(struct table *t, const struct lookup *l, enum family f, struct pool *pool, struct name_ref *ref)
{
	struct settings room;
	const struct settings *set = settings_of(t, l, &room);
	if (!make_known(t, l, set, ref))
		return false;
	answer_family(t, l, *ref, f, set, pool);
	stamp_used(t, *ref, tick_now());
	return true;
}

static bool order_answer(struct table *t, const struct lookup *l, struct pool pool[static FAMILIES], struct name_ref *ref)
{
	struct settings room;
	const struct settings *set = settings_of(t, l, &room);
	if (name_is_service(l->name) || (l->beside && !target_in_domain(l->beside, l->name)) || !make_known(t, l, set, ref))
		return false;
	/* A name that has had an answer of its own needs none that came beside another name's, and is not changed by it. */
	if (l->beside && had_own_answer(get32(&name_cold(t, *ref)->family_port)))
		return true;
	for (unsigned f = 0; f < FAMILIES; f++) {
		pool[f].extra = false;
		pool[f].lead = LEAD_NONE;
		pool[f].srv = NULL;		/* the caller's pools are as the stack left them */
		if (pool[f].asked)
			answer_family(t, l, *ref, (enum family)f, set, &pool[f]);
	}
	if (t->writable && get32(&name_hot(t, *ref)->dns_down))
		put32(&name_hot(t, *ref)->dns_down, 0);
	note_first(t, *ref, pool);
	const uint32_t now = tick_now();
	note_direct(t, l, *ref, now);
	stamp_used(t, *ref, now);
	return true;
}

/* ---- the verb ---- */

bool pins_order(struct table *t, const struct lookup *l, enum order_from from, struct pool pool[static FAMILIES],
	       struct name_ref *ref)
{
	switch (from) {
	case ORDER_DNS: return order_answer(t, l, pool, ref);
	case ORDER_SERVE: return order_served(t, l, pool, ref);
	case ORDER_STALE:
	case ORDER_FAILED: return order_stale(t, l, from == ORDER_FAILED, pool, ref);
	}
	return false;
}

enum order_from pins_source(const struct table *t, const struct name *n, struct known *known)
{
	known->has_settings = false;
	if (!table_find(t, n, &known->ref))
		return known->ref.key = 0, ORDER_DNS;
	const uint32_t down = get32(&name_hot(t, known->ref)->dns_down), ttl = get32(&name_cold(t, known->ref)->ttl_end);
	if (!down && !ttl)
		return ORDER_DNS;
	const uint32_t now = tick_now();
	const bool is_down = down > now && down - now <= tick_of(DNS_DOWN_S);
	if (!is_down && ttl_end_s(ttl) <= now / TICKS_PER_S)
		return ORDER_DNS;
	known->settings = settings_for(t, n);
	known->has_settings = true;
	return is_down ? ORDER_STALE : known->settings.value[SET_SERVE] ? ORDER_SERVE : ORDER_DNS;
}

bool pins_knows(const struct table *t, const struct name *n, const struct address *a)
{
	struct name_ref ref;
	const addr_ref addr = addr_find(t, a);
	return addr && table_find(t, n, &ref) && name_holds(t, ref, addr);
}

/* ---- serve = on ---- */

void ttl_note(struct table *t, struct name_ref ref, enum family f, size_t n, uint32_t ttl_s)
{
	word32 *w = &name_cold(t, ref)->ttl_end;
	uint32_t old = get32(w), now = tick_now() / TICKS_PER_S, end = now + (ttl_s < TTL_MAX_S ? ttl_s : TTL_MAX_S);
	unsigned others = ttl_end_s(old) > now ? ttl_families(old) & ~(1u << f) : 0;
	if (n == 0)
		candidates_unsee(t, ref, f, NULL, 0);
	if (others && (n == 0 || ttl_end_s(old) < end))
		end = ttl_end_s(old);
	else if (n == 0)
		return;
	if (t->writable && ttl_pack(end, others | 1u << f) != old)
		put32(w, ttl_pack(end, others | 1u << f));
}
