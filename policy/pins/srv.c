/* srv.c: see srv.h. */
#include "policy/pins/srv.h"

#include <string.h>

#include "policy/base/hash.h"
#include "policy/base/tick.h"
#include "policy/rules/srv-order.h"

struct regard service_regard(const struct table *t, struct name_ref ref)
{
	struct name_ref same;
	struct name service;
	const struct confirmed c = confirmed_unpack(get64(&name_hot(t, ref)->confirmed[FAMILY_SRV]));
	if (c.ref && c.reuse == name_reuse(ref) && c.transport != TRANSPORT_ANY)
		return (struct regard){c.transport, 0};
	bool there = table_at(t, ref.slot, &same, &service);
	return (struct regard){there ? service_transport(&service) : TRANSPORT_ANY, 0};
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

static bool fitter(const struct choice *a, const struct choice *b)
{
	if (a->drained != b->drained)
		return b->drained;
	return a->fitness != b->fitness ? a->fitness < b->fitness : a->cooling_s < b->cooling_s;
}

/* The fittest of the host's addresses in its last answer, none that is drained if there is another. False: none is known. */
static bool fittest(const struct table *t, struct name_ref host, struct regard r, uint32_t now, struct choice *best)
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
		struct choice k = scene_judge(t, c.ref, r, now);
		if (!any || fitter(&k, best))
			*best = k;
		any = true;
	}
	return any;
}

/* What its own record says of a past failure stays: one of its addresses that is due is for its own lookup to try. */
void service_judge(const struct table *t, const struct address *target, struct regard r, uint32_t now, struct choice *c)
{
	struct name_ref ref;
	struct name host;
	struct choice best = {.fitness = FIT};
	r.port = target_port(target);
	c->out = false;		/* of its own record the pin's sum tells */
	if (!target_host(t, target, &ref, &host) || !fittest(t, ref, r, now, &best))
		return;
	c->drained |= best.drained;
	if (best.failed > c->failed)
		c->failed = best.failed;
	if (best.fitness != COOLING)
		return;
	c->fitness = COOLING;
	c->out = best.out;
	c->failed_lately |= best.failed_lately;
	if (c->cooling_s < best.cooling_s)
		c->cooling_s = best.cooling_s;
}

bool service_lost(const struct scene *sc)
{
	if (!address_is_target(&sc->place[sc->s.pin].addr) || !sc->s.choice[sc->s.pin].out)
		return false;
	for (size_t i = 0; i < sc->s.n; i++)
		if (sc->s.choice[i].in_answer && sc->s.choice[i].fitness == FIT && !sc->s.choice[i].drained)
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

static void prefer(const struct scene *sc, const struct address *target, uint8_t *order)
{
	for (size_t at = 0; at < sc->s.n; at++) {
		const uint8_t i = order[at];
		if (!target_same_host(&sc->place[i].addr, target))
			continue;
		memmove(order + 1, order, at);
		order[0] = i;
		return;
	}
}

static void swap(struct scene *sc, size_t a, size_t b)
{
	const struct place place = sc->place[a];
	const struct choice choice = sc->s.choice[a];
	sc->place[a] = sc->place[b];
	sc->s.choice[a] = sc->s.choice[b];
	sc->place[b] = place;
	sc->s.choice[b] = choice;
}

/* In place. What was at i is, where that has been taken, where the order leads from there. */
static void permute(struct scene *sc, const uint8_t *order)
{
	for (size_t i = 0; i < sc->s.n; i++) {
		size_t from = order[i];
		while (from < i)
			from = order[from];
		swap(sc, i, from);
	}
}

void service_order(const struct table *t, struct scene *sc)
{
	struct srv_rank rank[CHOICES];
	struct address sibling;
	uint8_t order[CHOICES];
	for (size_t i = 0; i < sc->s.n; i++)
		rank[i] = (struct srv_rank){sc->s.choice[i].priority, sc->place[i].weight};
	srv_order(rank, sc->s.n, hash_fold(sc->s.now ^ (uintptr_t)sc, t->seed | 1), order);
	if (sibling_target(t, sc->name, &sibling))
		prefer(sc, &sibling, order);
	permute(sc, order);
}
