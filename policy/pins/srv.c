/* srv.c: see srv.h. */
#include "policy/pins/srv.h"

#include <string.h>

#include "policy/base/clock.h"
#include "policy/base/hash.h"
#include "policy/pins/answer.h"
#include "policy/pins/snapshot.h"
#include "policy/rules/srv-order.h"

struct endpoint_filter service_filter(const struct table *t, struct name_ref ref)
{
	struct name_ref same;
	struct name service;
	const struct confirmed c = confirmed_unpack(get64(&name_hot(t, ref)->confirmed[FAMILY_SRV]));
	if (c.ref && c.reuse == name_reuse(ref) && c.transport != TRANSPORT_ANY)
		return (struct endpoint_filter){c.transport, 0};
	bool there = table_at(t, ref.slot, &same, &service);
	return (struct endpoint_filter){there ? service_transport(&service) : TRANSPORT_ANY, 0};
}

/* ---- its records ---- */

size_t service_best(const struct srv_record *records, size_t n, struct srv_record best[static POOL_MAX])
{
	size_t kept = 0;
	for (size_t i = 0; i < n; i++) {
		if (kept == POOL_MAX && records[i].priority >= best[kept - 1].priority)
			continue;
		size_t at = kept < POOL_MAX ? kept++ : kept - 1;
		for (; at > 0 && records[i].priority < best[at - 1].priority; at--)
			best[at] = best[at - 1];
		best[at] = records[i];
	}
	return kept;
}

/* ---- how fit a target is ---- */

static bool fitter(const struct candidate *a, const struct candidate *b)
{
	if (a->drained != b->drained)
		return b->drained;
	return a->circuit != b->circuit ? a->circuit < b->circuit : a->cooling_s < b->cooling_s;
}

/* The fittest of the host's addresses in its last answer, none that is drained if there is another. False: none is known. */
static bool fittest(const struct table *t, struct name_ref host, struct endpoint_filter r, uint32_t now, struct candidate *best)
{
	const struct name_cold *cold = name_cold(t, host);
	uint32_t newest = UINT32_MAX;
	bool any = false;
	for (unsigned i = 0; i < CANDIDATES; i++) {
		struct candidate_word c = name_candidate(host, get64(&cold->candidates[i]));
		uint32_t age = seen_age(c.seen, now / TICKS_PER_S);
		newest = c.ref && age < newest ? age : newest;
	}
	for (unsigned i = 0; i < CANDIDATES && newest < UINT32_MAX; i++) {
		struct candidate_word c = name_candidate(host, get64(&cold->candidates[i]));
		if (!addr_at(t, c.ref) || seen_age(c.seen, now / TICKS_PER_S) > newest + 1)
			continue;
		struct candidate k = snapshot_judge(t, c.ref, r, now);
		if (!any || fitter(&k, best))
			*best = k;
		any = true;
	}
	return any;
}

/* What its own record says of a past failure stays: one of its addresses that is due is for its own lookup to try. */
void service_judge(const struct table *t, const struct address *target, struct endpoint_filter r, uint32_t now, struct candidate *c)
{
	struct name_ref ref;
	struct name host;
	struct candidate best = {.circuit = CIRCUIT_CLOSED};
	r.port = target_port(target);
	c->out = false;		/* of its own record the pin's sum tells */
	if (!target_host(t, target, &ref, &host) || !fittest(t, ref, r, now, &best))
		return;
	c->drained |= best.drained;
	if (best.failed > c->failed)
		c->failed = best.failed;
	if (best.circuit != CIRCUIT_OPEN)
		return;
	c->circuit = CIRCUIT_OPEN;
	c->out = best.out;
	c->failed_lately |= best.failed_lately;
	if (c->cooling_s < best.cooling_s)
		c->cooling_s = best.cooling_s;
}

bool service_lost(const struct snapshot *sn)
{
	if (!address_is_target(&sn->refs[sn->facts.pin].addr) || !sn->facts.candidate[sn->facts.pin].out)
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

void service_order(const struct table *t, struct snapshot *sn)
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
