/* snapshot.c: reads what a decision needs. See snapshot.h. */
#include "policy/pins/snapshot.h"

#include <string.h>

#include "policy/base/clock.h"
#include "policy/pins/answer.h"
#include "policy/pins/candidates.h"
#include "policy/pins/srv.h"
#include "policy/rules/srv-order.h"
#include "policy/table/journal.h"

/* ---- gathering candidates ---- */

_Static_assert(KNOWN == CANDIDATES + 2, "all that is known has room");

static int candidate_add(const struct table *t, struct snapshot *sn, const struct address *a, addr_ref ref, bool in_answer)
{
	size_t i = sn->facts.n;
	if (i == sn->room)
		return -1;
	sn->refs[i] = (struct candidate_ref){.addr = *a, .ref = ref};
	sn->facts.candidate[i] = candidate_of_address(t, ref, sn->filter, sn->facts.now, &sn->refs[i].sum);
	sn->facts.candidate[i].in_answer = in_answer;
	if (address_is_target(a))
		target_judge(t, a, sn->filter, sn->facts.now, &sn->facts.candidate[i]);
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
		/* What was learnt after it may have taken its record, and a ref to that would soon mean another address. */
		addr_ref ref = sn->learnt && i < CANDIDATES ? sn->learnt[i] : 0;
		if (!addr_is_of(t, ref, &pool->addr[i]))
			ref = addr_find(t, &pool->addr[i]);
		int at = candidate_add(t, sn, &pool->addr[i], ref, true);
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
	if (!all && !ranked)
		return;
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

/* Is the pin a target that has failed by its host's addresses alone, while another one is fit? */
static bool target_lost(const struct snapshot *sn)
{
	if (!address_is_target(&sn->refs[sn->facts.pin].addr) || !sn->facts.candidate[sn->facts.pin].cooling_untried)
		return false;
	for (size_t i = 0; i < sn->facts.n; i++)
		if (sn->facts.candidate[i].in_answer && sn->facts.candidate[i].circuit == CIRCUIT_CLOSED && !sn->facts.candidate[i].drained)
			return true;
	return false;
}

/* ---- the order of trial ---- */

/* The target that another service of the domain leads to. False: there is none. */
static bool sibling_target(const struct table *t, const struct name *service, struct address *out)
{
	struct name other;
	struct name_ref ref;
	for (unsigned i = 0; service_sibling(service, i, &other); i++) {
		if (strcmp(other.text, service->text) == 0 || !table_find(t, &other, &ref))
			continue;
		struct pin p = pin_unpack(get64(&name_hot(t, ref)->pin[FAMILY_SRV]));
		if (p.reuse == name_reuse(ref) && addr_read(t, p.ref, out) && address_is_target(out))
			return true;
	}
	return false;
}

static void prefer(const struct snapshot *sn, const struct address *target, uint8_t *order)
{
	for (size_t at = 0; at < sn->facts.n; at++) {
		const uint8_t i = order[at];
		if (!target_same_host(&sn->refs[i].addr, target))
			continue;
		memmove(order + 1, order, at);
		order[0] = i;
		return;
	}
}

static void swap(struct snapshot *sn, size_t a, size_t b)
{
	const struct candidate_ref ref = sn->refs[a];
	const struct candidate candidate = sn->facts.candidate[a];
	sn->refs[a] = sn->refs[b];
	sn->facts.candidate[a] = sn->facts.candidate[b];
	sn->refs[b] = ref;
	sn->facts.candidate[b] = candidate;
}

/* In place. What was at i is, where that has been taken, where the order leads from there. */
static void permute(struct snapshot *sn, const uint8_t *order)
{
	for (size_t i = 0; i < sn->facts.n; i++) {
		size_t from = order[i];
		while (from < i)
			from = order[from];
		swap(sn, i, from);
	}
}

/*
 * Puts the candidates in the order of trial (srv-order.h), that target first to whose host
 * another SIP service of the domain is pinned, so that a phone's REGISTER over UDP
 * and its large INVITE over TCP meet one server. Before the pin is looked for.
 */
static void order_targets(const struct table *t, struct snapshot *sn)
{
	struct srv_rank rank[FACTS_MAX];
	struct address sibling;
	uint8_t order[FACTS_MAX];
	for (size_t i = 0; i < sn->facts.n; i++)
		rank[i] = (struct srv_rank){sn->facts.candidate[i].priority, sn->refs[i].weight};
	srv_order(rank, sn->facts.n, hash_fold(sn->facts.now ^ (uintptr_t)sn, t->seed | 1), order);
	if (sibling_target(t, sn->name, &sibling))
		prefer(sn, &sibling, order);
	permute(sn, order);
}

/* ---- reading ---- */

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
	sn->facts.sum_changed = p.sum != endpoint_sum(a, p.confirmed ? p.endpoints : 15, !p.confirmed) || target_lost(sn);
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
		order_targets(t, out);
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
