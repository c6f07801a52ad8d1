/* filter.c: see filter.h. */
#include "policy/pins/filter.h"

#include "policy/base/clock.h"
#include "policy/pins/srv.h"
#include "policy/table/addresses.h"

bool filter_takes(struct endpoint_filter r, struct health h)
{
	return (r.port == 0 || h.port == r.port) && (r.transport == TRANSPORT_ANY || h.transport == r.transport);
}

bool filter_takes_other(struct endpoint_filter r, struct health other)
{
	return (r.port == 0 && r.transport == TRANSPORT_ANY) || other.last_cause == CAUSE_BY_HAND;
}

/*
 * The endpoints of its targets that count: those of the transport that confirmed it
 * last, for some programs ask for _sip._tcp and speak UDP (sipsak); else of its own.
 */
static struct endpoint_filter service_filter(const struct table *t, struct name_ref ref)
{
	struct name_ref same;
	struct name service;
	const struct confirmed c = confirmed_unpack(get64(&name_hot(t, ref)->confirmed[FAMILY_SRV]));
	if (c.ref && c.reuse == name_reuse(ref) && c.transport != TRANSPORT_ANY)
		return (struct endpoint_filter){c.transport, 0};
	bool there = table_at(t, ref.slot, &same, &service);
	return (struct endpoint_filter){there ? service_transport(&service) : TRANSPORT_ANY, 0};
}

struct endpoint_filter filter_of(const struct table *t, struct name_ref ref, enum family f)
{
	const struct name_hot *hot = name_hot(t, ref);
	const enum family order[] = {f, f == FAMILY_V4 ? FAMILY_V6 : FAMILY_V4};
	if (table_is_service(t, ref))
		return service_filter(t, ref);
	for (unsigned i = 0; i < FAMILIES; i++) {
		struct confirmed c = confirmed_unpack(get64(&hot->confirmed[order[i]]));
		if (c.ref && c.reuse == name_reuse(ref))
			return (struct endpoint_filter){c.transport, c.port};
	}
	return (struct endpoint_filter){0};
}

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
	if (circuit == CIRCUIT_OPEN && !h.on_trial)
		c->cooling_untried = true;
	if (failed > c->failed)
		c->failed = failed;
	if (circuit != CIRCUIT_CLOSED && tick_within(now, failed, PATH_S))
		c->failed_lately = true;
}

/* Most addresses never failed: one pass tells. The sum is of words that are read before those that are judged. */
static bool never_failed(const struct addr_record *a, uint16_t *sum)
{
	uint64_t words = seen64(&a->other), sums = words >> 11;		/* health_failures() of each; what is above is cut off */
	uint32_t failed = get32(&a->other_failed);
	for (unsigned i = 0; i < ENDPOINTS; i++) {
		const uint64_t word = seen64(&a->endpoints[i].health);
		words |= word;
		sums += word >> 11;
		failed |= get32(&a->endpoints[i].failed);
	}
	*sum = (uint16_t)(sums & SUM_MASK);
	return failed == 0 && health_is_closed(words);
}

struct candidate candidate_of_address(const struct table *t, addr_ref ref, struct endpoint_filter r, uint32_t now,
				      uint16_t *sum)
{
	struct candidate c = {.circuit = CIRCUIT_CLOSED};
	const struct addr_record *a = addr_at(t, ref);
	*sum = 0;
	if (!a)
		return c;
	c.drained = get32(&a->drained) != 0;
	if (never_failed(a, sum))
		return c;
	for (unsigned i = 0; i < ENDPOINTS; i++) {
		const uint64_t word = seen64(&a->endpoints[i].health);
		const struct health h = health_unpack(word);
		if (word && h.transport != TRANSPORT_ANY && filter_takes(r, h))
			judge_endpoint(h, get32(&a->endpoints[i].failed), now, &c);
	}
	const struct health other = health_unpack(seen64(&a->other));
	if (filter_takes_other(r, other))
		judge_endpoint(other, get32(&a->other_failed), now, &c);
	return c;
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
		uint16_t sum;
		struct candidate k = candidate_of_address(t, c.ref, r, now, &sum);
		if (!any || fitter(&k, best))
			*best = k;
		any = true;
	}
	return any;
}

/* What its own record says of a past failure stays: one of its addresses that is due is for its own lookup to try. */
void target_judge(const struct table *t, const struct address *target, struct endpoint_filter r, uint32_t now, struct candidate *c)
{
	struct name_ref ref;
	struct name host;
	struct candidate best = {.circuit = CIRCUIT_CLOSED};
	r.port = target_port(target);
	c->cooling_untried = false;		/* of its own record the pin's sum tells */
	if (!target_host(t, target, &ref, &host) || !fittest(t, ref, r, now, &best))
		return;
	c->drained |= best.drained;
	if (best.failed > c->failed)
		c->failed = best.failed;
	if (best.circuit != CIRCUIT_OPEN)
		return;
	c->circuit = CIRCUIT_OPEN;
	c->cooling_untried = best.cooling_untried;
	c->failed_lately |= best.failed_lately;
	if (c->cooling_s < best.cooling_s)
		c->cooling_s = best.cooling_s;
}
